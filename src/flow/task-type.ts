import type { CachePolicy } from '../model/cache-policy.js';
import type { ResultStore } from '../model/result-store.js';
import type { Serializer } from '../model/serializer.js';
import type { Args, Future, OutputsFuture, Upstream } from './future.js';

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
  /** Reuse of results across runs (S20). @default the flow's, which has none unless told */
  cache?: CachePolicy | false;
  /** Whether the result is stored, so that the run can be inspected and resumed (S19). @default true */
  persist?: boolean;
  /** @default the flow's store, else the project's */
  store?: ResultStore;
  /** @default json() */
  serializer?: Serializer<R>;
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
  /** The same function under other options; outputs stay as they are. */
  // biome-ignore lint/suspicious/noExplicitAny: options of any outputs
  with(options: Partial<Omit<TaskOptions<A, R, any>, 'outputs'>>): Task<A, R, O>;
  /** The same task, whose calls wait for others first. */
  after(...up: Upstream[]): Task<A, R, O>;
}

/** A task, or its name. */
// biome-ignore lint/suspicious/noExplicitAny: a task of any signature
export type TaskRef = string | Task<any, any, any>;
