import { isNativeError } from 'node:util/types';
import { knowError } from './error-class.js';

/** What every error of Millrace has: a stable `code`, a sentence that says what was expected and what came, and often what to do. */
export interface MillraceErrorOptions {
  readonly cause?: unknown;
  /** One sentence that says what to do; printed on a line of its own. */
  readonly hint?: string;
}

/**
 * The base of all errors thrown by Millrace. Programs look at `code`, which never changes once published; people read `message`.
 * Subclasses exist only where users catch them by class or need their fields.
 */
export class MillraceError extends Error {
  readonly code: string;
  /** `declare`: an error without one has no such field, so that what Node prints of it is not cluttered. */
  declare readonly hint: string | undefined;

  constructor(code: string, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

knowError('MillraceError', MillraceError);

/**
 * A thrown value as an Error that can be read without care: user code may throw strings, undefined, or objects whose getters throw in their
 * turn. What was thrown is its `cause`, unless reading that would throw.
 */
export function asError(thrown: unknown): Error {
  if (isReadableError(thrown)) return thrown;
  return new MillraceError('THROWN_NON_ERROR', `a value that is not an Error was thrown: ${describe(thrown)}`, {
    hint: 'Throw an Error: it tells where it comes from.',
    ...(isReadable(thrown) ? { cause: thrown } : {}),
  });
}

/** Errors of another realm (`node:vm`) count. */
function isReadableError(thrown: unknown): thrown is Error {
  try {
    if (!(thrown instanceof Error) && !isNativeError(thrown)) return false;
    return typeof thrown.name === 'string' && typeof thrown.message === 'string' && isReadable(thrown);
  } catch {
    return false;
  }
}

/** Whether the fields that are looked at when an error is printed or recorded can be looked at. */
function isReadable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  try {
    for (const field of ['name', 'message', 'stack', 'cause', 'code', 'hint', 'errors']) Reflect.get(value, field);
    return true;
  } catch {
    return false;
  }
}

/** Parts of an AggregateError that are told. */
const MAX_PARTS = 5;

/** What an error says. One that is made of several says nothing by itself ("All promises were rejected"): what these say, a line each. */
export function messageOf(error: Error): string {
  if (!(error instanceof AggregateError) || !Array.isArray(error.errors) || error.errors.length === 0) return error.message;
  const parts = error.errors.slice(0, MAX_PARTS).map((part) => `- ${asError(part).message}`);
  const more = error.errors.length - parts.length;
  return [error.message || 'several errors', ...parts, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n');
}

/** A short, safe rendering of any value for messages; never throws, never long. */
export function describe(value: unknown, maxLength = 80): string {
  let text: string;
  try {
    text = rendered(value);
  } catch {
    text = tagOf(value);
  }
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

function rendered(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return value.name ? `function ${value.name}` : 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return tagOf(value);
  const text = JSON.stringify(value);
  // Of instances that keep their data from JSON (a Response, an Event) at least the class is told.
  return text === undefined || (text === '{}' && !isPlainObject(value)) ? tagOf(value) : text;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** `[object Map]`, `[object Response]`; a proxy may refuse even that. */
function tagOf(value: unknown): string {
  try {
    const { name } = (value as object).constructor;
    return name === 'Object' || name === '' ? Object.prototype.toString.call(value) : `[object ${name}]`;
  } catch {
    return 'an object that cannot be read';
  }
}
