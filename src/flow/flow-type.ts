import type { Duration } from '../base/duration.js';
import type { Graph } from '../graph/graph-view.js';
import type { FlowEvent, FlowTrigger } from '../model/asset.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { Notification } from '../model/notification.js';
import type { ResultStore } from '../model/result-store.js';
import type { MissedPolicy, OverlapPolicy, Schedule } from '../model/schedule.js';
import type { RunState } from '../model/states.js';
import type { BackfillOptions } from './backfill-options.js';
import type {
  BackfillRuns,
  FlowHooks,
  InvalidateOptions,
  ResumeChoice,
  Run,
  RunHandle,
  RunOptions,
  ServeOptions,
  VisualizeOptions,
} from './flow-runtime.js';
import type { Arg, Future } from './future.js';
import type { ParamSpec, ParamsIn } from './parameters.js';
import type { Task, TaskOptions } from './task-type.js';

export interface FlowOptions<S extends ParamSpec> {
  description?: string;
  owner?: string;
  /** A record of parameters, or one schema of all of them. */
  params?: S;
  /** Reuse across runs for all tasks that do not say otherwise (S20). @default none */
  cache?: CachePolicy | false;
  /** Where results go. @default the project's store */
  store?: ResultStore;
  /** Task runs at the same time. @default 16 */
  concurrency?: number;
  tags?: readonly string[];
  /** For tasks that do not say otherwise: `retries: 0`, `timeout: Infinity`, `cache: false`, `limit: []` and `priority: 0` say so. Tags add up. */
  defaults?: Pick<TaskOptions<never, never>, 'retries' | 'timeout' | 'cache' | 'limit' | 'priority' | 'store' | 'tags'>;
  /** For the whole run, which then ends as 'timed-out'. @default none */
  timeout?: Duration;
  /**
   * Should a run fail, or run out of time, it is tried again so often: each time as a new run that resumes the one before, so that what was finished
   * is not done again. The handle, and what is told to `onFailure`, is of the last. @default 0
   */
  retries?: number;
  /** When services run it: `every('1h')`, `cron('0 6 * * *')`, …; a list, where runs of some are to have parameters of their own (S34). @default never */
  schedule?: Schedule<ParamsIn<S>> | readonly Schedule<ParamsIn<S>>[];
  /**
   * What else makes services run it: `asset('orders')`, once all assets that are named here were renewed since its last such run; `other.success`,
   * `other.failure` or `other.finished`, for each run of that flow. A list means all assets together, and each of the flows. What has come is in
   * `ctx().triggers`. @default nothing
   */
  on?: FlowTrigger | readonly FlowTrigger[];
  /** What becomes of instants, and of what is named in `on`, at which no service ran (S35). @default 'latest' */
  missed?: MissedPolicy;
  /** What becomes of a run of the schedule that is due while the one before it goes on. @default 'queue' */
  overlap?: OverlapPolicy;
  /** Runs that services have going on at the same time, for whatever cause. @default none */
  maxActiveRuns?: number;
  /** A run of the schedule waits until one of the instant before it has succeeded. @default false */
  dependsOnPast?: boolean;
  /**
   * When a run is to have ended: so long after the time it stands for, where a schedule or somebody gave it one, else after its start; of backfills
   * always after their start. One that goes on then does so, and is told of, once (`onDeadline`, `notify`). With `retries` it is one for all tries.
   * @default none
   */
  deadline?: Duration;
  /** A run that starts so long after it was due says so in its log, and to `notify`. @default '1m' */
  lateAfter?: Duration;
  /** Who is told what becomes of runs: `webhook(…)`, `email(…)`, `shellNotification(…)`, or one of your own. @default nobody */
  notify?: Notification | readonly Notification[];
  /** Told what becomes of a run. One that throws is logged and changes nothing. */
  hooks?: FlowHooks;
  /** Freezes what tasks are handed, so that one that changes its inputs fails (S16). @default false */
  strict?: boolean;
  /** What becomes of futures that nobody awaited when the body has returned (S4). @default 'wait' */
  orphans?: 'wait' | 'cancel';
  /**
   * What becomes of tasks that do not depend on one that failed. `cancel-rest`: unless the failure is going to be handled, nothing new starts and
   * what runs is cancelled. It is going to be handled when, at the moment it happens, the graph has an `orElse`, `outcome`, `states`, `successes`
   * or a task with `handles: true` for it, or when the body is awaiting it: should the body not catch it, the body's own failure cancels the rest.
   * What is caught later, at an `await` that the body has not come to yet, cancels the rest all the same.
   * @default 'finish-independent'
   */
  onFailure?: 'finish-independent' | 'cancel-rest';
}

/** `params` may be left out only when none is required. */
// biome-ignore lint/complexity/noBannedTypes: {} asks whether nothing is required
type RunArgs<S, O> = {} extends ParamsIn<S> ? [params?: ParamsIn<S>, options?: O] : [params: ParamsIn<S>, options?: O];
// biome-ignore lint/complexity/noBannedTypes: as above
type OptionalParams<S> = {} extends ParamsIn<S> ? [params?: ParamsIn<S>] : [params: ParamsIn<S>];
type ChildArgs<S> =
  // biome-ignore lint/complexity/noBannedTypes: as above
  {} extends ParamsIn<S> ? [params?: Arg<ParamsIn<S>>, options?: { wait?: true }] : [params: Arg<ParamsIn<S>>, options?: { wait?: true }];

