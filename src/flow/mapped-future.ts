import type { FinalState } from '../model/final-state.js';
import type { Arg, Future } from './future.js';
import type { Unmapped } from './unmapped.js';

/** An argument of a map: a list, a future of one, or the same for all. */
export type MapArg<T> = readonly Arg<T>[] | Future<readonly T[]> | Unmapped<Arg<T>>;
export type MapArgs<A extends readonly unknown[]> = { [K in keyof A]: MapArg<A[K]> };

// biome-ignore lint/suspicious/noExplicitAny: arguments of every kind
export interface MapOptions<A extends readonly any[] = readonly any[]> {
  /** Children at the same time. @default as the run allows */
  concurrency?: number;
  /** More children than this fail the map before any of them runs. @default the run's, else none */
  maxSplits?: number;
  /** Names a child by its arguments instead of by its place: `score#0[berlin]`. */
  key?: (...args: A) => string;
}

/** Future of a task called once for each element: the list of results, in the order of the elements. */
export interface MappedFuture<T> extends Future<T[]> {
  /** Known as soon as the lists are, before any child has run. */
  readonly length: Future<number>;
  /**
   * One element, from the end where negative: waits for no other, and ends as its call does, whatever becomes of the others. Outside of the list
   * it fails with `MAP_INDEX_OUT_OF_RANGE`.
   * @throws MillraceError `MAP_INDEX_INVALID` for what is no whole number
   */
  at(index: number): Future<T>;
  /** Never fails: one final state per element, in order; consumes the failures. */
  states(): Future<FinalState<T>[]>;
  /** The values that succeeded, in order; consumes the failures. */
  successes(): Future<T[]>;
}
