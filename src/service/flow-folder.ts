import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files in a folder that may hold flows, and what they may be made of. */

const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/;
const FLOW_FILE = /\.[cm]?[jt]sx?$/;
/** What is beside a flow and is none. */
const NOT_A_FLOW_FILE = /\.d\.[cm]?ts$|\.(?:test|spec)\.\w+$/;
/** Flows are made by the package's `flow(…)`, `flow<…>(…)` or `@Flow`: other files are not loaded, for that would run them. */
const IMPORTS_MILLRACE = /['"]millrace(?:\/[\w/-]+)?['"]/;
const MAKES_FLOWS = /\bflow\s*[(<]|@Flow\b|\bflowOf\b/;

/** Folders that are nobody's flows: packages, and all that begin with a dot. */
export function isIgnored(name: string): boolean {
  return name === 'node_modules' || name.startsWith('.');
}

/** All source files in the folder and below, in order. Absolute. @throws what reading the folder throws */
export async function sourcesIn(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const open = [folder];
  for (let inner = open.pop(); inner !== undefined; inner = open.pop()) {
    for (const entry of await entriesOf(inner, inner === folder)) {
      if (isIgnored(entry.name)) continue;
      const path = join(inner, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (SOURCE.test(entry.name)) found.push(path);
    }
  }
  return found.sort();
}

async function entriesOf(folder: string, isRoot: boolean): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // One inside it may go at any moment, or be closed to us.
    if (isRoot) throw error;
    return [];
  }
}

/** By its name. */
export function mayBeFlowFile(path: string): boolean {
  return FLOW_FILE.test(path) && !NOT_A_FLOW_FILE.test(path);
}

/** By its text. */
export function mayHoldFlows(text: string): boolean {
  return IMPORTS_MILLRACE.test(text) && MAKES_FLOWS.test(text);
}
