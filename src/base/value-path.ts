import { describe } from './error.js';
import { latePattern } from './late-pattern.js';

/** How deep a value may nest to be digested or stored: recursion must end in a clear error before the stack does. */
export const MAX_DEPTH = 1_000;

const LONGEST_PATH = 200;

/**
 * Where inside a value something lies, as code would reach it: `.models[2].predict`. Looked up only once something is wrong, so that
 * walking a good value keeps no account of its steps.
 * @param ancestors the containers on the way, outermost first
 * @param tail what follows the innermost of them
 */
export function pathThrough(ancestors: readonly object[], tail: string): string {
  let path = '';
  for (let depth = 1; depth < ancestors.length; depth++) path += stepTo(ancestors[depth - 1] as object, ancestors[depth]);
  path += tail;
  return path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH / 2)} … ${path.slice(-LONGEST_PATH / 2)}` : path;
}

/** One step of a path: from a container to something directly inside it. Runs no getter. Empty when it is not to be found there. */
export function stepTo(parent: object, child: unknown): string {
  if (parent instanceof Map) return stepIntoMap(parent, child);
  if (parent instanceof Set) return `.values()[${[...parent].findIndex((member) => Object.is(member, child))}]`;
  if (Array.isArray(parent)) {
    const index = parent.findIndex((member) => Object.is(member, child));
    if (index >= 0) return `[${index}]`;
  }
  for (const key of Object.getOwnPropertyNames(parent)) {
    if (Object.is(Object.getOwnPropertyDescriptor(parent, key)?.value, child)) return propertyStep(key);
  }
  return '';
}

const NAME = latePattern(String.raw`^[\p{ID_Start}$_][\p{ID_Continue}$]*$`, 'u');

/** `.name`, or `["odd name"]`, or `[Symbol(x)]`. */
export function propertyStep(key: string | symbol): string {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  return NAME().test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** What to call a value that nothing can be done with: `a function`, `a Promise`, `an instance of Model`. */
export function nameKind(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  if (typeof value === 'symbol') return `the symbol ${String(value)}`;
  if (typeof value !== 'object' || value === null) return describe(value);
  const madeBy: unknown = Object.getPrototypeOf(value)?.constructor;
  const name = typeof madeBy === 'function' ? madeBy.name : '';
  return name === '' ? 'an object with a prototype of its own' : `an instance of ${name}`;
}

function stepIntoMap(parent: ReadonlyMap<unknown, unknown>, child: unknown): string {
  let index = 0;
  for (const [key, member] of parent) {
    if (Object.is(member, child)) return typeof key === 'object' || typeof key === 'function' ? `.values()[${index}]` : `.get(${describe(key)})`;
    if (Object.is(key, child)) return `.keys()[${index}]`;
    index++;
  }
  return '';
}
