/** What is told to those who listen. */
export interface LiveEvent {
  readonly type: string;
  readonly data: unknown;
}

/** As it is sent: `data` is JSON. */
export interface SentEvent {
  readonly type: string;
  readonly data: string;
  /** Of this event within its feed, from 0. */
  readonly place: number;
  /** How far the log had been told with it. */
  readonly mark: number;
}

/** The newest events of a feed, so many and of so many characters: whoever is further behind is told how things are instead. */
export class EventRing {
  readonly #most: number;
  readonly #mostSize: number;
  #events: SentEvent[] = [];
  #size = 0;
  #next = 0;

  constructor(most = 1_000, mostSize = 4_000_000) {
    this.#most = most;
    this.#mostSize = mostSize;
  }

  /** The place that the next event will have. */
  get next(): number {
    return this.#next;
  }

  push({ type, data }: LiveEvent, mark: number): void {
    const text = JSON.stringify(data);
    this.#events.push({ type, data: text, place: this.#next++, mark });
    this.#size += text.length;
    // One that is too large by itself is kept until the next.
    let dropped = 0;
    while (this.#events.length - dropped > 1 && (this.#events.length - dropped > this.#most || this.#size > this.#mostSize))
      this.#size -= (this.#events[dropped++] as SentEvent).data.length;
    if (dropped > 0) this.#events = this.#events.slice(dropped);
  }

  /** Whether all from this place on are there, those that are to come included: it is not too long ago, and was ever reached. */
  reaches(place: number): boolean {
    return place >= this.#next - this.#events.length && place <= this.#next;
  }

  /** Undefined where it is gone, or has yet to come. */
  at(place: number): SentEvent | undefined {
    return this.#events[place - (this.#next - this.#events.length)];
  }
}
