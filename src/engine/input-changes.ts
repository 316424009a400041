import { pathText } from '../graph/ref.js';
import type { InputDigest } from '../model/records.js';
import { type InputDigests, sameDigest } from './inputs.js';

/** Changes named of one input; the rest is counted. */
const NAMED = 3;
const NOTHING = 'nothing';

export interface InputChangeOptions {
  /** Which inputs have a say in the key. */
  readonly counts: (name: string) => boolean;
  /** What an input is the result of: `clean#0`. */
  readonly sourceOf: (name: string) => string | undefined;
  /** Earlier calls were equally alike, so that nobody can say from which value it changed. */
  readonly isFromUnknown: boolean;
}

/** Names of the inputs that differ and have a say. */
function changedInputs(before: InputDigests, now: InputDigests, counts: (name: string) => boolean): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => !sameDigest(before[name]?.digest, now[name]?.digest) && counts(name));
}

/** `days: 365 -> 30`, `config.lr: 0.1 -> 0.2`, `rows (from clean#0)`: a text for each input that changed (S27). */
export function inputChanges(before: InputDigests, now: InputDigests, options: InputChangeOptions): readonly string[] {
  return changedInputs(before, now, options.counts).map((name) => changeText(name, before[name], now[name], options));
}

function changeText(name: string, before: InputDigest | undefined, now: InputDigest | undefined, options: InputChangeOptions): string {
  const source = options.sourceOf(name);
  const called = source === undefined ? name : `${name} (from ${source})`;
  if (options.isFromUnknown) return now?.shown === undefined ? called : `${called}: ${now.shown} is new`;
  const from = before === undefined ? NOTHING : before.shown;
  const to = now === undefined ? NOTHING : now.shown;
  if (from === undefined || to === undefined) return called;
  // Of a file, the name: its content is what changed.
  if (from === to) return `${called}: ${to}`;
  return memberChanges(called, from, to) ?? `${called}: ${from} -> ${to}`;
}

/** What changed inside small objects and lists; undefined where it is no such, or all of it changed. */
function memberChanges(name: string, from: string, to: string): string | undefined {
  const [old, fresh] = [parsed(from), parsed(to)];
  if (!isContainer(old) || !isContainer(fresh) || Array.isArray(old) !== Array.isArray(fresh)) return undefined;
  const changes: string[] = [];
  compareMembers(name, old, fresh, changes);
  if (changes.length === 0) return undefined;
  const more = changes.length > NAMED ? ` and ${changes.length - NAMED} more` : '';
  return `${changes.slice(0, NAMED).join(', ')}${more}`;
}

type Container = Readonly<Record<string, unknown>> | readonly unknown[];

/** What was shown is small, and so is the depth. */
function compareMembers(name: string, old: Container, fresh: Container, changes: string[]): void {
  if (Array.isArray(old) && Array.isArray(fresh) && old.length !== fresh.length) {
    changes.push(`${name}: ${textOf(old)} -> ${textOf(fresh)}`);
    return;
  }
  for (const key of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
    const [before, now] = [member(old, key), member(fresh, key)];
    if (textOf(before) === textOf(now)) continue;
    const inside = pathText(name, [key]);
    if (isContainer(before) && isContainer(now) && Array.isArray(before) === Array.isArray(now)) compareMembers(inside, before, now, changes);
    else changes.push(`${inside}: ${textOf(before)} -> ${textOf(now)}`);
  }
}

function member(container: Container, key: string): unknown {
  return Object.hasOwn(container, key) ? (container as Readonly<Record<string, unknown>>)[key] : undefined;
}

function textOf(value: unknown): string {
  return value === undefined ? NOTHING : JSON.stringify(value);
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** A secret may have been masked out of it: then it is a text like any other. */
function parsed(text: string): unknown {
  if (!text.startsWith('{') && !text.startsWith('[')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
