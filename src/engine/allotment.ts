import { toMs } from '../base/duration.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { LimitAnswer, LimitMeaning } from '../runs/limits/limit-request.js';
import type { Meter } from './limit-meter.js';

/** How long units are handed on within the process without asking, in milliseconds. So long may somebody elsewhere wait who should go first. */
export const HAND_ON_MS = 100;

/**
 * Counts what this process may use of a limit that other processes use too: so much as the record has granted it (S14). Who finds no room asks for
 * more. What is given back is handed on to others in this process for a short while after each answer, and not at all when somebody elsewhere waits.
 */
export class Allotment implements Meter {
  /** Units the record has given: those in use, and those that are free. */
  #inUse = 0;
  #free = 0;
  /** Of a rate: when units were taken, since the record was last told. */
  #started: number[] = [];
  #handsOnUntil = Number.NEGATIVE_INFINITY;
  #hasChanged = false;
  #meaning: LimitMeaning;
  readonly #now: () => number;
  readonly #ask: (isGift: boolean) => void;

  /** @param ask somebody finds no room; or, a gift, has given back what is not to be handed on */
  constructor(limit: ConcurrencyLimit, now: () => number, ask: (isGift: boolean) => void) {
    this.#meaning = meaningOf(limit);
    this.#now = now;
    this.#ask = ask;
  }

  get meaning(): LimitMeaning {
    return this.#meaning;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get free(): number {
    return this.#free;
  }

  /** The record is to hear of what is free, or was started, or who has what. */
  get hasNews(): boolean {
    return this.#hasChanged || this.#free > 0;
  }

  freeAt(units: number): number {
    if (units <= this.#free) return Number.NEGATIVE_INFINITY;
    this.#ask(false);
    return Number.POSITIVE_INFINITY;
  }

  take(_now: number, units: number): void {
    this.#free -= units;
    this.#hasChanged = true;
    if (this.#meaning.periodMs === undefined) this.#inUse += units;
    else for (let each = 0; each < units; each++) this.#started.push(this.#now());
  }

  giveBack(units: number): void {
    // A start is not undone by the end of what was started.
    if (this.#meaning.periodMs !== undefined) return;
    this.#inUse -= units;
    this.#hasChanged = true;
    if (this.#now() < this.#handsOnUntil) this.#free += units;
    else this.#ask(true);
  }

  isIdle(): boolean {
    return this.#inUse === 0 && !this.hasNews;
  }

  changed(limit: ConcurrencyLimit): this {
    this.#meaning = meaningOf(limit);
    return this;
  }

  /** What the record is told; until it has answered, nothing is free. */
  handOver(): { readonly inUse: number; readonly started: readonly number[] } {
    const started = this.#started;
    this.#started = [];
    this.#free = 0;
    this.#hasChanged = false;
    this.#handsOnUntil = Number.NEGATIVE_INFINITY;
    return { inUse: this.#inUse, started };
  }

  /** The record could not be told. */
  takeBack(started: readonly number[]): void {
    this.#started = [...started, ...this.#started];
    this.#hasChanged = true;
  }

  grant({ granted, isContended }: LimitAnswer): void {
    this.#free += granted;
    this.#handsOnUntil = isContended ? Number.NEGATIVE_INFINITY : this.#now() + HAND_ON_MS;
  }
}

function meaningOf({ name, max, per }: ConcurrencyLimit): LimitMeaning {
  return per === undefined ? { name, max } : { name, max, periodMs: toMs(per) };
}
