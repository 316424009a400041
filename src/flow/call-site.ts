import { fileURLToPath } from 'node:url';
import { OWN_FOLDERS } from '../base/own-files.js';

export interface CallSite {
  /** A path or a `file:` URL, with its query: a module loaded anew has another one, and may have another text. */
  readonly location: string;
  readonly line: number;
  readonly column: number | undefined;
}

/** The frames of a stack, as text, that are calls in files of users, the innermost first, up to the first that is no file: a native function. */
export function* callSitesIn(stack: string): Generator<CallSite> {
  for (const line of stack.split('\n')) {
    const frame = /^\s+at (.*)$/.exec(line)?.[1];
    if (frame === undefined) continue;
    const site = placeOf(frame);
    // A frame without a file is a native one, such as `Array.map`: what called us then is no call in a source.
    if (site === undefined) return;
    if (!isOwn(site)) yield site;
  }
}

function isOwn({ location }: CallSite): boolean {
  const path = normalPath(location);
  return OWN_FOLDERS.some((folder) => path.startsWith(folder));
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
export function normalPath(location: string): string {
  const plain = location.startsWith('file:') ? fileURLToPath(location.replace(/[?#].*$/, '')) : location.replace(/\?[^/\\]*$/, '');
  return plain.replaceAll('\\', '/');
}

/**
 * The stack above the running call of a function, `frames` deep. Taking it is cheap; turning it into text, which the result does, is not, and
 * lets whatever maps stacks to sources (Node, tsx, vitest) do its work.
 */
// biome-ignore lint/complexity/noBannedTypes: functions of every signature
export function stackAbove(callee: Function, frames: number): () => string {
  const limit = Error.stackTraceLimit;
  const trace: { stack?: unknown } = {};
  // Where intrinsics are frozen this has no effect, and the default of ten frames serves.
  Reflect.set(Error, 'stackTraceLimit', frames);
  try {
    Error.captureStackTrace(trace, callee);
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit);
  }
  return () => String(trace.stack);
}
