import type { TaughtForm } from '../base/canonical.js';
import { describe, MillraceError } from '../base/error.js';

/** How instances of a class become plain values and come back. */
export interface ClassTeaching<I, P> {
  /** Written into stored results: it must stay the same for as long as they are to be read. */
  readonly name: string;
  encode(value: I): P;
  decode(plain: P): I;
}

/** A class as the registry keeps it. */
export interface TaughtClass {
  readonly name: string;
  readonly className: string;
  readonly encode: (value: object) => unknown;
  readonly decode: (plain: unknown) => object;
}

interface Registry {
  readonly byPrototype: WeakMap<object, TaughtClass>;
  readonly byName: Map<string, TaughtClass>;
}

const REGISTRY = Symbol.for('millrace.classes');

/** On globalThis, because a flow file and the command line may each load a copy of the package. */
function registry(): Registry {
  const home = globalThis as { [REGISTRY]?: Registry };
  home[REGISTRY] ??= { byPrototype: new WeakMap(), byName: new Map() };
  return home[REGISTRY];
}

/**
 * Teaches the default serializer a class, so that its instances can be results and arguments; subclasses without a teaching of their own
 * are encoded by it too. Registering the same class again, as happens when a module is loaded twice, replaces the earlier teaching.
 * @throws MillraceError `CLASS_NAME_TAKEN` when another class has that name; `CLASS_INVALID` when the arguments are not what they should be
 */
// biome-ignore lint/suspicious/noExplicitAny: a class of any constructor
export function registerClass<C extends abstract new (...args: any[]) => any, P>(taught: C, teaching: ClassTeaching<InstanceType<C>, P>): void {
  if (typeof taught !== 'function' || typeof taught.prototype !== 'object') throw invalid('a class', taught);
  const { name, encode, decode } = teaching;
  if (typeof name !== 'string' || name === '') throw invalid('a name that is not empty', name);
  if (typeof encode !== 'function' || typeof decode !== 'function') throw invalid(`functions 'encode' and 'decode' for '${name}'`, teaching);
  const { byName, byPrototype } = registry();
  const earlier = byName.get(name);
  if (earlier !== undefined && earlier.className !== taught.name) {
    throw new MillraceError(
      'CLASS_NAME_TAKEN',
      `class ${taught.name} cannot be registered as '${name}': that is the name of class ${earlier.className}`,
      {
        hint: 'Give each class a name of its own.',
      },
    );
  }
  const entry: TaughtClass = {
    name,
    className: taught.name,
    encode: (value) => teaching.encode(value as InstanceType<C>),
    decode: (plain) => teaching.decode(plain as P),
  };
  byName.set(name, entry);
  byPrototype.set(taught.prototype as object, entry);
}

/** The nearest teaching up an instance's prototype chain. */
export function findTaughtClass(instance: object): TaughtClass | undefined {
  const { byPrototype } = registry();
  for (let prototype = Object.getPrototypeOf(instance); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const taught = byPrototype.get(prototype);
    if (taught !== undefined) return taught;
  }
  return undefined;
}

export function findClassByName(name: string): TaughtClass | undefined {
  return registry().byName.get(name);
}

/** What `valueDigest` takes to know instances of taught classes. */
export function taughtForm(instance: object): TaughtForm | undefined {
  const taught = findTaughtClass(instance);
  return taught === undefined ? undefined : { name: taught.name, form: taught.encode(instance) };
}

function invalid(expected: string, got: unknown): MillraceError {
  return new MillraceError('CLASS_INVALID', `registerClass expected ${expected}; got ${describe(got)}`);
}
