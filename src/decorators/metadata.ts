import 'reflect-metadata';
import { MillraceError } from '../base/error.js';

/**
 * Taken once, when this module is loaded: an older copy of reflect-metadata (before 0.2) that is loaded later puts its own functions, with
 * storage of their own, in their place, and what was written before could not be read any more.
 */
const { defineMetadata, getOwnMetadata } = Reflect;

/** Where it is noted which objects carry metadata of ours, by whichever copy of the library: shared by every copy of this package. */
const TAGGED = Symbol.for('millrace.decorators.tagged');

function tagged(): WeakSet<object> {
  const shared = globalThis as { [TAGGED]?: WeakSet<object> };
  shared[TAGGED] ??= new WeakSet();
  return shared[TAGGED];
}

/** One kind of note, on one kind of object: options on a method's function, on a class, on what has fields. */
export interface Tag<T> {
  put(target: object, value: T): void;
  /** What was put on this very object, not on what it inherits from. @throws MillraceError `METADATA_UNREACHABLE` */
  get(target: object): T | undefined;
}

/** Only keys of our own: `design:*` metadata is missing under most compilers. */
export function createTag<T>(name: string): Tag<T> {
  const key = Symbol.for(`millrace.decorators.${name}`);
  return {
    put(target, value) {
      defineMetadata(key, value, target);
      tagged().add(target);
    },
    get(target) {
      const value = getOwnMetadata(key, target) as T | undefined;
      if (value === undefined && tagged().has(target)) throw unreachable(target);
      return value;
    },
  };
}

function unreachable(target: object): MillraceError {
  const what = typeof target === 'function' ? `'${target.name}'` : `the fields of ${target.constructor.name || 'a class'}`;
  return new MillraceError('METADATA_UNREACHABLE', `expected to read what was noted about ${what}; it lies in another copy of reflect-metadata`, {
    hint: 'Two copies are installed, of which one is older than 0.2: `npm ls reflect-metadata` shows who brings it.',
  });
}
