import { reaches } from '../graph/reach.js';
import { FIRST_FINAL_TASK_STATE, TASK_STATE_CODE, TASK_STATES, type TaskState } from '../model/states.js';
import { illegalTaskMove, TASK_MOVE_BITS } from '../model/transition.js';
import { EdgeLists, NO_EDGE, widened } from './edge-lists.js';

/** What is known of a node beside its state, as bits. */
export const HAS_INPUTS = 1;
export const INPUT_FAILED = 2;
export const INPUT_SKIPPED = 4;
export const INPUT_CANCELLED = 8;
/** Executes whatever is cached, and so does what depends on it. */
export const FORCED = 16;
/** Its inputs have been looked at; it is waiting for an answer, a value or a slot, or it is further. */
export const LOOKED_AT = 32;
/** Its trigger rule may fire before all inputs have settled: it is looked at whenever one has. */
export const EAGER = 128;
/** It has been handed out by the ready queue, which is owed its release. */
export const HAS_SLOT = 256;
/** Made again because its stored result could not be read (S25). */
export const REDONE = 64;

/** How a dependant is told of each final state. */
const INPUT_FLAG = inputFlags();

function inputFlags(): readonly number[] {
  const flags = new Array<number>(TASK_STATES.length).fill(0);
  for (const state of ['failed', 'upstream-failed', 'timed-out', 'crashed'] as const) flags[TASK_STATE_CODE[state]] = INPUT_FAILED;
  flags[TASK_STATE_CODE.skipped] = INPUT_SKIPPED;
  flags[TASK_STATE_CODE.cancelled] = INPUT_CANCELLED;
  return flags;
}

const FIRST_CAPACITY = 256;

/**
 * States and edges of the nodes of a run: parallel typed arrays, which double when they are full. A node that is added costs nothing but
 * its place, since all of its numbers begin as 0.
 */
export class NodeTable {
  state = new Uint8Array(FIRST_CAPACITY);
  flags = new Uint16Array(FIRST_CAPACITY);
  /** How many inputs have not settled. */
  waitingFor = new Int32Array(FIRST_CAPACITY);
  /** When its attempt began, in milliseconds since the epoch; 0: it did not. */
  startedAt = new Float64Array(FIRST_CAPACITY);
  readonly #dependents = new EdgeLists(FIRST_CAPACITY);
  readonly #counts = new Array<number>(TASK_STATES.length).fill(0);
  #capacity = FIRST_CAPACITY;

  /** Nodes come in order. */
  add(node: number): void {
    if (node < this.#capacity) return;
    const capacity = 2 * this.#capacity;
    this.state = widened(this.state, new Uint8Array(capacity));
    this.flags = widened(this.flags, new Uint16Array(capacity));
    this.waitingFor = widened(this.waitingFor, new Int32Array(capacity));
    this.startedAt = widened(this.startedAt, new Float64Array(capacity));
    this.#dependents.widen(capacity);
    this.#capacity = capacity;
  }

  isFinal(node: number): boolean {
    return (this.state[node] as number) >= FIRST_FINAL_TASK_STATE;
  }

  has(node: number, flag: number): boolean {
    return ((this.flags[node] as number) & flag) !== 0;
  }

  mark(node: number, flag: number): void {
    this.flags[node] = (this.flags[node] as number) | flag;
  }

  /** False: it was not marked. */
  unmark(node: number, flag: number): boolean {
    const flags = this.flags[node] as number;
    this.flags[node] = flags & ~flag;
    return (flags & flag) !== 0;
  }

  /** @throws MillraceError `STATE_MOVE_ILLEGAL` */
  move(node: number, to: number): void {
    const from = this.state[node] as number;
    if (((TASK_MOVE_BITS[from] as number) & (1 << to)) === 0) throw illegalTaskMove(from, to);
    this.state[node] = to;
  }

  count(state: number): void {
    (this.#counts[state] as number)++;
  }

  countsByState(): Partial<Record<TaskState, number>> {
    const counts: Partial<Record<TaskState, number>> = {};
    for (const state of TASK_STATES) {
      const count = this.#counts[TASK_STATE_CODE[state]] as number;
      if (count > 0) counts[state] = count;
    }
    return counts;
  }

  /** `node` waits for `from`, or is told at once when that has settled. */
  link(from: number, node: number): void {
    this.inherit(node, from);
    if (this.isFinal(from)) return;
    (this.waitingFor[node] as number)++;
    this.#dependents.add(from, node);
  }

  /** `from` is, or stands for, an input of `node`: how it has ended, if it has, counts for that. */
  inherit(node: number, from: number): void {
    this.flags[node] = (this.flags[node] as number) | HAS_INPUTS | (INPUT_FLAG[this.state[from] as number] as number);
  }

  /** Tells the dependants of a settled node, in the order in which they were linked; calls back for each that now waits for nothing more. */
  release(node: number, ready: (dependent: number) => void): void {
    const edges = this.#dependents;
    const first = edges.take(node);
    if (first === NO_EDGE) return;
    const flag = INPUT_FLAG[this.state[node] as number] as number;
    for (let edge = first; edge !== NO_EDGE; edge = edges.next[edge] as number) {
      const dependent = edges.targets[edge] as number;
      if (flag !== 0) this.mark(dependent, flag);
      const left = (this.waitingFor[dependent] as number) - 1;
      this.waitingFor[dependent] = left;
      if (left === 0 || this.has(dependent, EAGER)) ready(dependent);
    }
  }

  /** Those that wait for a node that has not settled. */
  dependentsOf(node: number): readonly number[] {
    const dependents: number[] = [];
    const edges = this.#dependents;
    for (let edge = edges.first(node); edge !== NO_EDGE; edge = edges.next[edge] as number) dependents.push(edges.targets[edge] as number);
    return dependents;
  }

  /** Whether `to` waits, directly or not, for `from`. */
  waits(to: number, from: number): boolean {
    return reaches(from, to, (node) => this.dependentsOf(node));
  }
}
