import type { RunRow } from '../../model/records.js';
import { FINAL_RUN_STATES } from '../../model/states.js';
import type { RunRecord } from '../../runs/run-record.js';
import { logView, runView } from '../views/run-view.js';
import { taskRunView } from '../views/task-run-view.js';
import type { LiveEvent } from './event-ring.js';
import { END, type LiveSource } from './live-feed.js';

/** Task runs to an event. */
const TASK_RUNS = 1_000;
/** Lines to an event. */
const LINES = 500;
/** Lines that are told of one look: what a task prints faster than that comes with the next. */
const MOST_LINES = 5_000;

/**
 * One run: `run`, `task-runs` (those that changed, progress included), `logs`, and `end`. A task run is told by what the API says of it, so a change of
 * anything that it says is a change.
 */
export class RunSource implements LiveSource {
  readonly #record: RunRecord;
  readonly #run: string;
  #row: RunRow | undefined;
  #told = '';
  #isEnded = false;
  /** By place: as they were told. */
  readonly #taskRuns = new Map<number, { readonly text: string; readonly view: ReturnType<typeof taskRunView> }>();
  mark = -1;

  constructor(record: RunRecord, run: string) {
    this.#record = record;
    this.#run = run;
  }

  get isOver(): boolean {
    return this.#isEnded;
  }

  async look(): Promise<readonly LiveEvent[]> {
    // Looked at first: what was recorded before the end is then told all the same.
    const row = await this.#record.run(this.#run);
    const isFirst = this.#row === undefined;
    this.#row = row ?? this.#row;
    const view = this.#row && runView(this.#row);
    const text = JSON.stringify(view);
    const events: LiveEvent[] = text === this.#told ? [] : [{ type: 'run', data: view }];
    this.#told = text;
    const changed = await this.#changedTaskRuns();
    events.push(...taskRunEvents(changed));
    const { lines, isAll } = isFirst ? await this.#end() : await this.#newLines();
    events.push(...lines);
    const isFinal = row === undefined || FINAL_RUN_STATES.has(row.state);
    this.#isEnded = isFinal && isAll;
    if (this.#isEnded) events.push({ type: END, data: { run: this.#run, state: row?.state ?? 'removed' } });
    return isFirst ? [] : events;
  }

  async state(mark: number | undefined): Promise<readonly LiveEvent[]> {
    const events: LiveEvent[] = [];
    if (this.#row) events.push({ type: 'run', data: runView(this.#row) });
    events.push(...taskRunEvents([...this.#taskRuns.values()].map(({ view }) => view)));
    if (mark !== undefined) {
      const until = this.mark;
      const { lines, isAll } = await this.#linesBetween(mark, until);
      events.push(...lines);
      // There is more than anybody reads as it comes.
      if (!isAll) events.push({ type: 'logs-skipped', data: { until } });
    }
    if (this.#isEnded) events.push({ type: END, data: { run: this.#run, state: this.#row?.state ?? 'removed' } });
    return events;
  }

  async #changedTaskRuns(): Promise<readonly unknown[]> {
    const changed: unknown[] = [];
    for (const row of await this.#record.taskRuns(this.#run)) {
      const view = taskRunView(row);
      const text = JSON.stringify(view);
      if (this.#taskRuns.get(row.index)?.text === text) continue;
      this.#taskRuns.set(row.index, { text, view });
      changed.push(view);
    }
    return changed;
  }

  /** The first look begins at the end of the log. */
  async #end(): Promise<{ readonly lines: readonly LiveEvent[]; readonly isAll: boolean }> {
    const [last] = await this.#record.logs(this.#run, { last: 1 });
    this.mark = last?.seq ?? -1;
    return { lines: [], isAll: true };
  }

  async #newLines(): Promise<{ readonly lines: readonly LiveEvent[]; readonly isAll: boolean }> {
    const found = await this.#linesBetween(this.mark, Number.POSITIVE_INFINITY);
    this.mark = Math.max(this.mark, found.last);
    return found;
  }

  async #linesBetween(
    after: number,
    until: number,
  ): Promise<{ readonly lines: readonly LiveEvent[]; readonly isAll: boolean; readonly last: number }> {
    const lines: LiveEvent[] = [];
    let last = after;
    for (let count = 0; count < MOST_LINES && last < until; count += LINES) {
      const page = await this.#record.logs(this.#run, { after: last, limit: LINES });
      const wanted = page.filter(({ seq }) => seq <= until);
      if (wanted.length > 0) lines.push({ type: 'logs', data: wanted.map(logView) });
      last = page.at(-1)?.seq ?? last;
      if (page.length < LINES) return { lines, isAll: true, last };
    }
    return { lines, isAll: last >= until, last };
  }
}

function taskRunEvents(views: readonly unknown[]): readonly LiveEvent[] {
  const count = Math.ceil(views.length / TASK_RUNS);
  return Array.from({ length: count }, (_, at) => ({ type: 'task-runs', data: views.slice(at * TASK_RUNS, (at + 1) * TASK_RUNS) }));
}
