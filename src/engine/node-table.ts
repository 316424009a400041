import { reaches } from '../graph/reach.js';
import { isFinalTaskCode, TASK_STATE_CODE, TASK_STATES, type TaskState } from '../model/states.js';
import { checkTaskMove } from '../model/transition.js';

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

/**
 * States and edges of the nodes of a run: parallel arrays of numbers. An edge is a number, or an entry of a list where a node has more
 * than one dependant.
 */
export class NodeTable {
  readonly state: number[] = [];
  readonly flags: number[] = [];
  /** How many inputs have not settled. */
  readonly waitingFor: number[] = [];
  /** When its attempt began, in milliseconds since the epoch; 0: it did not. */
  readonly startedAt: number[] = [];
  readonly #counts = new Array<number>(TASK_STATES.length).fill(0);
  readonly #dependents: (number | number[] | undefined)[] = [];

  add(): void {
    this.state.push(TASK_STATE_CODE.pending);
    this.flags.push(0);
    this.waitingFor.push(0);
    this.startedAt.push(0);
    this.#dependents.push(undefined);
  }

  isFinal(node: number): boolean {
    return isFinalTaskCode(this.state[node] as number);
  }

  has(node: number, flag: number): boolean {
    return ((this.flags[node] as number) & flag) !== 0;
  }

  mark(node: number, flag: number): void {
    this.flags[node] = (this.flags[node] as number) | flag;
  }

  unmark(node: number, flag: number): void {
    this.flags[node] = (this.flags[node] as number) & ~flag;
  }

  /** @throws MillraceError `STATE_MOVE_ILLEGAL` */
  move(node: number, to: number): void {
    checkTaskMove(this.state[node] as number, to);
    this.state[node] = to;
  }

  count(state: number, by: number): void {
    this.#counts[state] = (this.#counts[state] as number) + by;
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
    this.mark(node, HAS_INPUTS);
    if (this.isFinal(from)) return this.mark(node, INPUT_FLAG[this.state[from] as number] as number);
    (this.waitingFor[node] as number)++;
    const dependents = this.#dependents[from];
    if (dependents === undefined) this.#dependents[from] = node;
    else if (typeof dependents === 'number') this.#dependents[from] = [dependents, node];
    else dependents.push(node);
  }

  /** `from` stands for a settled input that had a value: how it ended counts for `node`. */
  inherit(node: number, from: number): void {
    this.mark(node, INPUT_FLAG[this.state[from] as number] as number);
  }

  /** Tells the dependants of a settled node; calls back for each that now waits for nothing more. Edges are dropped. */
  release(node: number, ready: (dependent: number) => void): void {
    const dependents = this.#dependents[node];
    if (dependents === undefined) return;
    this.#dependents[node] = undefined;
    const flag = INPUT_FLAG[this.state[node] as number] as number;
    if (typeof dependents === 'number') this.#tell(dependents, flag, ready);
    else for (const dependent of dependents) this.#tell(dependent, flag, ready);
  }

  #tell(dependent: number, flag: number, ready: (dependent: number) => void): void {
    if (flag !== 0) this.mark(dependent, flag);
    const left = (this.waitingFor[dependent] as number) - 1;
    this.waitingFor[dependent] = left;
    if (left === 0 || this.has(dependent, EAGER)) ready(dependent);
  }

  /** Those that wait for a node that has not settled. */
  dependentsOf(node: number): readonly number[] {
    const dependents = this.#dependents[node];
    return dependents === undefined ? [] : typeof dependents === 'number' ? [dependents] : dependents;
  }

  /** Whether `to` waits, directly or not, for `from`. */
  waits(to: number, from: number): boolean {
    return reaches(from, to, (node) => this.dependentsOf(node));
  }
}
