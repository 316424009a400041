import { ALL } from './derived.js';
import type { Future, Resolved } from './future.js';
import { derive } from './node-future.js';

/** Many futures as one: a future of the list, or object, of their values. */
export function all<const T extends readonly unknown[]>(values: T): Future<{ -readonly [K in keyof T]: Resolved<T[K]> }> {
  return derive(ALL, [values]) as unknown as Future<{ -readonly [K in keyof T]: Resolved<T[K]> }>;
}
