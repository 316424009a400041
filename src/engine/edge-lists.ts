/** Where a list ends. */
export const NO_EDGE = 0;

const FIRST_CAPACITY = 1_024;

/**
 * For each node the list of the nodes that depend on it, in the order in which they came. An edge is a number into two arrays, not an
 * object, and a node's list is the edge it begins with: a million edges are three blocks of memory that the garbage collector never walks.
 */
export class EdgeLists {
  #first: Int32Array;
  #last: Int32Array;
  /** Of each edge, the node that depends. */
  targets = new Int32Array(FIRST_CAPACITY);
  /** Of each edge, the one after it in its list, or `NO_EDGE`. */
  next = new Int32Array(FIRST_CAPACITY);
  #size = 1;

  constructor(nodes: number) {
    this.#first = new Int32Array(nodes);
    this.#last = new Int32Array(nodes);
  }

  /** Makes room for so many nodes. */
  widen(nodes: number): void {
    this.#first = widened(this.#first, new Int32Array(nodes));
    this.#last = widened(this.#last, new Int32Array(nodes));
  }

  add(node: number, target: number): void {
    const edge = this.#size++;
    if (edge === this.targets.length) {
      this.targets = widened(this.targets, new Int32Array(2 * edge));
      this.next = widened(this.next, new Int32Array(2 * edge));
    }
    this.targets[edge] = target;
    const last = this.#last[node] as number;
    if (last === NO_EDGE) this.#first[node] = edge;
    else this.next[last] = edge;
    this.#last[node] = edge;
  }

  /** The first edge of a node's list, or `NO_EDGE`. */
  first(node: number): number {
    return this.#first[node] as number;
  }

  /** As `first`; from now on the node has none. */
  take(node: number): number {
    const first = this.#first[node] as number;
    this.#first[node] = NO_EDGE;
    this.#last[node] = NO_EDGE;
    return first;
  }
}

/** `wide`, beginning with what `narrow` holds. */
export function widened<T extends Uint8Array | Uint16Array | Int32Array | Float64Array>(narrow: T, wide: T): T {
  wide.set(narrow as never);
  return wide;
}
