import { isFinalTaskState } from '../../model/states.js';
import type { RunRecord, TaskRunDetails } from '../../runs/run-record.js';
import { taskRunView } from '../views/task-run-view.js';

export type TaskRunView = ReturnType<typeof taskRunView>;

/** Task runs that are read at once: between two pages others have their turn. */
const PAGE = 1_000;

/**
 * The task runs of one run, as they were told. What has ended never changes (S10), so it is read once: later looks read those that go on, and the places
 * of which nothing is known yet. So a look costs what has happened, not what there is.
 */
export class TaskRunWatch {
  readonly #record: Pick<RunRecord, 'taskRuns'>;
  readonly #run: string;
  readonly #told = new Map<number, TaskRunView>();
  /** Of those that go on, what was told of them. */
  readonly #open = new Map<number, string>();
  /** The greatest place that is known, and 1. */
  #end = 0;

  constructor(record: Pick<RunRecord, 'taskRuns'>, run: string) {
    this.#record = record;
    this.#run = run;
  }

  /** All that was told, each as it was the last time. */
  get views(): readonly TaskRunView[] {
    return [...this.#told.values()].sort(byPlace);
  }

  /** Those that are not as they were told, by place. */
  async changed(): Promise<readonly TaskRunView[]> {
    const changed: TaskRunView[] = [];
    const note = (rows: readonly TaskRunDetails[]): void => {
      for (const row of rows) if (this.#isNews(row)) changed.push(this.#told.get(row.index) as TaskRunView);
    };
    const indexes = [...this.#open.keys(), ...this.#unknown()];
    if (indexes.length > 0) note(await this.#record.taskRuns(this.#run, { indexes }));
    for (let page: readonly TaskRunDetails[] | undefined; page === undefined || page.length === PAGE; ) {
      page = await this.#record.taskRuns(this.#run, { within: [this.#end, Number.MAX_SAFE_INTEGER], limit: PAGE });
      note(page);
    }
    return changed.sort(byPlace);
  }

  #isNews(row: TaskRunDetails): boolean {
    const { index, state } = row;
    if (this.#told.has(index) && !this.#open.has(index)) return false;
    const view = taskRunView(row);
    const text = JSON.stringify(view);
    if (this.#open.get(index) === text) return false;
    this.#told.set(index, view);
    this.#end = Math.max(this.#end, index + 1);
    if (isFinalTaskState(state)) this.#open.delete(index);
    else this.#open.set(index, text);
    return true;
  }

  /** Places that others have been told after. */
  #unknown(): readonly number[] {
    const places: number[] = [];
    for (let place = 0; place < this.#end; place++) if (!this.#told.has(place)) places.push(place);
    return places;
  }
}

function byPlace(one: TaskRunView, other: TaskRunView): number {
  return one.index - other.index;
}
