import { MillraceError } from '../base/error.js';
import { checkOptions, TEXT } from '../flow/option-kinds.js';
import type { ArtifactInfo, FlowInfo, Listing, RunInfo, RunQuery, StepInfo, TaskInfo } from '../flow/past.js';
import { type Facts, Shown } from '../runtime/past/display.js';
import { PastFlow } from '../runtime/past/flow.js';
import { AskedListing } from '../runtime/past/listing.js';
import { findRun } from '../runtime/past/look-up.js';
import { type PruneOptions, pruneRuns, type Removal, removeRuns } from '../runtime/past/removal.js';
import { PastRun } from '../runtime/past/run.js';
import { runPages } from '../runtime/past/run-pages.js';
import type { PastSource } from '../runtime/past/source.js';
import type { PastStep } from '../runtime/past/step.js';
import { PastTask } from '../runtime/past/task.js';
import { type OpenOptions, openProject } from '../runtime/project.js';
import { type InfoAt, type InfoPath, parsePath } from './path.js';

export interface ClientOptions {
  /** The project folder. @default `MILLRACE_HOME`, else the nearest `.millrace` upward from the working directory */
  readonly home?: string;
  /** Where the record is: the path of an SQLite file, or `postgres://…`. @default `MILLRACE_DATABASE_URL`, else the project folder's own */
  readonly url?: string;
}

/** Everything that was run, and is running, from any process, script or notebook. Nothing is made where there is no project. */
export interface Client extends AsyncDisposable {
  /**
   * What lies at a path: `iris`, `iris/<run>` or `iris/latest`, `iris/<run>/train`, `iris/<run>/train/0` (the first task run of the task; or its
   * id, `train#0`), `iris/<run>/train/0/model`.
   * @throws MillraceError `PATH_INVALID`, `FLOW_UNKNOWN`, `RUN_UNKNOWN`, `TASK_UNKNOWN`, `TASK_RUN_UNKNOWN`, `ARTIFACT_UNKNOWN`, with what may have been meant
   */
  get<P extends string>(path: P): Promise<InfoAt<P>>;
  /** Flows that have runs, in order of their names. */
  flows(): Listing<FlowInfo>;
  /** Lazy: one that has no runs is found out when it is looked into. */
  flow(name: string): FlowInfo;
  /** Of all flows, newest first. */
  runs(query?: RunQuery): Listing<RunInfo>;
  /** By its id, or the newest of a flow by `<flow>/latest`. @throws MillraceError `RUN_UNKNOWN`, `RUN_ID_INVALID` */
  run(id: string): Promise<RunInfo>;
  /**
   * Removes runs with all that is kept of them. Results that other runs took from them stay, with those; one that is going on is left alone.
   * @throws MillraceError `RUN_UNKNOWN`, `RUN_ID_INVALID`, `RECORD_READ_ONLY`
   */
  remove(runs: readonly string[], options?: { readonly dryRun?: boolean }): Promise<Removal>;
  /** Removes the runs that a rule says are not worth keeping. @throws MillraceError `PRUNE_RULE_MISSING`, `PRUNE_RULE_INVALID`, `RUN_QUERY_INVALID`, `DURATION_INVALID`, `RECORD_READ_ONLY` */
  prune(rule: PruneOptions): Promise<Removal>;
}

/** Looks up what was run. Holds nothing open: it need not be disposed of. @throws MillraceError `CLIENT_OPTION_INVALID` */
export function client(options: ClientOptions = {}): Client {
  checkOptions({ home: TEXT, url: TEXT }, options, 'CLIENT_OPTION_INVALID', ' of client()');
  return new ProjectClient(options);
}

class ProjectClient extends Shown implements Client {
  readonly #options: ClientOptions;
  readonly #source: PastSource;
  #closed = false;

  constructor(options: ClientOptions) {
    super();
    this.#options = options;
    const opening: OpenOptions = { ...options, look: true };
    this.#source = {
      open: () => {
        if (this.#closed) throw new MillraceError('CLIENT_CLOSED', 'the client was used after it was disposed of');
        return openProject(opening);
      },
    };
  }

  async get<P extends string>(path: P): Promise<InfoAt<P>> {
    return (await this.#at(parsePath(path))) as InfoAt<P>;
  }

  flows(): Listing<FlowInfo> {
    const make = async function* (this: ProjectClient): AsyncGenerator<FlowInfo> {
      await using project = await this.#source.open();
      for (const { flow } of await project.record.flows()) yield this.flow(flow);
    };
    return new AskedListing('flows', () => make.call(this));
  }

  flow(name: string): PastFlow {
    return new PastFlow(this.#source, name);
  }

  runs(query: RunQuery = {}): Listing<RunInfo> {
    const make = async function* (this: ProjectClient): AsyncGenerator<RunInfo> {
      for await (const page of runPages(this.#source.open, query)) for (const row of page) yield new PastRun(this.#source, row);
    };
    return new AskedListing('runs', () => make.call(this));
  }

  async run(id: string): Promise<PastRun> {
    await using project = await this.#source.open();
    return new PastRun(this.#source, await findRun(project.record, id));
  }

  async remove(runs: readonly string[], { dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<Removal> {
    await using project = await this.#source.open();
    return await removeRuns(project, runs, dryRun);
  }

  async prune(rule: PruneOptions): Promise<Removal> {
    await using project = await this.#source.open();
    return await pruneRuns(project, rule);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  protected facts(): Facts {
    const { home, url } = this.#options;
    return {
      kind: 'Client',
      title: '',
      facts: Object.entries({
        home,
        url: url === undefined ? undefined : withoutCredentials(url),
        flows: 'flows()',
        runs: 'runs()',
        path: "get('flow/latest/task/0')",
      }),
    };
  }

  async #at({ flow, run: id, step, task, artifact }: InfoPath): Promise<FlowInfo | RunInfo | StepInfo | TaskInfo | ArtifactInfo> {
    const ofFlow = this.flow(flow);
    await ofFlow.check();
    if (id === undefined) return ofFlow;
    const run = await this.run(id === 'latest' ? `${flow}/latest` : id);
    if (run.flow !== flow) {
      throw new MillraceError('RUN_UNKNOWN', `flow '${flow}' has no run ${run.id}`, { hint: `It is one of flow '${run.flow}'.` });
    }
    if (step === undefined) return run;
    const ofStep = run.step(step);
    const found = await this.#taskAt(ofStep, task);
    if (found === undefined) return ofStep;
    return artifact === undefined ? found : await found.artifact(artifact);
  }

  async #taskAt(step: PastStep, place: string | undefined): Promise<PastTask | undefined> {
    // Also where only the step is meant: it is found out whether there is one.
    const rows = await step.rows();
    if (place === undefined) return undefined;
    const row = /^\d+$/.test(place) ? rows[Number(place)] : rows.find(({ id }) => id === place);
    if (row !== undefined) return new PastTask(this.#source, step.run, row);
    throw new MillraceError('TASK_RUN_UNKNOWN', `task '${step.name}' of run ${step.run} has no task run '${place}'`, {
      hint:
        rows.length === 1 ? `It has one: 0, or ${rows[0]?.id}.` : `It has ${rows.length}: 0 to ${rows.length - 1}, or by their ids ${rows[0]?.id} …`,
    });
  }
}

/** It may end up in a notebook that others read. */
function withoutCredentials(url: string): string {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(url) ? url.replace(/\/\/.*@/s, '//***@').replace(/\?.*$/s, '') : url;
}
