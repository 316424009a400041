import { basename } from 'node:path';
import { valueDigest } from '../base/canonical.js';
import { digest128 } from '../base/digest.js';
import { flatDigest } from '../base/flat-digest.js';
import { shownText } from '../base/shown-text.js';
import { Lineage } from '../flow/scope.js';
import { isRef, NODE, PATH, type Path, pathText, type Ref } from '../graph/ref.js';
import { holdsReference, replaceDeep, replacingReferences } from '../graph/references.js';
import type { InputDigest } from '../model/records.js';
import { FileReference } from '../reads/file-reference.js';
import { taughtForm } from '../results/class-registry.js';
import type { Stored } from './stored.js';

/** What a call is known by: the digest of each argument, by parameter name. */
export type InputDigests = Readonly<Record<string, InputDigest>>;

/** Characters of a digest that is a hash. */
const WHOLE_DIGEST = 32;

/** Digest of what a reference stands for, or undefined when it has none. */
export type DigestOf = (ref: Ref) => InputDigest | undefined;

/** Digest of each argument by parameter name (S21), or undefined when one cannot be told from others. */
export function inputDigests(args: readonly unknown[], names: readonly string[], digestOf: DigestOf): Record<string, InputDigest> | undefined {
  const digests: Record<string, InputDigest> = {};
  for (let position = 0; position < args.length; position++) {
    const digest = argumentDigest(args[position], digestOf);
    if (digest === undefined) return undefined;
    digests[nameAt(names, position)] = digest;
  }
  return digests;
}

/** The first argument that cannot be told from others, by parameter name. */
export function inputWithoutDigest(args: readonly unknown[], names: readonly string[], digestOf: DigestOf): string | undefined {
  const position = args.findIndex((arg) => argumentDigest(arg, digestOf) === undefined);
  return position < 0 ? undefined : nameAt(names, position);
}

/** Whether somebody else may hold, and change, an object among the arguments. */
export function holdsObjects(args: readonly unknown[]): boolean {
  return args.some((arg) => typeof arg === 'object' && arg !== null && (arg instanceof Lineage || !isRef(arg)));
}

export function sameDigests(a: InputDigests, b: InputDigests): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => sameDigest(a[name]?.digest, b[name]?.digest));
}

/** Whether two inputs are equal, one of which may be a secret that was recorded. */
export function sameDigest(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.length !== b.length && hiddenDigest(a) === hiddenDigest(b));
}

/** Of a number and the like the digest is the value itself (S21), to be read by whoever sees it: this one is not. */
export function hiddenDigest(digest: string): string {
  return digest.length < WHOLE_DIGEST ? digest128(`hidden ${digest}`) : digest;
}

function argumentDigest(arg: unknown, digestOf: DigestOf): InputDigest | undefined {
  if (typeof arg !== 'object' || arg === null) return literalDigest(arg);
  if (isRef(arg)) return referenceDigest(arg, digestOf);
  return settingsDigest(arg) ?? (holdsReference(arg) ? digestAround(arg, digestOf) : literalDigest(arg));
}

/** Of a flat object: nothing in it has to be searched. */
function settingsDigest(arg: object): InputDigest | undefined {
  try {
    const digest = flatDigest(arg);
    return digest === undefined ? undefined : objectDigest(digest, arg);
  } catch {
    return undefined;
  }
}

/** Of a container with references inside: these count by what they stand for. */
function digestAround(arg: object, digestOf: DigestOf): InputDigest | undefined {
  let known = true;
  const withDigests = replaceDeep(
    arg,
    replacingReferences((ref) => {
      const digest = referenceDigest(ref, digestOf);
      if (digest === undefined) known = false;
      return { millraceReference: digest?.digest };
    }),
  );
  const digest = known ? literalDigest(withDigests) : undefined;
  return digest && { digest: digest128(`references ${digest.digest}`) };
}

/** An awaited object counts by what it is now: the body may have changed it since. */
function referenceDigest(ref: Ref, digestOf: DigestOf): InputDigest | undefined {
  return (ref instanceof Lineage ? literalDigest(ref.value) : undefined) ?? digestOf(ref);
}

