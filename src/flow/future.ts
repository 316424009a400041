import type { FinalState } from '../model/final-state.js';
import type { TaskState } from '../model/states.js';
import type { TaskError } from '../model/task-error.js';

declare const FUTURE: unique symbol;

/** Futures to wait for. */
export type Upstream = Future<unknown> | readonly Future<unknown>[];

/**
 * A lazy, typed handle on a task run. It can be awaited, but holds no promise until somebody does, so one that fails unawaited never
 * raises `unhandledRejection` (S5).
 */
export interface Future<T> extends PromiseLike<T> {
  readonly [FUTURE]: T;
  /** Unique in its run, the same from run to run: `clean#2`. */
  readonly id: string;
  readonly taskName: string;
  /** As it is now; never throws. */
  readonly state: TaskState;
  /** A part of the result: an edge with an accessor, no task run of its own. */
  get<K extends keyof T & (string | number)>(key: K): Future<T[K]>;
  /** Waits for others without taking their data. @throws MillraceError `AFTER_STARTED`, `GRAPH_CYCLE` */
  after(...up: Upstream[]): this;
  /** The final state as a value, in the graph; consumes a failure. */
  outcome(): Future<FinalState<T>>;
  /** The value, or the fallback when the task failed or was skipped, in the graph; consumes the failure. */
  orElse<U>(fallback: Arg<U>): Future<T | U>;
  /** Rejects with a `TaskError`. */
  result(): Promise<T>;
  /** Never rejects. */
  settled(): Promise<FinalState<T>>;
  catch<U = never>(onFailure: (error: TaskError) => U | PromiseLike<U>): Promise<T | U>;
  finally(onEnd: () => void): Promise<T>;
}

/** Future of a task with named outputs: destructures into a future of each. */
export type OutputsFuture<R, K extends keyof R> = Future<R> & { readonly [P in K]: Future<R[P]> };

/** Types in which no future is looked for. */
export type Leaf =
  | string
  | number
  | boolean
  | bigint
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | Error
  | ArrayBufferLike
  | ArrayBufferView
  | Blob
  | URL
  | AbortSignal
  | ((...a: never[]) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ReadableStream
  | AsyncIterable<unknown>
  | Promise<unknown>;

/** An argument position accepts the value, a future of it, or a plain container with futures inside (four levels in the types, eight when running). */
export type Arg<T, D extends unknown[] = [1, 1, 1, 1]> =
  | T
  | Future<T>
  | (unknown extends T
      ? never
      : D extends [unknown, ...infer N]
        ? T extends Leaf
          ? never
          : T extends readonly unknown[]
            ? { [K in keyof T]: Arg<T[K], N> }
            : T extends object
              ? { [K in keyof T]: Arg<T[K], N> }
              : never
        : never);
export type Args<A extends readonly unknown[]> = { [K in keyof A]: Arg<A[K]> };

export type Resolved<T> = T extends Future<infer U> ? U : T extends PromiseLike<infer U> ? U : T;

/** True when a future stands somewhere inside. */
type HasFuture<T, D extends unknown[] = [1, 1, 1, 1]> = unknown extends T
  ? false
  : // biome-ignore lint/suspicious/noExplicitAny: any promise
    T extends PromiseLike<any>
    ? true
    : D extends [unknown, ...infer N]
      ? T extends Leaf
        ? false
        : T extends object
          ? true extends { [K in keyof T]: HasFuture<T[K], N> }[keyof T]
            ? true
            : false
          : false
      : false;

/** What a flow gives: futures replaced at any depth; an object that holds none keeps its identity (class instances, branded types). */
export type BodyResult<R> =
  R extends PromiseLike<infer U> ? BodyResult<U> : true extends HasFuture<R> ? { -readonly [K in keyof R]: BodyResult<R[K]> } : R;