/** A plain async function whose task calls draw a graph. Defining one runs nothing. */
export interface Flow<S extends ParamSpec, R> {
  readonly flowName: string;
  /** For `on` of another flow: a run of this one has succeeded; has ended otherwise; has ended. */
  readonly success: FlowEvent;
  readonly failure: FlowEvent;
  readonly finished: FlowEvent;
  /**
   * Runs the flow and gives its result: undefined where it had nothing to do, since what it returns, or needs, was skipped (S11).
   * @throws ParameterError before anything runs; FlowRunError when a failure was left unhandled (S12), unless `throwOnFailure` is false
   */
  run(params: ParamsIn<S>, options: RunOptions & { throwOnFailure: false }): Promise<R | undefined>;
  run(...args: RunArgs<S, RunOptions>): Promise<R>;
  start(...args: RunArgs<S, RunOptions>): RunHandle<R>;
  /** The graph as a drawing: DOT unless told otherwise. Runs no task (S29). */
  visualize(params?: ParamsIn<S>, options?: VisualizeOptions): Promise<string>;
  graph(params?: ParamsIn<S>): Promise<Graph>;
  /** What would run, what would be reused, and why (S27). Runs no task. */
  preview(params?: ParamsIn<S>): Promise<Graph>;
  /**
   * As a task of another flow: expands in the same run (S7). It has the options of a task but for those that bound or repeat a single call
   * (`retries`, `timeout`, `limit`, `priority`), which belong to the tasks in it. Those keep the flow's `defaults`, `cache` and `store`; what
   * the flow says for a run (`timeout`, `retries`, `hooks`, `concurrency`, `strict`, `orphans`, `onFailure`) is the outer flow's to say.
   * @throws MillraceError `TASK_OPTION_INVALID`
   */
  asTask(options?: TaskOptions<[ParamsIn<S>], R>): Task<OptionalParams<S>, R>;
  /** As a run of its own, started by a run of another flow; a waiting parent holds no slot (S7). */
  startChild(params: Arg<ParamsIn<S>>, options: { wait: false }): Future<{ runId: string }>;
  startChild(...args: ChildArgs<S>): Future<R>;
  /**
   * Goes on with a run that failed, crashed or was cancelled: a new run, which takes over what that one has finished and executes the rest (S30).
   * Parameters that are not given are that run's; tasks that depend on changed ones are executed. Of a run that has succeeded it gives the
   * result and does nothing, unless `from`, other parameters or a force say otherwise.
   * @throws FlowRunError, ParameterError; MillraceError `RUN_UNKNOWN`, `NOTHING_TO_RESUME`, `RUN_GOING_ON`, `RUN_OF_ANOTHER_FLOW`, `TASK_UNKNOWN`,
   * `PARAM_NOT_RECORDED`
   */
  resume(options: ResumeOptions<S> & { throwOnFailure: false }): Promise<R | undefined>;
  resume(options?: ResumeOptions<S>): Promise<R>;
  /**
   * Runs the flow for past instants of its schedule that have had no run (S36), here, and gives each run as it ends. It is a stored object: leaving
   * the loop early waits for the runs that go on and pauses it; the same range given anew, after a kill too, goes on with it. Where services
   * serve the flow they share the work.
   * @throws ParameterError; MillraceError `BACKFILL_INVALID`, `BACKFILL_STALLED`, `SCHEDULE_UNKNOWN`, `SERVICE_NEEDS_RECORD`
   */
  backfill(options: BackfillOptions & { params?: ParamsIn<S> }): BackfillRuns<R>;
  /** The newest run in the record. */
  latest(filter?: { state?: RunState; params?: Partial<ParamsIn<S>> }): Promise<Run<R> | undefined>;
  /**
   * Stored results are no answers any more, so that the next run computes them anew: those that `preview(params)` shows as complete, of one
   * task, of all, and, as asked, of what is up- or downstream of it (S28). Where a result cannot be told from others of its task before
   * something upstream has been computed, all of that task's go. What past runs have made stays with them.
   * @returns the ids of the nodes whose results are concerned, in the order of the graph
   * @throws ParameterError; MillraceError `TASK_UNKNOWN`, `RECORD_READ_ONLY`
   */
  invalidate(selection: InvalidateOptions & { params?: ParamsIn<S> }): Promise<readonly string[]>;
  /**
   * The stored value of a task's first call for these parameters; runs nothing (D2).
   * @throws ParameterError; MillraceError `TASK_UNKNOWN`, `NOT_COMPLETE` with the reason, `RESULT_MISSING`, `RESULT_CORRUPTED`
   */
  // biome-ignore lint/suspicious/noExplicitAny: a task of any signature
  output<T>(task: Task<any, T, any>, params?: ParamsIn<S>): Promise<T>;
  with(options: Partial<FlowOptions<S>>): Flow<S, R>;
  /**
   * Runs the flow in this process when its schedule says so, and whatever else of it is due (S35): until it is disposed of, which waits for the runs
   * that go on. Other services of the project share the work. For many flows, and to keep them apart from one another, there is `millrace serve`.
   * With `port`, the HTTP API of the project is served at 127.0.0.1 too, from before the first run until after the last; the link, with its token, is printed.
   * With `notify`, the places it names are told of each run, and of what befalls the service.
   * @throws MillraceError `SERVICE_NEEDS_RECORD`, `SERVICE_OPTION_INVALID`, and what opening the project throws; with `port`, `PORT_TAKEN`, `SERVER_TOKEN_INVALID`
   */
  serve(options?: ServeOptions): Promise<AsyncDisposable>;
}

/** Which run is gone on with, from where, and with which other parameters. */
export type ResumeOptions<S extends ParamSpec> = ResumeChoice & { readonly params?: Partial<ParamsIn<S>> } & RunOptions;
