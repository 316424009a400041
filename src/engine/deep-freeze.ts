import { types } from 'node:util';

/**
 * Freezes plain data all the way down, so that a task that changes its inputs fails (S16). Typed arrays and class instances cannot be frozen
 * faithfully and are left alone, and so are proxies, which answer as they like: a DataFrame of polars, for one, throws.
 */
export function deepFreeze(value: unknown): unknown {
  const stack = [value];
  // What is frozen already may hold what is not.
  const seen = new Set<object>();
  while (stack.length > 0) {
    const next = stack.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    const prototype = Object.getPrototypeOf(next) as unknown;
    if (types.isProxy(next)) continue;
    if (!Array.isArray(next) && prototype !== Object.prototype && prototype !== null) continue;
    Object.freeze(next);
    for (const child of Array.isArray(next) ? next : Object.values(next)) stack.push(child);
  }
  return value;
}
