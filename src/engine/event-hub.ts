import type { RunEvent } from '../model/event.js';

/** Events to whoever listens. While nobody does, no event is even made: callers ask `active` first. */
export class EventHub {
  readonly #listeners = new Set<(event: RunEvent) => void>();
  readonly #ends = new Set<() => void>();
  #last: RunEvent | undefined;
  #closed = false;

  get active(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls back at each event, until the last. */
  listen(listener: (event: RunEvent) => void): void {
    this.#listeners.add(listener);
  }

  emit(event: RunEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The last event of all; who listens later still gets it. */
  close(last: RunEvent): void {
    this.emit(last);
    this.#last = last;
    this.#closed = true;
    for (const end of this.#ends) end();
    this.#listeners.clear();
  }

  /** From this call on, in order, at the reader's own speed; ends with the run. */
  events(): AsyncGenerator<RunEvent, void, undefined> {
    const queue: RunEvent[] = this.#closed && this.#last ? [this.#last] : [];
    const signal: { wake?: () => void } = {};
    const listener = (event: RunEvent): void => {
      queue.push(event);
      signal.wake?.();
    };
    const end = (): void => signal.wake?.();
    if (!this.#closed) {
      this.#listeners.add(listener);
      this.#ends.add(end);
    }
    return this.#read(queue, signal, () => {
      this.#listeners.delete(listener);
      this.#ends.delete(end);
    });
  }

  async *#read(queue: RunEvent[], signal: { wake?: () => void }, leave: () => void): AsyncGenerator<RunEvent, void, undefined> {
    try {
      for (;;) {
        yield* queue.splice(0);
        if (queue.length > 0) continue;
        if (this.#closed) return;
        await new Promise<void>((resolve) => {
          signal.wake = resolve;
        });
      }
    } finally {
      leave();
    }
  }
}
