/** How many children of each sub-flow have not settled, and who waits for the last of them. */
export class Children {
  readonly #open = new Map<number, number>();
  readonly #waiting = new Map<number, (() => void)[]>();

  opened(parent: number): void {
    this.#open.set(parent, (this.#open.get(parent) ?? 0) + 1);
  }

  closed(parent: number): void {
    const left = (this.#open.get(parent) ?? 1) - 1;
    this.#open.set(parent, left);
    if (left > 0) return;
    const waiting = this.#waiting.get(parent) ?? [];
    this.#waiting.delete(parent);
    for (const wake of waiting) wake();
  }

  /** Resolves when none is open, and nobody who waited for the last of them has added another. */
  async ended(parent: number): Promise<void> {
    while ((this.#open.get(parent) ?? 0) > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.set(parent, [...(this.#waiting.get(parent) ?? []), resolve]);
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
