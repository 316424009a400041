import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.js';
import { EventRing, type LiveEvent, type SentEvent } from './event-ring.js';

/** Something in the record that is looked at again and again. */
export interface LiveSource {
  /** What has happened since the last look: at the first, nothing has. */
  look(): Promise<readonly LiveEvent[]>;
  /** How things are, as of the last look. @param mark how far the listener has the log; undefined: it wants what comes from now on */
  state(mark: number | undefined): Promise<readonly LiveEvent[]>;
  /** How far the log had been told at the last look. */
  readonly mark: number;
  /** Nothing more will happen. */
  readonly isOver: boolean;
}

/** One event on its way to a listener; `alive` says nothing but that the line is. */
export type Told = { readonly id: string; readonly type: string; readonly data: string } | 'alive';

export interface ListenOptions {
  /** As an event of this feed, or of one before it, had it. */
  readonly lastId?: string | undefined;
  /** How far the listener has the log, where no event says it. */
  readonly mark?: number | undefined;
  readonly signal: AbortSignal;
}

/** The last event of what can be over, and its id: who has it need not come again. */
export const END = 'end';

/** Between two looks, and so the most that an event is late by. */
const LOOK_MS = 500;
/** Looking takes at most about this part of the time, however much happens: but for the first look, which reads what there is already. */
const SHARE = 0.1;
/** However long a look took: who listens is to hear something. */
const LONGEST_PAUSE_MS = 10_000;
/** Proxies, and browsers, take a line for dead that is silent for long. */
const ALIVE_MS = 15_000;

/**
 * Tells any number of listeners what happens in the record, whichever process makes it happen: looked at once for all of them, and only while there are
 * any. Listeners keep nothing but a place in one ring of events, so a slow one costs no memory: when the ring has moved on, it is told how things are.
 */
export class LiveFeed {
  readonly #id = randomBytes(6).toString('hex');
  readonly #ring = new EventRing();
  readonly #source: LiveSource;
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  #listeners = 0;
  #isFirst = true;
  #looking: Promise<void> | undefined;
  #failure: unknown;
  readonly #waiting = new Set<() => void>();
  #stopTimer: (() => void) | undefined;

  /** @param onIdle nobody listens any more: the feed is not to be used again */
  constructor(source: LiveSource, clock: Clock, onIdle: () => void) {
    this.#source = source;
    this.#clock = clock;
    this.#onIdle = onIdle;
  }

  async *listen({ lastId, mark, signal }: ListenOptions): AsyncGenerator<Told, void> {
    this.#listeners++;
    try {
      await this.#lookSoon();
      const last = parseId(lastId);
      let place = last?.feed === this.#id ? last.place + 1 : undefined;
      let known = last?.mark ?? mark;
      while (!signal.aborted) {
        if (place === undefined || !this.#ring.reaches(place)) {
          const next = this.#ring.next;
          const state = await this.#source.state(known);
          // Of these, only the whole can be taken up again: with an id of the last, all that follows.
          for (const [at, { type, data }] of state.entries())
            yield {
              id: at === state.length - 1 ? this.#idOf({ type, place: next - 1, mark: this.#source.mark }) : '',
              type,
              data: JSON.stringify(data),
            };
          known = this.#source.mark;
          place = next;
          continue;
        }
        // One at a time: who reads slowly keeps no others alive.
        const event = this.#ring.at(place);
        if (event !== undefined) {
          place++;
          known = event.mark;
          yield { id: this.#idOf(event), type: event.type, data: event.data };
          continue;
        }
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#source.isOver) return;
        if (!(await this.#change(signal)) && !signal.aborted) yield 'alive';
      }
    } finally {
      if (--this.#listeners === 0) this.#stop();
    }
  }

  #idOf({ type, place, mark }: Pick<SentEvent, 'type' | 'place' | 'mark'>): string {
    return type === END ? END : `${this.#id}.${place}.${mark}`;
  }

  #stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#onIdle();
  }

  /** Between two looks it is known how things are; while nobody listened it was not looked. */
  #lookSoon(): Promise<void> {
    if (this.#stopTimer !== undefined) return Promise.resolve();
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const from = this.#clock.now();
    try {
      for (const event of await this.#source.look()) this.#ring.push(event, this.#source.mark);
    } catch (error) {
      this.#failure = error;
    }
    for (const wake of [...this.#waiting]) wake();
    if (this.#failure !== undefined || this.#source.isOver || this.#listeners === 0) return;
    const took = this.#isFirst ? 0 : this.#clock.now() - from;
    this.#isFirst = false;
    const again = (): void => {
      this.#stopTimer = undefined;
      void this.#lookSoon();
    };
    this.#stopTimer = this.#clock.schedule(Math.max(LOOK_MS, Math.min(took / SHARE, LONGEST_PAUSE_MS)), again, { idle: true });
  }

  /** @returns whether there was a look, rather than a long silence */
  #change(signal: AbortSignal): Promise<boolean> {
    const seen = this.#ring.next;
    return new Promise((resolve) => {
      const done = (isChange: boolean): void => {
        this.#waiting.delete(wake);
        cancel();
        signal.removeEventListener('abort', abort);
        resolve(isChange);
      };
      const abort = (): void => done(true);
      const wake = (): void => {
        if (this.#ring.next > seen || this.#failure !== undefined || this.#source.isOver) done(true);
      };
      const cancel = this.#clock.schedule(ALIVE_MS, () => done(false), { idle: true });
      this.#waiting.add(wake);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
  }
}

function parseId(text: string | undefined): { readonly feed: string; readonly place: number; readonly mark: number } | undefined {
  const [, feed, place, mark] = /^([0-9a-f]{12})\.(-?\d{1,15})\.(-?\d{1,15})$/.exec(text ?? '') ?? [];
  return feed === undefined ? undefined : { feed, place: Number(place), mark: Number(mark) };
}
