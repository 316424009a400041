import { describe, MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import { graphOfRun } from '../../engine/graph-data.js';
import type { ArtifactInfo, Listing, LogQuery, MetricInfo, NoteInfo, ReportOptions, RunInfo, StepInfo, TaskInfo } from '../../flow/past.js';
import type { Task, TaskRef } from '../../flow/task-type.js';
import { createGraph } from '../../graph/draw/view.js';
import type { Graph } from '../../graph/graph-view.js';
import type { ErrorInfo } from '../../model/event.js';
import { BODY_PLACE, type RunRow } from '../../model/records.js';
import type { RunState, TaskState } from '../../model/states.js';
import { TASK_DEFAULTS } from '../../model/task-definition.js';
import type { RunAmendment, TaskRunDetails } from '../../runs/run-record.js';
import { type SideResults, sideResultsOf } from '../../runs/side-results.js';
import { withOrigins } from '../../runs/with-origins.js';
import { checkNote, checkTags } from './amendments.js';
import { PastArtifact } from './artifact.js';
import { codeOfRun, type PastCode } from './code.js';
import { PastData } from './data.js';
import { type Facts, Shown, spanText } from './display.js';
import { whereItLies } from './elsewhere.js';
import { AskedListing } from './listing.js';
import { logTexts } from './log-lines.js';
import { findRun, findTaskRun } from './look-up.js';
import { PastMetric } from './metric.js';
import { reportFrom } from './report.js';
import { keeperOf, type PastSource, parameterValue } from './source.js';
import { PastStep } from './step.js';
import { NO_CONSUMERS, PastTask } from './task.js';

export class PastRun extends Shown implements RunInfo {
  readonly id: string;
  readonly flow: string;
  readonly name?: string;
  readonly state: RunState;
  readonly params: Record<string, unknown>;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
  readonly notes: readonly NoteInfo[];
  readonly only?: readonly string[];
  readonly counts: Readonly<Partial<Record<TaskState, number>>>;
  readonly error?: ErrorInfo;
  readonly data: RunInfo['data'];
  readonly #source: PastSource;
  readonly #row: RunRow;

  constructor(source: PastSource, row: RunRow) {
    super();
    const { id, flow, name, state, params, createdAt, startedAt, finishedAt, tags, systemTags = [], notes = [], only, counts, error } = row;
    this.id = id;
    this.flow = flow;
    if (name !== undefined) this.name = name;
    this.state = state;
    this.params = Object.fromEntries(Object.entries(params).map(([key, text]) => [key, parameterValue(text)]));
    this.createdAt = new Date(createdAt);
    if (startedAt !== undefined) this.startedAt = new Date(startedAt);
    if (finishedAt !== undefined) this.finishedAt = new Date(finishedAt);
    this.tags = tags;
    this.systemTags = systemTags;
    this.notes = notes.map(({ at, text }) => ({ at: new Date(at), text }));
    if (only !== undefined) this.only = only;
    this.counts = counts;
    if (error !== undefined) this.error = error;
    this.data = new PastData(id, async (key) => await this.#dataCalled(key));
    this.#source = source;
    this.#row = row;
  }

  steps(): Listing<StepInfo> {
    const make = async function* (this: PastRun): AsyncGenerator<StepInfo> {
      const rows = await this.#taskRuns();
      for (const name of new Set(rows.map(({ task }) => task))) yield this.step(name);
    };
    return new AskedListing(`steps of ${this.id}`, () => make.call(this));
  }

  step(task: TaskRef): PastStep {
    return new PastStep(this.#source, this.id, typeof task === 'string' ? task : task.taskName);
  }

  async task(name: string): Promise<TaskInfo> {
    const [byId] = await this.#taskRuns({ id: name });
    const row = byId ?? findTaskRun(await this.#taskRuns(), name, this.id);
    return new PastTask(this.#source, this.id, row);
  }

  // biome-ignore lint/suspicious/noExplicitAny: a task of any signature
  async output<T>(task: Task<any, T, any>): Promise<T> {
    const [first] = await this.#finished(task);
    if (first !== undefined) return (await first.valueAs(task)) as T;
    throw new MillraceError(
      'TASK_RUN_UNKNOWN',
      `expected a finished task run of '${task.taskName}' in run ${this.id} of flow '${this.flow}'; there is none`,
    );
  }

  // biome-ignore lint/suspicious/noExplicitAny: a task of any signature
  async outputs<T>(task: Task<any, T, any>): Promise<readonly T[]> {
    const values: T[] = [];
    for (const taskRun of await this.#finished(task)) values.push((await taskRun.valueAs(task)) as T);
    return values;
  }

  async result<T>(): Promise<T> {
    const { result: ref } = this.#row;
    if (ref === undefined) {
      throw new MillraceError(
        'RUN_RESULT_MISSING',
        `expected run ${this.id} of flow '${this.flow}' to have a stored result; its state is '${this.state}'`,
      );
    }
    await using project = await this.#source.open();
    const load = async (): Promise<T> => (await keeperOf(project, this.#source).load([{ name: '', ref }], TASK_DEFAULTS)) as T;
    return await whereItLies(project.record, this.id, load);
  }

  async code(): Promise<PastCode> {
    return await codeOfRun(this.#source.open, await this.#newest());
  }

  async report(options: ReportOptions = {}): Promise<string> {
    return await reportFrom(this.#source.open, this.id, options);
  }

  artifacts(): Listing<ArtifactInfo> {
    const make = async function* (this: PastRun): AsyncGenerator<ArtifactInfo> {
      const { artifacts, tasks } = await this.#given();
      for (const given of artifacts) {
        const giver = given.index === BODY_PLACE ? 'the flow' : 'the parameters';
        yield tasks.get(given.index)?.artifactGiven(given) ?? new PastArtifact(this.#source, given, giver, () => NO_CONSUMERS);
      }
    };
    return new AskedListing(`artifacts of ${this.id}`, () => make.call(this));
  }

  metrics(): Listing<MetricInfo> {
    const make = async function* (this: PastRun): AsyncGenerator<MetricInfo> {
      const { metrics, tasks } = await this.#given();
      for (const series of metrics) yield new PastMetric(this.#source, this.id, tasks.get(series.index)?.id, series);
    };
    return new AskedListing(`metrics of ${this.id}`, () => make.call(this));
  }

  async graph(): Promise<Graph> {
    await using project = await this.#source.open();
    return createGraph(graphOfRun(this.flow, await withOrigins(project.record, await project.record.taskRuns(this.id))));
  }

  logs(filter: LogQuery = {}): Listing<string> {
    return new AskedListing(`lines of ${this.id}`, () => logTexts(this.#source.open, this.id, filter));
  }

  async refresh(): Promise<RunInfo> {
    return new PastRun(this.#source, await this.#newest());
  }

  async addTags(...tags: readonly string[]): Promise<RunInfo> {
    return await this.#amend({ addTags: checkTags(tags) });
  }

  async removeTags(...tags: readonly string[]): Promise<RunInfo> {
    return await this.#amend({ removeTags: checkTags(tags) });
  }

  async note(text: string): Promise<RunInfo> {
    return await this.#amend({ addNote: checkNote(text) });
  }

  protected facts(): Facts {
    const { name, state, params, createdAt, startedAt, finishedAt, tags, counts, error } = this;
    const took = spanText(startedAt, finishedAt);
    const sums = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
    const facts = { flow: this.flow, name, state, createdAt, took, params, tags: tags.join(', '), tasks: sums.join(', '), error: error?.message };
    return { kind: 'Run', title: this.id, facts: [...Object.entries(facts), ['notes', this.notes.map(({ text }) => text)]] };
  }

  override cells(): Facts {
    const { kind, title, facts } = this.facts();
    return { kind, title, facts: facts.filter(([name]) => name !== 'notes' && name !== 'error') };
  }

  async #newest(): Promise<RunRow> {
    await using project = await this.#source.open();
    return await findRun(project.record, this.id);
  }

  async #taskRuns(filter: { readonly id?: string; readonly task?: string } = {}): Promise<readonly TaskRunDetails[]> {
    await using project = await this.#source.open();
    return await project.record.taskRuns(this.id, filter);
  }

  // biome-ignore lint/suspicious/noExplicitAny: a task of any signature
  async #finished(task: Task<any, any, any>): Promise<readonly PastTask[]> {
    checkIsTask(task);
    if ((await this.#taskRuns({ task: task.taskName })).length === 0) return [];
    const rows = (await this.step(task).rows()).filter(({ state }) => state === 'success' || state === 'cached');
    return rows.map((row) => new PastTask(this.#source, this.id, row));
  }

  async #given(): Promise<SideResults & { readonly tasks: ReadonlyMap<number, PastTask> }> {
    await using project = await this.#source.open();
    const rows = await project.record.taskRuns(this.id);
    const given = await sideResultsOf(project.record, this.id, rows);
    return { ...given, tasks: new Map(rows.map((row) => [row.index, new PastTask(this.#source, this.id, row)])) };
  }

  async #amend(amendment: RunAmendment): Promise<RunInfo> {
    await using project = await this.#source.open();
    return new PastRun(this.#source, await project.record.amend(this.id, amendment));
  }

  /** The one that was called last counts, as the last assignment to a variable does. */
  async #dataCalled(name: string): Promise<unknown> {
    await using project = await this.#source.open();
    const rows = (await withOrigins(project.record, await project.record.taskRuns(this.id))).toReversed();
    const done = rows.filter(({ state }) => state === 'success' || state === 'cached');
    const output = done.flatMap(({ artifacts }) => artifacts.filter((artifact) => artifact.name === name)).at(0);
    if (output !== undefined) return await keeperOf(project, this.#source).load([{ name: '', ref: output.ref }], TASK_DEFAULTS);
    const ofTask = done.filter(({ task }) => task === name);
    const [row] = ofTask.filter(({ parent }) => !ofTask.some(({ index }) => index === parent));
    if (row !== undefined) return await new PastTask(this.#source, this.id, row).value();
    const names = [...new Set(done.flatMap(({ task, artifacts }) => [task, ...artifacts.map((artifact) => artifact.name || task)]))];
    const guess = nearest(name, names);
    const known = names.length === 0 ? 'No task of it has a result yet.' : `It has ${names.join(', ')}.`;
    throw new MillraceError('DATA_UNKNOWN', `run ${this.id} has no output, and no result of a task, called '${name}'`, {
      hint: guess === undefined ? known : `Did you mean '${guess}'?`,
    });
  }
}

/** Callers without a type checker give its name: a task says how its results are read, too. */
function checkIsTask(task: unknown): void {
  if (typeof task === 'function' && 'taskName' in task) return;
  const hint = typeof task === 'string' ? { hint: `Write data.get('${task}'), or output(${task}) with the task.` } : {};
  throw new MillraceError('TASK_UNKNOWN', `expected a task, as task(…) makes it; got ${describe(task)}`, hint);
}
