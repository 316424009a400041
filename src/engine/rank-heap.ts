/** What has a place in the order in which nodes start. */
export interface Ranked {
  /** Higher first. */
  readonly priority: number;
  /** Among equals, lower first; unique. */
  readonly arrival: number;
}

export function goesBefore(one: Ranked, other: Ranked): boolean {
  return one.priority > other.priority || (one.priority === other.priority && one.arrival < other.arrival);
}

/** A binary heap with what goes first on top. The rank of an item must not change while it is in here. */
export class RankHeap<T extends Ranked> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let place = items.length;
    items.push(item);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = items[above] as T;
      if (!goesBefore(item, parent)) break;
      items[place] = parent;
      place = above;
    }
    items[place] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) this.#sink(last);
    return first;
  }

  /** Puts an item in the place of the first and lets it down to where it belongs. */
  #sink(item: T): void {
    const items = this.#items;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && goesBefore(items[below + 1] as T, items[below] as T)) below++;
      const child = items[below] as T;
      if (!goesBefore(child, item)) break;
      items[place] = child;
      place = below;
    }
    items[place] = item;
  }
}
