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

  /** Those from this place on; undefined where some of them are gone, or have never been. */
  from(place: number): readonly SentEvent[] | undefined {
    const first = this.#next - this.#events.length;
    return place < first || place > this.#next ? undefined : this.#events.slice(place - first);
  }
}
