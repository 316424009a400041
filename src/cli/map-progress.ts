import { isFinalTaskState, type TaskState } from '../model/states.js';

/** How many names of children that failed are kept: as many as a line has room for. */
const NAMES_KEPT = 3;

/** Where a map stands in an id (S9): after the task's name and number. */
const CHILD = /^(.*?#\d+)(\[[^\]]*\])(\.|$)/s;

/** The map that a child, or what a child holds, belongs to by its id, and how it is called there: `sq#0[17]` is `[17]` of `sq#0`. */
export function mapPlace(id: string): { readonly map: string; readonly child: string; readonly isChild: boolean } | undefined {
  if (!id.includes('[')) return undefined;
  const [, map, child, rest] = CHILD.exec(id) ?? [];
  return map === undefined || child === undefined ? undefined : { map, child, isChild: rest === '' };
}

/** The children of one map, as numbers. */
export class MapProgress {
  readonly node: string;
  readonly #counts = new Map<TaskState, number>();
  readonly #failed: string[] = [];
  #total = 0;
  #settled = 0;

  constructor(node: string) {
    this.node = node;
  }

  moved(child: string, before: TaskState | undefined, state: TaskState): void {
    if (before === undefined) this.#total++;
    else this.#counts.set(before, (this.#counts.get(before) ?? 1) - 1);
    this.#counts.set(state, (this.#counts.get(state) ?? 0) + 1);
    this.#settled += Number(isFinalTaskState(state)) - Number(before !== undefined && isFinalTaskState(before));
    if (state !== 'failed' && state !== 'timed-out' && state !== 'crashed') return;
    this.#failed.push(child);
    if (this.#failed.length > NAMES_KEPT) this.#failed.shift();
  }

  get total(): number {
    return this.#total;
  }

  get settled(): number {
    return this.#settled;
  }

  /** The latest children that failed, by place or key: `[17]`. */
  get failed(): readonly string[] {
    return this.#failed;
  }

  /** Some have begun, and not all have ended. */
  get isUnderWay(): boolean {
    return this.#settled < this.#total && (this.#settled > 0 || this.count('running', 'retrying') > 0);
  }

  count(...states: readonly TaskState[]): number {
    return states.reduce((sum, state) => sum + (this.#counts.get(state) ?? 0), 0);
  }
}
