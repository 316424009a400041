import type { Clock } from '../../base/clock.js';
import type { OwnedRun, RunRecord } from '../run-record.js';
import type { ExitGate } from './exit-gate.js';

/** What a pulse needs of a record. */
export type LeaseWriter = Pick<RunRecord, 'renewLeases'> & AsyncDisposable;

export interface PulseParts {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly connect: () => Promise<LeaseWriter>;
  readonly lost: (runs: readonly string[]) => void;
  /** Asked before the record is, and told when it is left alone again. @default nobody minds */
  readonly gate?: Pick<ExitGate, 'enter' | 'leave'>;
}

/** So many heartbeats in the time of a lease, and so many times as many after one that failed. */
const BEATS_PER_LEASE = 3;
const RETRIES_PER_BEAT = 5;

/** Renews the leases of runs, at once and then at regular times, until they are released. What goes wrong is tried again; each time by a new connection. */
export class Pulse {
  readonly #parts: PulseParts;
  readonly #runs = new Map<string, OwnedRun>();
  #writer: LeaseWriter | undefined;
  #stopTimer: (() => void) | undefined;
  #beating: Promise<void> | undefined;

  constructor(parts: PulseParts) {
    this.#parts = parts;
  }

  hold(run: OwnedRun): void {
    this.#runs.set(run.run, run);
    this.#beatIn(0);
  }

  release(run: string): void {
    this.#runs.delete(run);
  }

  async close(): Promise<void> {
    this.#runs.clear();
    this.#stopTimer?.();
    await this.#beating;
    await this.#inside(() => this.#drop());
  }

  #beatIn(ms: number): void {
    this.#stopTimer?.();
    const beat = (): void => {
      // One at a time: the next is planned when this one is over.
      this.#beating ??= this.#inside(() => this.#beat()).finally(() => {
        this.#beating = undefined;
      });
    };
    this.#stopTimer = this.#parts.clock.schedule(ms, beat, { idle: true });
  }

  async #inside(job: () => Promise<void>): Promise<void> {
    const { gate } = this.#parts;
    if (gate?.enter() === false) return;
    try {
      await job();
    } finally {
      gate?.leave();
    }
  }

  async #beat(): Promise<void> {
    const everyMs = this.#parts.leaseMs / BEATS_PER_LEASE;
    let nextMs = everyMs;
    try {
      this.#writer ??= await this.#parts.connect();
      const asked = [...this.#runs.values()];
      const gone = new Set(asked.length === 0 ? [] : await this.#writer.renewLeases(asked, this.#parts.leaseMs));
      // Those released meanwhile have ended by themselves.
      const lost = asked.filter((owned) => gone.has(owned.run) && this.#runs.get(owned.run) === owned).map(({ run }) => run);
      for (const run of lost) this.#runs.delete(run);
      if (lost.length > 0) this.#parts.lost(lost);
      // Held since: it is not to wait for its first.
      if ([...this.#runs.values()].some((owned) => !asked.includes(owned))) nextMs = 0;
    } catch {
      nextMs = everyMs / RETRIES_PER_BEAT;
      await this.#drop();
    }
    if (this.#runs.size > 0) this.#beatIn(nextMs);
  }

  async #drop(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    try {
      await writer?.[Symbol.asyncDispose]();
    } catch {
      // A connection that cannot even be closed: the next one is a new one.
    }
  }
}
