import type { ReadSink } from '../model/file-read.js';
import { hub } from './disk.js';

/** Any function, as it is found on an object that is not ours. */
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** How a function gives what it gives. */
export type Style = 'sync' | 'callback' | 'promise';

/** One call of a reading or writing function. */
export interface Call {
  readonly sink: ReadSink;
  readonly args: readonly unknown[];
  readonly self: unknown;
  readonly style: Style;
  /** For notes to keep what `before` found for `after`. */
  kept?: unknown;
}

/** What is noted of a call. What it throws is passed over: a task must not fail because it is observed. */
export interface Notes {
  before?(call: Call): void;
  /** When it has given something; with what. */
  after?(call: Call, result: unknown): void;
  /** In place of `after`, when it failed. */
  failed?(call: Call): void;
  /** It calls a function of the caller's while it works, which may read too. */
  readonly callsBack?: boolean;
}

/**
 * The function, which tells of each call whose code has a sink. For all others it is one look-up dearer. It keeps its name, its length, its
 * properties, its `this`, and its failures.
 */
export function wrap(original: AnyFunction, style: Style, notes: Notes): AnyFunction {
  const wrapper: AnyFunction = function (...args) {
    const sink = hub.quiet > 0 ? undefined : hub.current();
    if (sink === undefined) return Reflect.apply(original, this, args);
    const call: Call = { sink, args, self: this, style };
    note(notes.before, call);
    if (notes.callsBack) return CALLS[style](original, call, notes);
    // What the function calls in its turn has been told already.
    hub.quiet++;
    try {
      return CALLS[style](original, call, notes);
    } finally {
      hub.quiet--;
    }
  };
  for (const key of Reflect.ownKeys(original)) {
    if (key !== 'prototype') Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(original, key) as PropertyDescriptor);
  }
  return wrapper;
}

const CALLS: Readonly<Record<Style, (original: AnyFunction, call: Call, notes: Notes) => unknown>> = {
  sync(original, call, notes) {
    let result: unknown;
    try {
      result = Reflect.apply(original, call.self, call.args);
    } catch (error) {
      note(notes.failed, call);
      throw error;
    }
    note(notes.after, call, result);
    return result;
  },

  promise(original, call, notes) {
    const promise = Reflect.apply(original, call.self, call.args);
    if (notes.after === undefined || !(promise instanceof Promise)) return promise;
    return promise.then(
      (result) => {
        note(notes.after, call, result);
        return result;
      },
      (error) => {
        note(notes.failed, call);
        throw error;
      },
    );
  },

  callback(original, call, notes) {
    const last = call.args.at(-1);
    if (notes.after === undefined || typeof last !== 'function') return Reflect.apply(original, call.self, call.args);
    const told: AnyFunction = function (error, result, ...more) {
      note(error ? notes.failed : notes.after, call, result);
      return Reflect.apply(last, this, [error, result, ...more]);
    };
    return Reflect.apply(original, call.self, [...call.args.slice(0, -1), told]);
  },
};

function note(noted: ((call: Call, result: unknown) => void) | undefined, call: Call, result?: unknown): void {
  if (noted === undefined) return;
  hub.quiet++;
  try {
    noted(call, result);
  } catch {
    // An argument of a kind that the function refuses, say: it does so by itself.
  } finally {
    hub.quiet--;
  }
}
