import type { RunEvent, RunStateData, TaskStateData } from '../model/event.js';
import { isFinalTaskState, type TaskState } from '../model/states.js';

/** Sums up a run from its events, as they come. */
export class RunTally {
  readonly #counts = new Map<TaskState, number>();
  #startedAt: number | undefined;
  #lastAt: number | undefined;

  add(event: RunEvent): void {
    this.#lastAt = event.at.getTime();
    if (event.type === 'run-state') {
      if ((event.data as RunStateData).state === 'running') this.#startedAt ??= this.#lastAt;
    } else if (event.type === 'task-state') {
      const { state } = event.data as TaskStateData;
      if (isFinalTaskState(state)) this.#counts.set(state, (this.#counts.get(state) ?? 0) + 1);
    }
  }

  /** How many task runs ended in each state; states that none ended in are absent. */
  get counts(): Readonly<Partial<Record<TaskState, number>>> {
    return Object.fromEntries(this.#counts);
  }

  /** Milliseconds from the start of the run to the newest event; undefined before it started. */
  get ms(): number | undefined {
    return this.#startedAt === undefined || this.#lastAt === undefined ? undefined : this.#lastAt - this.#startedAt;
  }

  /** `5 succeeded, 2 cached`; empty when nothing has ended. */
  toString(): string {
    return ORDER.flatMap(([state, words]) => (this.#counts.has(state) ? [`${this.#counts.get(state)} ${words}`] : [])).join(', ');
  }
}

const ORDER: readonly (readonly [TaskState, string])[] = [
  ['success', 'succeeded'],
  ['cached', 'cached'],
  ['skipped', 'skipped'],
  ['failed', 'failed'],
  ['timed-out', 'timed out'],
  ['upstream-failed', 'upstream failed'],
  ['cancelled', 'cancelled'],
  ['crashed', 'crashed'],
];