function literalDigest(value: unknown): InputDigest | undefined {
  try {
    const digest = valueDigest(value, taughtForm);
    if (typeof value !== 'object' || value === null) return withText(digest, shownText(value));
    // Of a file by its name alone: where it lies differs from machine to machine.
    if (value instanceof FileReference) return withText(digest, shownFileName(value.path));
    return objectDigest(digest, value);
  } catch {
    return undefined;
  }
}

/** Calls share settings: what was shown a moment ago is not written again. Objects of one digest look alike, but for the order of their keys. */
const recent = new Map<string, InputDigest>();
const MOST_RECENT = 1024;

function objectDigest(digest: string, value: object): InputDigest {
  let known = recent.get(digest);
  if (known === undefined) {
    known = withText(digest, shownText(value));
    if (recent.size === MOST_RECENT) recent.clear();
    recent.set(digest, known);
  }
  return known;
}

function withText(digest: string, shown: string | undefined): InputDigest {
  return shown === undefined ? { digest } : { digest, shown };
}

/** Undefined where the name is too long to be kept. */
export function shownFileName(path: string): string | undefined {
  const name = basename(path);
  return name.length <= MAX_FILE_NAME ? `file ${name}` : undefined;
}

const MAX_FILE_NAME = 60;

/** A stored result, or a part of it. Named outputs have digests of their own, so that one that did not change leaves its readers cached. */
export function storedDigest(stored: Stored, path: Path | undefined): InputDigest {
  if (path === undefined) return { digest: stored.valueDigest };
  const output = stored.artifacts.find(({ name }) => name !== '' && name === String(path[0]));
  const [root, rest] = output ? [output.ref.valueDigest, path.slice(1)] : [stored.valueDigest, path];
  return partDigest({ digest: root }, rest) as InputDigest;
}

/** A derived step counts by what it is made of, so that nothing has to be read for it. */
export function derivedDigest(name: string, states: readonly string[], inputs: Readonly<Record<string, InputDigest>>): InputDigest {
  const digests = Object.values(inputs).map(({ digest }) => digest);
  return { digest: digest128(`${name} ${states.join(' ')}\n${digests.join('\n')}`) };
}

/** What tasks share counts by its name and arguments: known before it is set up, and the same in every run, whatever object that gives. */
export function resourceDigest(name: string, inputs: InputDigests): InputDigest {
  return derivedDigest(`resource ${name}`, [], inputs);
}

/** A map counts by the list of its children's digests (S21). */
export function mapDigest(digests: readonly string[]): InputDigest {
  return { digest: digest128(`map\n${digests.join('\n')}`) };
}

/** A part of something whose parts have no digests of their own. */
export function partDigest(whole: InputDigest | undefined, path: Path | undefined): InputDigest | undefined {
  if (whole === undefined || path === undefined || path.length === 0) return whole;
  return { digest: digest128(`part ${whole.digest} ${JSON.stringify(path)}`) };
}

/**
 * The name of a call that is the same from run to run (S9): scope, task, literal arguments, the keys of what it refers to. Whoever calls
 * it adds the occurrence among equals.
 */
export function callKey(
  scope: string,
  task: string,
  args: readonly unknown[],
  names: readonly string[],
  known: InputDigests | undefined,
  keyOf: (node: number) => string,
): string {
  let text = `${scope}\n${task}\n`;
  for (let position = 0; position < args.length; position++) {
    const arg = args[position];
    if (isRef(arg)) text += `node ${keyOf(arg[NODE])}${pathText('', arg[PATH])}\n`;
    else if (typeof arg !== 'object' || arg === null) text += `${(known?.[nameAt(names, position)] ?? literalDigest(arg))?.digest ?? '?'}\n`;
    else {
      const nodeName = replacingReferences((ref) => ({ millraceNode: keyOf(ref[NODE]), path: ref[PATH] }));
      text += `${literalDigest(replaceDeep(arg, nodeName))?.digest ?? '?'}\n`;
    }
  }
  return digest128(text);
}

/** The name an argument is known by. */
export function nameAt(names: readonly string[], position: number): string {
  return names[position] ?? `arg${position}`;
}
