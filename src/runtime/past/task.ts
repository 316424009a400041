import { MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import type { ArtifactInfo, Listing, LogQuery, MetricInfo, TaskInfo } from '../../flow/past.js';
import type { Task } from '../../flow/task-type.js';
import type { ErrorInfo } from '../../model/event.js';
import type { TaskState } from '../../model/states.js';
import type { LoadRequest } from '../../results/result-keeper.js';
import type { RunArtifact, TaskRunDetails } from '../../runs/run-record.js';
import { type SideResults, sideResultsOf } from '../../runs/side-results.js';
import { withOrigins } from '../../runs/with-origins.js';
import type { Project } from '../project.js';
import { PastArtifact } from './artifact.js';
import { codeOfRun, type PastCode } from './code.js';
import { type Facts, Shown, spanText } from './display.js';
import { whereItLies } from './elsewhere.js';
import { AskedListing } from './listing.js';
import { logTexts } from './log-lines.js';
import { PastMetric } from './metric.js';
import { keeperOf, type PastSource, readingOf } from './source.js';

export const NO_CONSUMERS: Listing<TaskInfo> = new AskedListing('task runs that took it', async function* () {});

export class PastTask extends Shown implements TaskInfo {
  readonly id: string;
  readonly task: string;
  readonly run: string;
  readonly state: TaskState;
  readonly attempts: number;
  readonly cacheKey?: string;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  readonly error?: ErrorInfo;
  readonly origin?: { readonly run: string; readonly index: number };
  readonly progress?: { readonly fraction: number; readonly message?: string; readonly at: Date };
  readonly #source: PastSource;
  readonly #row: TaskRunDetails;

  constructor(source: PastSource, run: string, row: TaskRunDetails) {
    super();
    const { id, task, state, attempts, cacheKey, startedAt, finishedAt, error, origin, progress } = row;
    this.id = id;
    this.task = task;
    this.run = run;
    this.state = state;
    this.attempts = attempts;
    if (cacheKey !== undefined) this.cacheKey = cacheKey;
    if (startedAt !== undefined) this.startedAt = new Date(startedAt);
    if (finishedAt !== undefined) this.finishedAt = new Date(finishedAt);
    if (error !== undefined) this.error = error;
    if (origin !== undefined) this.origin = origin;
    if (progress !== undefined && state === 'running') {
      const { fraction, message, at } = progress;
      this.progress = { fraction, ...(message === undefined ? {} : { message }), at: new Date(at) };
    }
    this.#source = source;
    this.#row = row;
  }

  artifacts(): Listing<ArtifactInfo> {
    const make = async function* (this: PastTask): AsyncGenerator<ArtifactInfo> {
      await using project = await this.#source.open();
      const row = await this.#withArtifacts(project);
      for (const artifact of row.artifacts) yield new PastArtifact(this.#source, artifact, this, () => this.#consumers());
      for (const given of (await this.#given(project)).artifacts) yield this.artifactGiven(given);
    };
    return new AskedListing(`artifacts of ${this.id}`, () => make.call(this));
  }

  /** By `ctx().artifact`: no task run takes it. */
  artifactGiven(given: RunArtifact): ArtifactInfo {
    return new PastArtifact(this.#source, given, this, () => NO_CONSUMERS);
  }

  metrics(): Listing<MetricInfo> {
    const make = async function* (this: PastTask): AsyncGenerator<MetricInfo> {
      await using project = await this.#source.open();
      for (const series of (await this.#given(project)).metrics) yield new PastMetric(this.#source, this.run, this.id, series);
    };
    return new AskedListing(`metrics of ${this.id}`, () => make.call(this));
  }

  async code(): Promise<PastCode> {
    await using project = await this.#source.open();
    const maker = await project.record.run(this.origin?.run ?? this.run);
    if (maker !== undefined) return await codeOfRun(this.#source.open, maker);
    throw new MillraceError(
      'RUN_CODE_MISSING',
      `run ${this.origin?.run}, which made the result of '${this.id}', has been removed, and its code with it`,
      {
        hint: `The run's own is there: client().run('${this.run}'), and its code().`,
      },
    );
  }

  async artifact(name: string): Promise<ArtifactInfo> {
    const all = await this.artifacts().toArray();
    const found = all.find((artifact) => artifact.name === name);
    if (found) return found;
    const names = all.map((artifact) => artifact.name);
    const guess = nearest(name, names);
    throw new MillraceError('ARTIFACT_UNKNOWN', `task run '${this.id}' of run ${this.run} has no artifact '${name}'`, {
      hint: guess === undefined ? (names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`) : `Did you mean '${guess}'?`,
    });
  }

  async value<T>(): Promise<T> {
    return (await this.valueAs()) as T;
  }

  /** @param task how the result is read, where the record does not say all */
  // biome-ignore lint/suspicious/noExplicitAny: a task of any signature
  async valueAs(task?: Task<any, any, any>): Promise<unknown> {
    await using project = await this.#source.open();
    return await this.#valueIn(project, readingOf(task, this.#source));
  }

  async upstream(): Promise<readonly TaskInfo[]> {
    const indexes = [...new Set(this.#row.upstream.map(({ from }) => from))];
    if (indexes.length === 0) return [];
    await using project = await this.#source.open();
    return (await project.record.taskRuns(this.run, { indexes })).map((row) => new PastTask(this.#source, this.run, row));
  }

  logs(filter: Pick<LogQuery, 'level' | 'attempt'> = {}): Listing<string> {
    const query: LogQuery = { ...filter, task: this.id };
    return new AskedListing(`lines of ${this.id}`, () => logTexts(this.#source.open, this.run, query));
  }

  protected facts(): Facts {
    const { state, attempts, startedAt, finishedAt, cacheKey, origin, error } = this;
    const took = spanText(startedAt, finishedAt);
    return {
      kind: 'Task',
      title: `${this.run}/${this.id}`,
      facts: Object.entries({ state, attempts, startedAt, took, cacheKey, from: origin?.run, error: error?.message }),
    };
  }

  async #given({ record }: Project): Promise<SideResults> {
    return await sideResultsOf(record, this.run, [this.#row], { index: this.#row.index });
  }

  async #withArtifacts(project: Project): Promise<TaskRunDetails> {
    const [row] = await withOrigins(project.record, [this.#row]);
    return row as TaskRunDetails;
  }

  async #valueIn(project: Project, definition: LoadRequest['definition']): Promise<unknown> {
    if (this.state !== 'success' && this.state !== 'cached') throw this.#valueMissing();
    const row = await this.#withArtifacts(project);
    if (row.artifacts.length > 0) {
      return await whereItLies(project.record, row.origin?.run ?? this.run, () => keeperOf(project, this.#source).load(row.artifacts, definition));
    }
    const inside = (await project.record.taskRuns(this.run, { task: this.task })).filter(({ parent }) => parent === this.#row.index);
    const children = inside.filter(({ id }) => id.startsWith(`${this.id}[`));
    if (children.length === 0 && this.attempts > 0) return await keeperOf(project, this.#source).load([], definition);
    return await this.#valuesOf(project, children, definition);
  }

  /** A map keeps no list of its own: its children have the values. */
  async #valuesOf(project: Project, children: readonly TaskRunDetails[], definition: LoadRequest['definition']): Promise<readonly unknown[]> {
    const rows = await withOrigins(project.record, children);
    if (rows.some(({ artifacts }) => artifacts.length === 0)) {
      const values: unknown[] = [];
      for (const row of rows) values.push(await new PastTask(this.#source, this.run, row).#valueIn(project, definition));
      return values;
    }
    const loaded = await keeperOf(project, this.#source).loadMany(rows.map(({ artifacts }) => ({ artifacts, definition })));
    const failed = loaded.findIndex((one) => 'error' in one);
    const values = (): readonly unknown[] =>
      loaded.map((one) => {
        if ('error' in one) throw one.error;
        return one.value;
      });
    return await whereItLies(project.record, rows[failed]?.origin?.run ?? this.run, values);
  }

  #consumers(): Listing<TaskInfo> {
    const { index } = this.#row;
    const make = async function* (this: PastTask): AsyncGenerator<TaskInfo> {
      await using project = await this.#source.open();
      for (const row of await project.record.taskRuns(this.run)) {
        if (row.upstream.some(({ from, kind }) => from === index && kind === 'data')) yield new PastTask(this.#source, this.run, row);
      }
    };
    return new AskedListing(`task runs that took the result of ${this.id}`, () => make.call(this));
  }

  #valueMissing(): MillraceError {
    const why = this.error?.message;
    return new MillraceError('VALUE_MISSING', `task run '${this.id}' of run ${this.run} has no value: its state is '${this.state}'`, {
      ...(why === undefined ? {} : { hint: `It says: ${why}` }),
    });
  }
}
