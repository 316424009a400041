import { types } from 'node:util';

type AnyError = { readonly prototype: Error };

interface KnownErrors {
  readonly prototypes: Map<string, object>;
  readonly names: WeakMap<object, string>;
}

const KNOWN = Symbol.for('millrace.errors');

/** On globalThis: each copy of the package has error classes of its own, and stores them under the same names. */
function known(): KnownErrors {
  const home = globalThis as { [KNOWN]?: KnownErrors };
  home[KNOWN] ??= { prototypes: new Map(), names: new WeakMap() };
  return home[KNOWN];
}

/** Errors of this class are stored, and come back, as what they are. The name must stay the same for as long as they are to be read. */
export function knowError(name: string, errorClass: AnyError): void {
  const { prototypes, names } = known();
  prototypes.set(name, errorClass.prototype);
  names.set(errorClass.prototype, name);
}

for (const builtin of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError])
  knowError(builtin.name, builtin);

/** What an error counts as. */
export interface ErrorClass {
  /** Of the nearest class that is known. */
  readonly name: string;
  /** It is of that very class, and not of one derived from it. */
  readonly isExact: boolean;
}

/** DOMException is an error, if not to the engine that JavaScript runs in: what a signal is aborted with. */
export function isDomException(value: unknown): value is DOMException {
  return value instanceof DOMException;
}

/** Undefined for what is no error: made with `Object.create`, say. */
export function errorClassOf(value: object): ErrorClass | undefined {
  if (isDomException(value)) return { name: 'DOMException', isExact: Object.getPrototypeOf(value) === DOMException.prototype };
  if (!types.isNativeError(value)) return undefined;
  const { names } = known();
  let isExact = true;
  for (let prototype: object | null = Object.getPrototypeOf(value); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const name = names.get(prototype);
    if (name !== undefined) return { name, isExact };
    isExact = false;
  }
  // Of another realm (`node:vm`).
  return { name: 'Error', isExact: false };
}

/** An error of a known class, without a message; undefined for a name that is not known here. */
export function blankError(className: string): Error | undefined {
  const prototype = known().prototypes.get(className);
  return prototype && (Object.setPrototypeOf(new Error(), prototype) as Error);
}

/** Stored and digested each in its own way. */
const APART: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause']);

/** What an error says beyond class, name, message, stack, cause and the errors it gathers: `code`, `path` … */
export function errorProperties(error: Error): { readonly shown: readonly string[]; readonly hidden: readonly string[] } {
  const gathers = error instanceof AggregateError;
  const [shown, hidden]: [string[], string[]] = [[], []];
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
    if (APART.has(key) || (gathers && key === 'errors')) continue;
    if (descriptor.enumerable) shown.push(key);
    // Accessors that nobody lists are the engine's, or a library's way to work something out.
    else if ('value' in descriptor) hidden.push(key);
  }
  return { shown, hidden };
}
