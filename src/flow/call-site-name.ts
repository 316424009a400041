import { readFileSync } from 'node:fs';
import { OWN_FOLDERS } from '../base/own-files.js';
import { assignedName } from './assigned-name.js';
import { type CallSite, callSitesIn, normalPath, stackAbove } from './call-site.js';
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

/** A stack as it was taken: cheap, as long as nobody asks for its text. */
export type NotedStack = () => string;

/** Notes where we are called from, for `callSitePosition`. Never throws. */
export function noteCallSite(): NotedStack {
  return stackAbove(noteCallSite, NOTED_FRAMES);
}

/** Where user code called us, as `file:line:column`; undefined when the stack does not tell. Never throws. */
export function callSitePosition(noted: NotedStack = noteCallSite()): string | undefined {
  try {
    const [site] = OWN_FOLDERS.length === 0 ? [] : callSitesIn(noted());
    if (site === undefined) return undefined;
    return [normalPath(site.location), site.line, ...(site.column === undefined ? [] : [site.column])].join(':');
  } catch {
    return undefined;
  }
}

// ── the call site ──

/**
 * Frames to ask for. Mapping a frame to its source costs more than all the rest here, and the caller is nearly always the second or
 * third; when it is not, once more with plenty.
 */
const FRAMES = [3, 16];
/** Of a stack that is noted: more than ever lie between us and who called, since it cannot be taken again. */
const NOTED_FRAMES = 8;

/** The text of a stack, so that whatever maps stacks to sources (Node, tsx, vitest) has done its work. */
function findCallSite(): CallSite | undefined {
  for (const frames of FRAMES) {
    const [found] = callSitesIn(stackAbove(findCallSite, frames)());
    if (found !== undefined) return found;
  }
  return undefined;
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
