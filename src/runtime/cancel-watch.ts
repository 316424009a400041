import { type Clock, systemClock } from '../base/clock.js';
import type { RunRecord } from '../runs/run-record.js';

/** How often it is looked, and from when on: nobody else knows of a run before, and a short one is not to pay for it. */
const LOOK_MS = 1_000;

/**
 * Others may ask for a run to end, in the record: a service, a page, `millrace cancel`. The process that runs it looks for that now and then, by one
 * statement for all its runs. Held by nothing: where the loop stands still, the run does not end before it turns.
 */
export class CancelWatch {
  readonly #record: Pick<RunRecord, 'cancelAsked' | 'heartbeat'>;
  readonly #clock: Clock;
  readonly #runs = new Map<string, (why: string) => void>();
  #isLooking = false;

  constructor(record: Pick<RunRecord, 'cancelAsked' | 'heartbeat'>, clock: Clock = systemClock) {
    this.#record = record;
    this.#clock = clock;
  }

  /** @param cancel is told once, with the reason @returns to be called when the run has ended */
  watch(run: string, cancel: (why: string) => void): () => void {
    // One that nobody shares, or can write to, holds no wishes.
    if (this.#record.heartbeat === undefined) return () => {};
    const hold = (): void => {
      this.#runs.set(run, cancel);
      if (!this.#isLooking) void this.#look();
    };
    const notYet = this.#clock.schedule(LOOK_MS, hold, { idle: true });
    return () => {
      notYet();
      this.#runs.delete(run);
    };
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    try {
      for (const [run, why] of await this.#record.cancelAsked([...this.#runs.keys()])) {
        const cancel = this.#runs.get(run);
        this.#runs.delete(run);
        cancel?.(why);
      }
    } catch {
      // The database is busy, or gone for a moment: it is looked again.
    }
    this.#isLooking = this.#runs.size > 0;
    if (this.#isLooking) this.#clock.schedule(LOOK_MS, () => void this.#look(), { idle: true });
  }
}
