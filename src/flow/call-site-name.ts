import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OWN_FOLDERS } from '../base/own-files.js';
import { assignedName } from './assigned-name.js';
import { readSource, type SourceFile } from './source-file.js';

/**
 * The name of the variable, property or class field that the running call of `callee` is assigned to, read from the source at its call
 * site (S0). The call site is the first stack frame outside Millrace. Undefined when it cannot be known for certain. Never throws.
 */
export function nameFromCallSite(callee: string): string | undefined {
  try {
    const site = OWN_FOLDERS.length === 0 ? undefined : findCallSite();
    const file = site && sourceAt(site.location);
    return site && file && assignedName(file, callee, site.line, site.column);
  } catch {
    return undefined;
  }
}

/** A stack as it was taken: cheap, as long as nobody reads it. */
export interface NotedStack {
  readonly stack?: string;
}

/** Notes where we are called from, for `callSitePosition`. Never throws. */
export function noteCallSite(): NotedStack {
  return takeStack(NOTED_FRAMES, noteCallSite);
}

/** Where user code called us, as `file:line:column`; undefined when the stack does not tell. Never throws. */
export function callSitePosition(noted: NotedStack = noteCallSite()): string | undefined {
  try {
    const site = OWN_FOLDERS.length === 0 ? undefined : callSite(String(noted.stack));
    if (site === undefined || site === 'further out') return undefined;
    return [normalPath(site.location), site.line, ...(site.column === undefined ? [] : [site.column])].join(':');
  } catch {
    return undefined;
  }
}

// ── the call site ──

interface CallSite {
  /** A path or a `file:` URL, with its query: a module loaded anew has another one, and may have another text. */
  readonly location: string;
  readonly line: number;
  readonly column: number | undefined;
}

/**
 * Frames to ask for. Mapping a frame to its source costs more than all the rest here, and the caller is nearly always the second or
 * third; when it is not, once more with plenty.
 */
const FRAMES = [3, 16];
/** Of a stack that is noted: more than ever lie between us and who called, since it cannot be taken again. */
const NOTED_FRAMES = 8;

function findCallSite(): CallSite | undefined {
  for (const frames of FRAMES) {
    const found = callSite(stackText(frames));
    if (found !== 'further out') return found;
  }
  return undefined;
}

/** The stack above `nameFromCallSite` as text, so that whatever maps stacks to sources (Node, tsx, vitest) has done its work. */
function stackText(frames: number): string {
  return String(takeStack(frames, stackText).stack);
}

/** The stack above a function. It becomes text, and is mapped, when its text is read. */
function takeStack(frames: number, above: (...args: never[]) => unknown): NotedStack {
  const limit = Error.stackTraceLimit;
  // Where intrinsics are frozen this has no effect, and the default of ten frames serves.
  Reflect.set(Error, 'stackTraceLimit', frames);
  try {
    const noted: NotedStack = {};
    Error.captureStackTrace(noted, above);
    return noted;
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit);
  }
}

function callSite(stack: string): CallSite | 'further out' | undefined {
  for (const line of stack.split('\n')) {
    const frame = /^\s+at (.*)$/.exec(line)?.[1];
    if (frame === undefined) continue;
    const site = placeOf(frame);
    // A frame without a file is a native one, such as `Array.map`: what called us then is no call in a source.
    if (site === undefined) return undefined;
    const path = normalPath(site.location);
    if (!OWN_FOLDERS.some((folder) => path.startsWith(folder))) return site;
  }
  return 'further out';
}

/** `fn (file:///a/b.ts:3:14)`, `async /a/b.ts:3`, `C:\a\b.js:3:14`. */
function placeOf(frame: string): CallSite | undefined {
  const inParentheses = /\((.*)\)$/.exec(frame)?.[1];
  const place = inParentheses ?? frame.replace(/^async /, '');
  const parts = /^((?:file:\/\/|[A-Za-z]:[\\/]|\/).*?):(\d+)(?::(\d+))?$/.exec(place);
  if (parts === null) return undefined;
  const [, location = '', line, column] = parts;
  return { location, line: Number(line), column: column === undefined ? undefined : Number(column) };
}

/** The path of a location with forward slashes, without the query that loaders add. */
function normalPath(location: string): string {
  const plain = location.startsWith('file:') ? fileURLToPath(location.replace(/[?#].*$/, '')) : location.replace(/\?[^/\\]*$/, '');
  return plain.replaceAll('\\', '/');
}

// ── its source ──

/** Modules are evaluated one after the other, so that few are enough; texts are not kept for the life of the process. */
const KEPT_FILES = 8;
const files = new Map<string, SourceFile | undefined>();

function sourceAt(location: string): SourceFile | undefined {
  if (files.has(location)) return files.get(location);
  const file = readFileAt(location);
  for (const oldest of files.keys()) {
    if (files.size < KEPT_FILES) break;
    files.delete(oldest);
  }
  files.set(location, file);
  return file;
}

function readFileAt(location: string): SourceFile | undefined {
  try {
    return readSource(readFileSync(normalPath(location), 'utf8'));
  } catch {
    return undefined;
  }
}
