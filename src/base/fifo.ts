/** A first-in-first-out queue on one array with a moving head: `shift` costs nothing, and what was taken is let go in chunks. */
export class Fifo {
  #items: number[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: number): void {
    this.#items.push(item);
  }

  /** Undefined when it is empty. */
  shift(): number | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++] as number;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 65_536 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
