/** Takes text, such as a stream. */
export interface TextSink {
  write(text: string): unknown;
}

/** So many texts are written one by one before any is held back; and so many more in each second after that. */
const ONE_BY_ONE = 1_000;
const A_SECOND_MS = 1_000;
/** Held back at most, in characters. */
const MOST_HELD = 65_536;

/**
 * Writes each text at once, unless a loop prints faster than anybody reads: then those of about a millisecond go out together, because a write costs
 * more than all else that is done with a line. What is held back goes out at the latest when the code that prints gives way, or the process exits.
 */
export class Burst {
  readonly #now: () => number;
  #allowed = ONE_BY_ONE;
  #countedAt = 0;
  #sink: TextSink | undefined;
  #held = '';
  #isBound = false;

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What went to another sink before is out before it. */
  write(sink: TextSink, text: string): void {
    if (this.#sink !== sink) {
      this.flush();
      this.#sink = sink;
    }
    if (this.#isAllowed()) {
      this.flush();
      sink.write(text);
      return;
    }
    if (this.#held === '') this.#flushSoon();
    this.#held += text;
    if (this.#held.length >= MOST_HELD) this.flush();
  }

  flush(): void {
    if (this.#held === '') return;
    const held = this.#held;
    this.#held = '';
    this.#sink?.write(held);
  }

  #isAllowed(): boolean {
    if (this.#allowed === 0) {
      const now = this.#now();
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
