import type { Duration } from '../base/duration.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { Check } from '../model/check.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { ResultStore } from '../model/result-store.js';
import type { RetryPolicy } from '../model/retry-policy.js';
import type { Serializer } from '../model/serializer.js';
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
  /** Named outputs, each stored as an artifact of its own; makes the future destructurable. */
  outputs?: O;
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
  /** The same task, whose calls wait for others first. */
  after(...up: Upstream[]): Task<A, R, O>;
}

/** A task, or its name. */
// biome-ignore lint/suspicious/noExplicitAny: a task of any signature
export type TaskRef = string | Task<any, any, any>;
