import type { RunRow } from '../../model/records.js';
import { FINAL_RUN_STATES } from '../../model/states.js';
import type { RunRecord } from '../../runs/run-record.js';
import type { ServiceRecord } from '../../runs/service/service-record.js';
import { dueView, logView, runView } from '../views/run-view.js';
import type { LiveEvent } from './event-ring.js';
import { END, type LiveSource } from './live-feed.js';
import { TaskRunWatch } from './task-run-watch.js';

/** Task runs to an event. */
const TASK_RUNS = 1_000;
/** Lines to an event. */
const LINES = 500;
/** Lines that are told of one look: what a task prints faster than that comes with the next. */
const MOST_LINES = 5_000;

/** What becomes of a due run from here on is told by the run itself, or it never comes. */
const MAY_BEGIN: ReadonlySet<string> = new Set(['waiting', 'claimed', 'started']);

/**
 * One run: `due` (while it is only to be), `run`, `task-runs` (those that changed, progress included), `logs`, and `end`. A task run is told by what the
 * API says of it, so a change of anything that it says is a change.
 */
export class RunSource implements LiveSource {
  readonly #record: RunRecord;
  readonly #services: Pick<ServiceRecord, 'due'>;
  readonly #run: string;
  readonly #taskRuns: TaskRunWatch;
  #isLookedAt = false;
  #row: RunRow | undefined;
  #due: ReturnType<typeof dueView> | undefined;
  /** Of each kind of event, what was told. */
  readonly #told = new Map<string, string>();
  #isEnded = false;
  mark = -1;

  constructor(record: RunRecord, services: Pick<ServiceRecord, 'due'>, run: string) {
    this.#record = record;
    this.#services = services;
    this.#run = run;
    this.#taskRuns = new TaskRunWatch(record, run);
  }

  get isOver(): boolean {
    return this.#isEnded;
  }

  async look(): Promise<readonly LiveEvent[]> {
    // Looked at first: what was recorded before the end is then told all the same.
    const row = await this.#record.run(this.#run);
    const isFirst = !this.#isLookedAt;
    this.#isLookedAt = true;
    const isToBe = row === undefined && this.#row === undefined && (await this.#isDue());
    this.#row = row ?? this.#row;
    const events: LiveEvent[] = this.#row ? this.#changed('run', runView(this.#row)) : this.#changed('due', this.#due);
    events.push(...taskRunEvents(await this.#taskRuns.changed()));
    const { lines, isAll } = isFirst ? await this.#end() : await this.#newLines();
    events.push(...lines);
    const isFinal = row === undefined ? !isToBe : FINAL_RUN_STATES.has(row.state);
    this.#isEnded = isFinal && isAll;
    if (this.#isEnded) events.push(this.#ending());
    return isFirst ? [] : events;
  }

  async #isDue(): Promise<boolean> {
    const [due] = await this.#services.due({ run: this.#run, limit: 1 });
    this.#due = due && dueView(due);
    return due !== undefined && MAY_BEGIN.has(due.state);
  }

  #changed(type: string, data: unknown): LiveEvent[] {
    const text = JSON.stringify(data);
    if (text === undefined || this.#told.get(type) === text) return [];
    this.#told.set(type, text);
    return [{ type, data }];
  }

  #ending(): LiveEvent {
    return { type: END, data: { run: this.#run, state: this.#row?.state ?? this.#due?.state ?? 'removed' } };
  }

  async state(mark: number | undefined): Promise<readonly LiveEvent[]> {
    const events: LiveEvent[] = [];
    if (this.#row) events.push({ type: 'run', data: runView(this.#row) });
    else if (this.#due) events.push({ type: 'due', data: this.#due });
    events.push(...taskRunEvents(this.#taskRuns.views));
    if (mark !== undefined) {
      const until = this.mark;
      const { lines, isAll } = await this.#linesBetween(mark, until);
      events.push(...lines);
      // There is more than anybody reads as it comes.
      if (!isAll) events.push({ type: 'logs-skipped', data: { until } });
    }
    if (this.#isEnded) events.push(this.#ending());
    return events;
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
