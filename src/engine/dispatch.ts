import type { Clock } from '../base/clock.js';
import { describe, MillraceError } from '../base/error.js';
import { Fifo } from '../base/fifo.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { OwnedRun } from '../runs/run-record.js';
import { LimitRegistry } from './limit-registry.js';
import { LimitedQueue } from './limited-queue.js';

export interface DispatchParts {
  /** Nodes out at the same time: a whole number, or Infinity. */
  readonly slots: number;
  readonly clock: Clock;
  /** Called from a timer when a rate limit may let a node start: time to ask `next` again. */
  readonly wake: () => void;
  /**
   * How often a node of several limits finds one of them full before those behind it leave it the last unit of each. Infinity: never.
   * @default 8
   */
  readonly patience?: number;
  /** Where named limits are counted: `processLimits()` for runs. @default for this queue alone */
  readonly limits?: LimitRegistry;
  /** Told what is odd about a limit. */
  readonly warn?: (text: string) => void;
  /** The run, where other processes share its limits. */
  readonly owner?: OwnedRun | undefined;
  /** The id of a node, for people. @default its number */
  readonly nameOf?: (node: number) => string;
}

/**
 * The ready queue: which node starts next (S14). Of those whose limits have room, the one of the highest priority, and among equals the one
 * that arrived first. A node whose limit is full does not hold up those behind it.
 *
 * As long as no node has a priority or a limit it is one queue and two counters; with the first that has, all go to a `LimitedQueue`, for
 * the rest of the run.
 *
 * After `add`, `release` and `setSlots` the caller asks `next` of its own accord; `wake` is for the passing of time alone.
 */
export class Dispatch {
  readonly #parts: DispatchParts;
  readonly #plain = new Fifo();
  #limited: LimitedQueue | undefined;
  #slots = 0;
  #out = 0;
  #closed = false;

  /** @throws MillraceError `CONCURRENCY_INVALID` */
  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.setSlots(parts.slots);
  }

  /** Nodes waiting, for a slot or for a limit. */
  get size(): number {
    return this.#limited === undefined ? this.#plain.size : this.#limited.size;
  }

  /**
   * @param priority higher first; 0 where nothing was said
   * @param limits best the same list for each node of a task: it is looked up by identity first
   * @throws MillraceError `LIMIT_CONFLICT` when a limit's name has another meaning in this run, `PRIORITY_INVALID`; the node is then not added
   */
  add(node: number, priority = 0, limits?: readonly ConcurrencyLimit[]): void {
    if (this.#limited === undefined) {
      if (priority === 0 && (limits === undefined || limits.length === 0)) return this.#plain.push(node);
      this.#limited = this.#leaveFastPath();
    }
    this.#limited.add(node, priority, limits);
  }

  /** The node to start now; its slot and its limits are taken until `release`, which is owed even where it is not started after all. */
  next(): number | undefined {
    if (this.#closed) return undefined;
    if (this.#out >= this.#slots) return this.#limited?.decline();
    const node = this.#limited === undefined ? this.#plain.shift() : this.#limited.next();
    if (node !== undefined) this.#out++;
    return node;
  }

  /** Gives back the slot and the limits of a node, once for each time it was handed out. */
  release(node: number): void {
    this.#out--;
    this.#limited?.release(node);
  }

  /** Fewer slots than nodes are out: those go on, and nothing starts until enough of them have ended. @throws MillraceError `CONCURRENCY_INVALID` */
  setSlots(slots: number): void {
    if (!(slots >= 0) || (!Number.isInteger(slots) && slots !== Number.POSITIVE_INFINITY))
      throw new MillraceError('CONCURRENCY_INVALID', `expected a whole number of slots, 0 or more; got ${describe(slots)}`);
    this.#slots = slots;
  }

  /** Hands out nothing more, waits for no limit any more, and takes back its timer, so that a rate limit does not keep a stopped run alive. */
  close(): void {
    this.#closed = true;
    this.#limited?.close();
  }

  #leaveFastPath(): LimitedQueue {
    const { clock, wake, patience = 8, limits = new LimitRegistry(), warn, owner, nameOf = String } = this.#parts;
    const room = (): number => this.#slots - this.#out;
    const limited = new LimitedQueue({ clock, wake, patience, registry: limits, warn, room, owner, nameOf });
    for (let node = this.#plain.shift(); node !== undefined; node = this.#plain.shift()) limited.add(node, 0, undefined);
    return limited;
  }
}
