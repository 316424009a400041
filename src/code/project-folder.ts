import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const folders = new Map<string, string>();

/** The nearest folder with a package.json, else that of the file: what paths of source files are shown relative to. */
export function projectFolder(file: string): string {
  const start = dirname(resolve(file));
  let folder = folders.get(start);
  if (folder === undefined) {
    folder = start;
    for (let next = start; ; next = dirname(next)) {
      if (existsSync(join(next, 'package.json'))) {
        folder = next;
        break;
      }
      if (next === dirname(next)) break;
    }
    folders.set(start, folder);
  }
  return folder;
}
