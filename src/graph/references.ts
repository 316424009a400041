import { types } from 'node:util';
import { MillraceError } from '../base/error.js';
import { isRef, type Path, pathText, type Ref } from './ref.js';

/** How deep plain containers are searched for references (S1). */
const MAX_DEPTH = 8;

/** What stands at a place inside the arguments: its argument's position and the keys below it. */
export type VisitReference = (ref: Ref, position: number, path: Path | undefined) => void;

/**
 * Finds every reference in the arguments of a call: as an argument itself, or nested in plain objects and arrays.
 * @throws MillraceError `FUTURE_MISPLACED` for one inside a Map, a Set or a class instance, where it could not be replaced by its value
 */
export function visitReferences(args: readonly unknown[], names: readonly string[], visit: VisitReference): void {
  for (let position = 0; position < args.length; position++) {
    const arg = args[position];
    if (typeof arg !== 'object' || arg === null) continue;
    if (isRef(arg)) visit(arg, position, undefined);
    else search({ name: () => names[position] ?? `argument ${position + 1}`, position, visit, seen: undefined }, arg, [], 1);
  }
}

interface Search {
  readonly name: () => string;
  readonly position: number;
  readonly visit: VisitReference;
  /** Containers with containers inside: only those can lead back to themselves, so rows of plain values are never put here. */
  seen: Set<object> | undefined;
}

function search(state: Search, container: object, path: readonly (string | number)[], depth: number): void {
  if (!isPlain(container)) return refuseHidden(state, container, path);
  const visitChild = (key: string | number, child: unknown): void => {
    if (typeof child !== 'object' || child === null) return;
    if (isRef(child)) return state.visit(child, state.position, [...path, key]);
    if (depth >= MAX_DEPTH || ArrayBuffer.isView(child)) return;
    state.seen ??= new Set();
    state.seen.add(container);
    if (!state.seen.has(child)) search(state, child, [...path, key], depth + 1);
  };
  if (Array.isArray(container)) for (let i = 0; i < container.length; i++) visitChild(i, container[i]);
  else for (const key of Object.keys(container)) visitChild(key, (container as Record<string, unknown>)[key]);
}

function refuseHidden(state: Search, container: object, path: Path): void {
  if (!hidesReference(container)) return;
  const kind = container instanceof Map ? 'a Map' : container instanceof Set ? 'a Set' : `an instance of ${container.constructor?.name || 'a class'}`;
  throw new MillraceError(
    'FUTURE_MISPLACED',
    `expected futures as arguments or inside plain objects and arrays; '${pathText(state.name(), path)}' is ${kind} with a future inside`,
    { hint: 'Pass the future as an argument of its own, or await it first.' },
  );
}

/** How many containers are looked into for a reference that must not be there: what people write has few, what they pass may have millions. */
const MAX_LOOKED_INTO = 100;

function hidesReference(container: object): boolean {
  const containers = [container];
  for (let at = 0; at < containers.length; at++) {
    for (const member of membersOf(containers[at] as object)) {
      if (typeof member !== 'object' || member === null) continue;
      if (isRef(member)) return true;
      if (containers.length < MAX_LOOKED_INTO) containers.push(member);
    }
  }
  return false;
}

/** What lies directly inside; runs no getter. */
function* membersOf(container: object): Generator<unknown> {
  if (ArrayBuffer.isView(container)) return;
  if (container instanceof Map) yield* container.keys();
  if (container instanceof Map || container instanceof Set) yield* container.values();
  else for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(container))) if ('value' in descriptor) yield descriptor.value;
}

export function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return (prototype === Object.prototype || prototype === null) && !isNamedProxy(value);
}

/** A DataFrame of polars pretends to be a plain object, and throws when all its properties are read; its `Symbol.toStringTag` gives it away. */
function isNamedProxy(value: object): boolean {
  return types.isProxy(value) && Reflect.get(value, Symbol.toStringTag) !== undefined;
}

/** Answers with what shall stand in an object's place, or with `KEEP`. */
export type Replace = (value: object) => unknown;
export const KEEP = Symbol('keep');

/** A replacement for references alone. */
export function replacingReferences(resolve: (ref: Ref) => unknown): Replace {
  return (value) => (isRef(value) ? resolve(value) : KEEP);
}

/**
 * The value with objects replaced, as deep as `visitReferences` looks. Containers in which nothing is replaced keep their identity;
 * those of the caller are never written to.
 */
export function replaceDeep(value: unknown, replace: Replace, depth = 0, copies?: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const replacement = replace(value);
  if (replacement !== KEEP) return replacement;
  if (!isSearchable(value, depth)) return value;
  const known = copies?.get(value);
  if (known) return known;
  if (!needsCopy(value, replace, depth)) return value;
  const copy = Array.isArray(value) ? [] : (Object.create(Object.getPrototypeOf(value) as object | null) as object);
  const made = (copies ?? new Map<object, object>()).set(value, copy);
  for (const key of Object.keys(value)) {
    const child = replaceDeep((value as Record<string, unknown>)[key], replace, depth + 1, made);
    // A list may hold thousands of futures, and to define a property takes ten times as long as to assign it.
    if (Array.isArray(copy) && key !== '__proto__') (copy as unknown as Record<string, unknown>)[key] = child;
    else Object.defineProperty(copy, key, { value: child, writable: true, enumerable: true, configurable: true });
  }
  return copy;
}

/** Whether a container that is no reference itself has one inside, as deep as `visitReferences` looks. */
export function holdsReference(container: object): boolean {
  return isSearchable(container, 0) && needsCopy(container, FORGET_REFERENCES, 0);
}

const FORGET_REFERENCES = replacingReferences(() => undefined);

/** @param seen containers inside containers: most hold none, and there are very many of those */
function needsCopy(container: object, replace: Replace, depth: number, seen?: Set<object>): boolean {
  let known = seen;
  for (const child of Array.isArray(container) ? container : Object.values(container)) {
    if (typeof child !== 'object' || child === null) continue;
    if (replace(child as object) !== KEEP) return true;
    if (!isSearchable(child as object, depth + 1) || known?.has(child as object)) continue;
    known ??= new Set();
    known.add(child as object);
    if (needsCopy(child as object, replace, depth + 1, known)) return true;
  }
  return false;
}

/** A reference that is kept is a leaf: a trace's placeholder must not be looked into. */
function isSearchable(value: object, depth: number): boolean {
  return depth < MAX_DEPTH && !ArrayBuffer.isView(value) && isPlain(value) && !isRef(value);
}
