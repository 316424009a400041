import { VIEW_CLASSES } from '../base/builtin-kind.js';
import { describe, MillraceError } from '../base/error.js';
import { blankError } from '../base/error-class.js';
import { findClassByName } from './class-registry.js';
import { ESCAPE_KEY, type Escape, type EscapeKind, setOwn } from './json-escape.js';

/**
 * Puts the values back that were escaped, in place: the tree comes fresh from `JSON.parse` and belongs to nobody yet.
 * @throws MillraceError `RESULT_UNREADABLE` for an escape that means nothing, `CLASS_UNKNOWN` for a class not registered in this process
 */
export function revive(node: unknown): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) {
    for (let index = 0; index < node.length; index++) node[index] = revive(node[index]);
    return node;
  }
  if (Object.hasOwn(node, ESCAPE_KEY)) return reviveEscape(node as Escape);
  for (const key of Object.keys(node)) {
    const member = (node as Record<string, unknown>)[key];
    if (typeof member === 'object' && member !== null) setOwn(node, key, revive(member));
  }
  return node;
}

function reviveEscape(node: Escape): unknown {
  const reviver = Object.hasOwn(REVIVERS, node[ESCAPE_KEY]) ? REVIVERS[node[ESCAPE_KEY]] : undefined;
  if (reviver === undefined) throw meaningless(node);
  return reviver(node);
}

const REVIVERS: Readonly<Record<EscapeKind, (node: Escape) => unknown>> = {
  undefined: () => undefined,
  number: (node) => Number(text(node, 'value')),
  bigint: (node) => BigInt(text(node, 'value')),
  Date: (node) => new Date(node.value === null ? Number.NaN : text(node, 'value')),
  Map: (node) => new Map(list(node, 'entries').map((entry) => revive(entry) as [unknown, unknown])),
  Set: (node) => new Set(list(node, 'values').map(revive)),
  URL: (node) => new URL(text(node, 'value')),
  RegExp: reviveRegExp,
  Error: reviveError,
  ArrayBuffer: (node) => ownBuffer(text(node, 'base64')),
  View: reviveView,
  Object: (node) => assign({}, list(node, 'entries')),
  NullObject: (node) => Object.setPrototypeOf(revive(node.value), null),
  Class: reviveClass,
};

function reviveRegExp(node: Escape): RegExp {
  const pattern = new RegExp(text(node, 'source'), text(node, 'flags'));
  if (typeof node.lastIndex === 'number') pattern.lastIndex = node.lastIndex;
  return pattern;
}

function reviveError(node: Escape): Error {
  const className = text(node, 'class');
  if (className === 'DOMException') return reviveDomException(node);
  const error = blankError(className);
  if (error === undefined) throw meaningless(node);
  for (const key of ['message', 'stack', 'cause', 'errors']) {
    if (Object.hasOwn(node, key)) hide(error, key, revive(node[key]));
    else if (key === 'stack') hide(error, key, undefined);
  }
  // Errors of Millrace show their name, as those of most libraries do.
  if (Object.hasOwn(node, 'name')) hide(error, 'name', revive(node.name), node.showsName === true);
  if (Object.hasOwn(node, 'hidden')) for (const [key, value] of list(node, 'hidden') as [string, unknown][]) hide(error, key, revive(value));
  return Object.hasOwn(node, 'properties') ? assign(error, list(node, 'properties')) : error;
}

function reviveDomException(node: Escape): Error {
  const error = new DOMException(text(node, 'message'), text(node, 'name'));
  for (const key of ['stack', 'cause']) if (Object.hasOwn(node, key)) hide(error, key, revive(node[key]));
  return error;
}

function hide(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable, configurable: true });
}

function reviveView(node: Escape): ArrayBufferView {
  const name = text(node, 'class');
  if (name === 'Buffer') return Buffer.from(text(node, 'base64'), 'base64');
  const viewClass = VIEW_CLASSES.get(name);
  if (viewClass === undefined) throw meaningless(node);
  return new viewClass(ownBuffer(text(node, 'base64')));
}

function reviveClass(node: Escape): unknown {
  const name = text(node, 'name');
  const taught = findClassByName(name);
  if (taught !== undefined) return taught.decode(revive(node.value));
  throw new MillraceError('CLASS_UNKNOWN', `the stored result holds an instance of '${name}', and no class is registered by that name here`, {
    hint: `Import the module that calls registerClass(…, { name: '${name}' … }) before the result is read.`,
  });
}

/** Buffer takes small pieces from a shared pool; a value must own all of its `buffer`. */
function ownBuffer(base64: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(base64, 'base64')).buffer;
}

function assign<T extends object>(target: T, entries: readonly unknown[]): T {
  for (const entry of entries) {
    const [key, value] = entry as readonly [string, unknown];
    setOwn(target, key, revive(value));
  }
  return target;
}

function text(node: Escape, part: string): string {
  const value = node[part];
  if (typeof value !== 'string') throw meaningless(node);
  return value;
}

function list(node: Escape, part: string): readonly unknown[] {
  const value = node[part];
  if (!Array.isArray(value)) throw meaningless(node);
  return value;
}

function meaningless(node: Escape): MillraceError {
  return new MillraceError('RESULT_UNREADABLE', `the stored JSON holds an escape this version cannot read: ${describe(node)}`, {
    hint: 'It was written by a newer Node or Millrace, or by something else.',
  });
}
