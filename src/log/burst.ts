/** Takes what a burst lets out: all that was held back for it, in order. */
export interface BurstSink<T> {
  write(items: readonly T[]): unknown;
}

/** So many items are let out one by one before any is held back; and so many more in each second after that. */
const ONE_BY_ONE = 1_000;
const A_SECOND_MS = 1_000;
/** Held back at most, in characters. */
const MOST_HELD = 65_536;

/**
 * Lets each item out at once, unless a loop prints faster than anybody reads: then those of about a millisecond go out together, because a write costs
 * more than all else that is done with a line, and to make text of many together costs less than of each. What is held back goes out at the latest when
 * the code that prints gives way, or the process exits.
 */
export class Burst<T> {
  readonly #now: () => number;
  #allowed = ONE_BY_ONE;
  #countedAt = 0;
  #sink: BurstSink<T> | undefined;
  #held: T[] = [];
  /** Of what is held back, in characters. */
  #size = 0;
  #isBound = false;

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * What went to another sink before is out before it.
   * @param size characters, more or less
   * @param at when it came, where that is known, in the milliseconds of `now` @default now
   */
  write(sink: BurstSink<T>, item: T, size: number, at?: number): void {
    if (this.#sink !== sink) {
      this.flush();
      this.#sink = sink;
    }
    if (this.#isAllowed(at)) {
      this.flush();
      sink.write([item]);
      return;
    }
    if (this.#held.length === 0) this.#flushSoon();
    this.#held.push(item);
    this.#size += size;
    if (this.#size >= MOST_HELD) this.flush();
  }

  flush(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    this.#size = 0;
    this.#sink?.write(held);
  }

  #isAllowed(at: number | undefined): boolean {
    if (this.#allowed === 0) {
      const now = at ?? this.#now();
      const more = Math.floor(((now - this.#countedAt) * ONE_BY_ONE) / A_SECOND_MS);
      if (more <= 0) return false;
      this.#allowed = Math.min(more, ONE_BY_ONE);
      this.#countedAt = now;
    }
    this.#allowed--;
    return true;
  }

  /** Before anything that comes after the code that now runs, and before the process is gone. */
  #flushSoon(): void {
    queueMicrotask(() => this.flush());
    if (this.#isBound) return;
    this.#isBound = true;
    process.on('exit', () => this.flush());
  }
}
