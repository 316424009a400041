import type { Duration } from '../base/duration.js';
import { MillraceError } from '../base/error.js';
import type { Graph } from '../graph/graph-view.js';
import type { FlowTrigger } from '../model/asset.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { CodeSite } from '../model/code-site.js';
import type { RunEvent } from '../model/event.js';
import type { Notification, NotificationOccasion, ServiceNotification } from '../model/notification.js';
import type { ResultStore } from '../model/result-store.js';
import type { MissedPolicy, OverlapPolicy, Schedule } from '../model/schedule.js';
import type { RunState } from '../model/states.js';
import type { TaskContext } from '../model/task-context.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { BackfillOptions } from './backfill-options.js';
import type { ParameterInfo, ParameterSources, ParamSpec } from './parameters.js';
import type { RunInfo } from './past.js';
import type { Task, TaskRef } from './task-type.js';

/** Task runs at the same time, where nobody said otherwise. */
export const DEFAULT_CONCURRENCY = 16;

export interface RunOptions {
  /** A name for people. */
  name?: string;
  tags?: readonly string[];
  /** Aborting it cancels the run (S15). */
  signal?: AbortSignal;
  /** Executes all, or these tasks and everything downstream of them, whatever is cached (S28). A name may be a pattern: `train-*`. */
  force?: true | TaskRef | readonly TaskRef[];
  /** Executes these tasks whatever is cached, and nothing else that is cached. */
  forceOnly?: readonly TaskRef[];
  /**
   * Executes none but these tasks; what they need of others is taken from earlier results. A task of these that lacks one fails with
   * `NOT_COMPLETE`; all others that have none are skipped. A name may be a pattern: `train-*`.
   */
  only?: readonly TaskRef[];
  /** Task runs at the same time. @default the flow's `concurrency`, else 16 */
  maxWorkers?: number;
  /** Most children of a map that says nothing itself. @default none */
  maxSplits?: number;
  /** The time that the run stands for: `ctx().scheduledTime`. @default its start, or the end of `dataInterval` */
  scheduledTime?: Date;
  /** The data that is the run's: `ctx().dataInterval`, `end` excluded; it ends at `scheduledTime`. @default from `scheduledTime` to `scheduledTime` */
  dataInterval?: { readonly start: Date; readonly end: Date };
  /** Whether what tasks print goes to their logs (and, in a script, on to the terminal). @default true */
  logStdout?: boolean;
  /**
   * false: `run()` gives undefined where the run failed, was cancelled or ran out of time; what it came to is in the record (`flow.latest()`).
   * Wrong parameters and options are errors all the same. `start()` has its handle for that, whose result always says why there is none.
   * @default true
   */
  throwOnFailure?: boolean;
}

/** A run that has been started. Disposing of it cancels what is not finished. */
export interface RunHandle<R> extends AsyncDisposable {
  readonly id: string;
  readonly state: RunState;
  /** The flow's result. @throws FlowRunError, ParameterError, and errors of the record or the store */
  result(): Promise<R>;
  /** Starts nothing new, aborts what runs, and resolves when the run has ended. */
  cancel(reason?: string): Promise<void>;
  /** What happens from now on, in order; ends with the run. */
  events(): AsyncIterable<RunEvent>;
}

/** The runs of a backfill, each as it ends. Nothing happens before somebody asks for the first. */
export interface BackfillRuns<R> extends AsyncIterable<RunHandle<R>> {
  /** What it would run at this moment, in order. Stores nothing. */
  instants(): Promise<readonly Date[]>;
}

/** One call of one task, ready to be tried by itself. */
export interface TaskCall {
  readonly args: readonly unknown[];
  /** The run whose results are among the arguments. */
  readonly from: string | undefined;
  start(options: RunOptions): RunHandle<unknown>;
}

/** A run of the past, or one that is going on elsewhere, of a flow that is at hand. */
export interface Run<R> extends Omit<RunInfo, 'result'> {
  /** The flow's result, read from the store. @throws MillraceError `RUN_RESULT_MISSING` when the run did not succeed */
  result(): Promise<R>;
  /** The stored values of all task runs of a task, in order. */
  // biome-ignore lint/suspicious/noExplicitAny: a task of any signature
  outputs<T>(task: Task<any, T, any>): Promise<readonly T[]>;
}

/** Which run is gone on with, and from where. */
export interface ResumeChoice {
  /** Its id, or `<flow>/latest`. @default the newest run of the flow that has not succeeded */
  readonly runId?: string | undefined;
  /** Executes this step and everything downstream, whatever was finished: a task, its name, or a pattern (`train-*`). */
  readonly from?: TaskRef | undefined;
}

/** What came of that: a new run; or none, since the other one has succeeded and nothing is to be done anew. */
export interface Resumed {
  /** The run that is gone on with. */
  readonly origin: Run<unknown>;
  readonly handle: RunHandle<unknown> | undefined;
}

/** Told what becomes of a run. */
export interface FlowHooks {
  onStart?(run: RunHandle<unknown>): void | Promise<void>;
  onSuccess?(run: RunHandle<unknown>): void | Promise<void>;
  onFailure?(run: RunHandle<unknown>, error: unknown): void | Promise<void>;
  onCancel?(run: RunHandle<unknown>): void | Promise<void>;
  /** It goes on past the flow's `deadline`: told once. */
  onDeadline?(run: RunHandle<unknown>): void | Promise<void>;
}

