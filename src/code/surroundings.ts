import { wallTime } from '../base/clock.js';
import { type FileState, foldersOf, isAsItWas, isSettled, namesIn, stateOf } from './file-states.js';
import { tsconfigsIn } from './tsconfigs.js';

/** All that a look at sources hangs on: while it is as it was, another look would find the same. */
export interface Surroundings {
  readonly files: readonly FileState[];
  /** In which no other names of code have come or gone: an import might mean those. */
  readonly folders: readonly (readonly [path: string, names: string])[];
}

/**
 * As it is now. Undefined where a later change might not be noticed.
 * @param root the file that the look began at; @param sources the others
 */
export function surroundingsOf(root: string, sources: readonly string[]): Surroundings | undefined {
  const folders = foldersOf([root, ...sources]);
  const settings = tsconfigsIn(folders);
  if (settings === undefined) return undefined;
  const states = [...new Set([...sources, ...settings])].map(stateOf);
  if (!states.every((state): state is FileState => state !== undefined && isSettled(state, wallTime()))) return undefined;
  return { files: states, folders: folders.map((folder) => [folder, namesIn(folder)]) };
}

export function areAsTheyWere({ files, folders }: Surroundings): boolean {
  return files.every(isAsItWas) && folders.every(([path, names]) => namesIn(path) === names);
}
