import type { Clock } from '../base/clock.js';

/** When the rate limits that somebody waits for let go of the next node: one timer for all of them, set for the earliest. */
export class RateTimer<Gate> {
  readonly #clock: Clock;
  readonly #timeUp: () => void;
  /** The gates that somebody waits at, with the moment they open. */
  readonly #opening = new Map<Gate, number>();
  /** The earliest of them; the timer is set for it. */
  #opensAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, timeUp: () => void) {
    this.#clock = clock;
    this.#timeUp = timeUp;
  }

  /** @param at Infinity: nobody waits for it, or time alone does not help */
  note(gate: Gate, at: number): void {
    if (at === Number.POSITIVE_INFINITY) this.#opening.delete(gate);
    else this.#opening.set(gate, at);
  }

  isDue(now: number): boolean {
    return now >= this.#opensAt;
  }

  /** The gates whose moment has come. */
  opened(now: number): readonly Gate[] {
    const opened: Gate[] = [];
    for (const [gate, at] of this.#opening) if (at <= now) opened.push(gate);
    return opened;
  }

  /** To be called after whatever may have noted something. */
  set(now: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const at of this.#opening.values()) if (at < earliest) earliest = at;
    if (earliest === this.#opensAt) return;
    this.#opensAt = earliest;
    this.cancel();
    if (earliest === Number.POSITIVE_INFINITY) return;
    // Timers count whole milliseconds and may be early by a fraction of one.
    this.#cancel = this.#clock.schedule(Math.max(Math.ceil(earliest - now), 1), () => this.#fire());
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #fire(): void {
    this.#cancel = undefined;
    this.#opensAt = Number.POSITIVE_INFINITY;
    this.#timeUp();
  }
}