/** What a flow is: frozen data and its body. */
export interface FlowDefinition {
  readonly name: string;
  readonly description: string | undefined;
  readonly owner: string | undefined;
  readonly params: ParamSpec | undefined;
  readonly cache: CachePolicy | false | undefined;
  readonly store: ResultStore | undefined;
  readonly concurrency: number | undefined;
  readonly tags: readonly string[];
  /** For tasks that do not say otherwise. */
  readonly defaults: Partial<TaskDefinition>;
  readonly timeoutMs: number | undefined;
  /** How often a run that failed is tried again. */
  readonly retries: number;
  readonly schedule: readonly Schedule<never>[];
  readonly on: readonly FlowTrigger[];
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  readonly maxActiveRuns: number | undefined;
  readonly dependsOnPast: boolean;
  /** From the time it is for to when it is to have ended. */
  readonly deadlineMs: number | undefined;
  readonly lateAfterMs: number;
  readonly notify: readonly Notification[];
  readonly hooks: FlowHooks;
  readonly strict: boolean;
  readonly orphans: 'wait' | 'cancel';
  readonly onFailure: 'finish-independent' | 'cancel-rest';
  // biome-ignore lint/suspicious/noExplicitAny: a body of any parameters
  readonly body: (params: any) => unknown;
  /** Where the body's code is to be found. */
  readonly code: CodeSite | undefined;
}

export interface VisualizeOptions {
  /** Also writes the drawing to this file. */
  file?: string;
  /** @default by the file's ending: `.dot`, `.gv`, `.svg`, `.mmd`, `.mermaid`, `.json` (another is the error `DRAWING_FORMAT_UNKNOWN`); else 'dot' */
  format?: 'dot' | 'svg' | 'mermaid' | 'json';
  /** The graph as the body draws it, or as a run of the past left it, in colour. @default 'trace' */
  from?: 'trace' | { runId: string };
}

export interface InvalidateOptions {
  /** A task, its name, an id (`clean#2`), or a pattern of names (`train-*`). @default every task of the flow */
  task?: TaskRef;
  /** Also what it is made of. @default false */
  upstream?: boolean;
  /** Also what is made of it. @default false */
  downstream?: boolean;
  /** Changes nothing. @default false */
  dryRun?: boolean;
}

/** What is told of a task run, to whom. */
export interface TaskNotice {
  readonly occasion: NotificationOccasion;
  readonly to: readonly Notification[];
  readonly task: TaskContext;
  readonly error?: unknown;
}

export interface ServeOptions {
  /** Serves the HTTP API of the project there too, to whoever has the token (see `millrace server`); 0: any port that is free. @default none */
  port?: number;
  /** How long runs may go on when serving ends, before they are cancelled. @default '60s' */
  grace?: Duration;
  /** Who is told of each run that is served, beside those whom the flow names, and of what befalls the service itself. */
  notify?: ServiceNotification | readonly ServiceNotification[];
}

/** What flows need from above: `runtime/` implements it, `src/index.ts` installs it, so that nothing here imports upward. */
export interface FlowRuntime {
  start(flow: FlowDefinition, sources: ParameterSources, options: RunOptions): RunHandle<unknown>;
  graph(flow: FlowDefinition, sources: ParameterSources): Promise<Graph>;
  preview(flow: FlowDefinition, sources: ParameterSources): Promise<Graph>;
  visualize(flow: FlowDefinition, sources: ParameterSources, options: VisualizeOptions): Promise<string>;
  invalidate(flow: FlowDefinition, sources: ParameterSources, options: InvalidateOptions): Promise<readonly string[]>;
  output(flow: FlowDefinition, task: string, sources: ParameterSources): Promise<unknown>;
  backfill(flow: FlowDefinition, sources: ParameterSources, options: BackfillOptions): BackfillRuns<unknown>;
  /** As `TaskFacts` of `runtime/` has them: plain data. */
  tasks(flow: FlowDefinition, sources: ParameterSources): Promise<readonly object[]>;
  taskCall(flow: FlowDefinition, sources: ParameterSources, task: string, args: readonly unknown[] | undefined): Promise<TaskCall>;
  resume(flow: FlowDefinition, sources: ParameterSources, choice: ResumeChoice, options: RunOptions): Promise<Resumed>;
  /** Tells them beside the run, which must be one of this process; nobody waits for it. */
  notify(notice: TaskNotice): void;
  serve(flow: FlowDefinition, parameters: readonly ParameterInfo[], options: ServeOptions): Promise<AsyncDisposable>;
  latest(flow: FlowDefinition, filter: { state?: RunState; params?: Readonly<Record<string, unknown>> }): Promise<Run<unknown> | undefined>;
}

let installed: FlowRuntime | undefined;

export function installRuntime(runtime: FlowRuntime): void {
  installed = runtime;
}

/** @throws MillraceError `NO_RUNTIME` */
export function flowRuntime(): FlowRuntime {
  if (installed) return installed;
  throw new MillraceError('NO_RUNTIME', "expected the package's entry to be loaded; import from 'millrace', not from a file inside it");
}
