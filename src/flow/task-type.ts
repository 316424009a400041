import type { Duration } from '../base/duration.js';
import type { Asset } from '../model/asset.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { Check } from '../model/check.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { Notification } from '../model/notification.js';
import type { ResultStore } from '../model/result-store.js';
import type { RetryPolicy } from '../model/retry-policy.js';
import type { Serializer } from '../model/serializer.js';
import type { Target } from '../model/target.js';
import type { TaskHooks } from '../model/task-hooks.js';
import type { TriggerRule } from '../model/trigger-rule.js';
import type { Args, Future, OutputsFuture, Upstream } from './future.js';
import type { MapArgs, MapOptions, MappedFuture } from './mapped-future.js';

// biome-ignore lint/suspicious/noExplicitAny: a task takes functions of every signature
export type AnyArgs = readonly any[];
export type Outputs = { readonly [name: string]: Serializer };

export interface TaskOptions<A extends AnyArgs, R, O extends Outputs | undefined = undefined> {
  /**
   * A name, or a function of the arguments that gives each task run a readable one.
   * @default the function's own name, else the variable the task is assigned to (S0)
   */
  name?: string | ((...args: A) => string);
  description?: string;
  tags?: readonly string[];
  /** Replaces the digest of the task's code in cache keys. */
  version?: string;
  /**
   * Variables of an enclosing function that the body uses, `{ rate, region }`: their values count in cache keys. Without them, and without a
   * `version`, a task that uses such variables is not reused across runs (S22).
   */
  captures?: Readonly<Record<string, unknown>>;
  /** Reuse of results across runs (S20). @default the flow's, which has none unless told */
  cache?: CachePolicy | false;
  /** Whether the result is stored, so that the run can be inspected and resumed (S19). @default true */
  persist?: boolean;
  /** @default the flow's store, else the project's */
  store?: ResultStore;
  /** @default json() */
  serializer?: Serializer<R>;
  /** When it runs, given how what it depends on has ended (S11). @default 'all-success' */
  trigger?: TriggerRule;
  /** With a rule that runs after failures: those failures count as handled and do not fail the run (S12). @default false */
  handles?: boolean;
  /** Whether a skipped upstream skips it. @default true for 'all-success'; else as the rule says */
  skipOnUpstreamSkip?: boolean;
  /** How often, and when, a failed attempt is followed by another (S13). @default the flow's, else 0 */
  retries?: number | RetryPolicy;
  /** For one attempt: its signal is aborted, and it counts as failed. A function that never awaits cannot be stopped. `Infinity`: none. @default the flow's, else none */
  timeout?: Duration;
  /** Data-quality checks on the result: one of severity `fail` that does not pass fails the attempt; all are recorded. */
  checks?: readonly Check<NoInfer<R>>[];
  /** Named limits that it shares with other tasks, in all runs of the process (S14). */
  limit?: ConcurrencyLimit | readonly ConcurrencyLimit[];
  /** Of tasks that could start, the one with the higher number does. @default the flow's, else 0 */
  priority?: number;
  hooks?: TaskHooks<NoInfer<R>>;
  /** What it makes, for flows that run `on` it: renewed each time the task ends in success, not when an earlier result is reused. */
  renews?: Asset | readonly Asset[];
  /** Who is told that a task run failed for good; as their `on` says, also of its `success`, and of each `retry`. @default nobody */
  notify?: Notification | readonly Notification[];
  /**
   * Where the result shall lie (S26): a path with placeholders, `'out/{param.model}/{date:yyyy-MM-dd}.csv'`; a function of the arguments that gives
   * a path; or a place that is no file, such as `sqlTable(…)`. Placeholders are `{flow}`, `{task}`, `{run}`, `{param.x}`, `{input.x}`,
   * `{map.index}` and `{date:…}` (tokens of date-fns, over the run's start, local time). A path is relative to the task's, or flow's, `store` where
   * one is named, else to the project's root folder. The extension says the format unless `serializer` does. Where nothing is said about `cache`,
   * `cache.default` counts: what is complete is not computed again. Not together with `outputs`.
   */
  target?: string | ((...args: A) => string) | Target<NoInfer<R>>;
  /** Named outputs, each stored as an artifact of its own; makes the future destructurable. */
  outputs?: O;
}

export interface ExternalOptions {
  /** Where to look. @default the task's store, else the flow's, else the project */
  from?: ResultStore;
  /** From one look to the next. @default '10s' */
  poll?: Duration;
  /** How long to wait; then the task run ends as `timed-out`. @default none */
  timeout?: Duration;
}

type FutureFor<R, O> = O extends Outputs ? OutputsFuture<R, keyof O & keyof R> : Future<R>;

/** A wrapped function: a call in a flow's body gives a future. */
export interface Task<A extends AnyArgs, R, O = undefined> {
  (...args: Args<A>): FutureFor<R, O>;
  /** The function itself: no node, no record, no cache. */
  readonly fn: (...args: A) => R | Promise<R>;
  readonly taskName: string;
  /** One call for each element of the lists; what is the same for all is wrapped in `unmapped` (S8). */
  map(...args: MapArgs<A>): MappedFuture<R>;
  mapWith(options: MapOptions<A>): (...args: MapArgs<A>) => MappedFuture<R>;
  /** The same function under other options; outputs stay as they are. */
  // biome-ignore lint/suspicious/noExplicitAny: options of any outputs
  with(options: Partial<Omit<TaskOptions<A, R, any>, 'outputs'>>): Task<A, R, O>;
  /**
   * The same task for those who rely on others to run it: its results are looked for and never computed. A task with a `target` is complete when
   * that is there, of whatever code and inputs; any other when the record has a result of the same code and inputs. A call waits for it, without a
   * slot.
   * @throws MillraceError `TASK_OPTION_INVALID`
   */
  external(options?: ExternalOptions): Task<A, R, O>;
  /** The same task, whose calls wait for others first. */
  after(...up: Upstream[]): Task<A, R, O>;
}

/** A task, or its name. */
// biome-ignore lint/suspicious/noExplicitAny: a task of any signature
export type TaskRef = string | Task<any, any, any>;
