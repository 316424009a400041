import { readdirSync, statSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { digest128 } from '../base/digest.js';

/** As good as its content: a file that is written anew, or put in its place, differs in one of these. */
export type FileState = readonly [path: string, size: number, mtimeMs: number, ctimeMs: number, inode: number];

/** A file younger than this may change once more without its time showing it. */
const RACY_MS = 50;

/** Undefined: it is not there. */
export function stateOf(path: string): FileState | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && [path, stats.size, stats.mtimeMs, stats.ctimeMs, stats.ino];
}

export function isAsItWas(state: FileState): boolean {
  const now = stateOf(state[0]);
  return now?.every((value, at) => value === state[at]) === true;
}

/** Whether a change after `time`, in milliseconds since the epoch, would show. */
export function isSettled([, , mtimeMs, ctimeMs]: FileState, time: number): boolean {
  return Math.max(mtimeMs, ctimeMs) < time - RACY_MS;
}

/** The folders of these files and those around them, up to the one that holds `node_modules` or a repository: where imports are looked for. */
export function foldersOf(paths: Iterable<string>): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let folder = dirname(resolve(path)); !folders.has(folder); folder = dirname(folder)) {
      if (folder.includes(`${sep}node_modules`)) break;
      folders.add(folder);
      if (folder === dirname(folder)) break;
    }
  }
  return [...folders];
}

const CODE_NAME = /\.(?:[cm]?[jt]sx?|json)$|^node_modules$/;

/** The names in a folder that an import may mean. */
export function namesIn(folder: string): string {
  try {
    return digest128(
      readdirSync(folder)
        .filter((name) => CODE_NAME.test(name))
        .sort()
        .join('\n'),
    );
  } catch {
    return 'unreadable';
  }
}
