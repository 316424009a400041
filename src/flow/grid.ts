import { describe, MillraceError } from '../base/error.js';

/**
 * Every combination of the listed values, for `map` and `compare`. Keys are taken in sorted order and the last varies fastest, so that the
 * order does not depend on how the grid was written. A key with an empty list gives no combination at all.
 *
 * @example grid({ model: ['svc', 'knn'], depth: [3, 6] }) // depth 3 svc, depth 3 knn, depth 6 svc, depth 6 knn
 * @throws MillraceError `GRID_INVALID` when a key has no list
 */
export function grid<const G extends { readonly [key: string]: readonly unknown[] }>(lists: G): { -readonly [K in keyof G]: G[K][number] }[] {
  if (typeof lists !== 'object' || lists === null) {
    throw new MillraceError('GRID_INVALID', `expected grid(lists) with an object of lists by name; got ${describe(lists)}`);
  }
  let combinations: Record<string, unknown>[] = [{}];
  for (const key of Object.keys(lists).sort()) {
    const values = lists[key];
    if (!Array.isArray(values)) throw new MillraceError('GRID_INVALID', `expected a list of values for '${key}' of a grid; got ${describe(values)}`);
    combinations = combinations.flatMap((combination) => values.map((value) => ({ ...combination, [key]: value })));
  }
  return combinations as { -readonly [K in keyof G]: G[K][number] }[];
}
