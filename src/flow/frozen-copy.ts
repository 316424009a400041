import { UNSAFE_NAMES } from './param.js';

/**
 * Parameters are immutable in a run (S18): plain objects and arrays are copied and frozen at every depth, so that the caller's own are not.
 * Keys that could reach a prototype are dropped. Class instances, maps and the like cannot be copied faithfully and stay as they are.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value, new Map()) as T;
}

function copy(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    seen.set(value, list);
    for (const element of value) list.push(copy(element, seen));
    return Object.freeze(list);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const object = Object.create(prototype) as Record<string, unknown>;
  seen.set(value, object);
  for (const [key, entry] of Object.entries(value)) if (!UNSAFE_NAMES.has(key)) object[key] = copy(entry, seen);
  return Object.freeze(object);
}
