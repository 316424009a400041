import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Places } from '../reads/places.js';

/** The name of the project folder, looked for upward from the working directory as git looks for `.git`. */
const HOME_FOLDER = '.millrace';

/** Says that nothing shall outlive the process: no folder, no database. */
export const IN_MEMORY = ':memory:';

/**
 * Where a project keeps its records and results: `MILLRACE_HOME`, else the nearest `.millrace` at or above the working directory, else
 * one to be made in the working directory.
 */
export function findHome(cwd: string = process.cwd(), env: Readonly<Record<string, string | undefined>> = process.env): string {
  const given = env.MILLRACE_HOME;
  if (given === IN_MEMORY) return IN_MEMORY;
  if (given) return resolve(cwd, given);
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const candidate = join(folder, HOME_FOLDER);
    if (existsSync(candidate) && statSync(candidate).isDirectory()) return candidate;
    if (dirname(folder) === folder) return join(resolve(cwd), HOME_FOLDER);
  }
}

/** Where the runs are recorded, when that is not the project folder: `MILLRACE_DATABASE_URL`. What shall not outlive the process is never there. */
export function recordAddress(home: string, env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  return home === IN_MEMORY ? undefined : env.MILLRACE_DATABASE_URL || undefined;
}

/** Where they are recorded else. */
export function databaseIn(home: string): string {
  return join(home, 'millrace.db');
}

/**
 * The project's root folder: paths inside it are recorded relative to it, so that the project may be moved. It is where the project folder lies;
 * where that is elsewhere (`MILLRACE_HOME`), the nearest folder with a package.json, else the working directory.
 */
function findRoot(home: string, cwd: string = process.cwd()): string {
  if (basename(home) === HOME_FOLDER) return dirname(home);
  for (let folder = resolve(cwd); dirname(folder) !== folder; folder = dirname(folder)) if (existsSync(join(folder, 'package.json'))) return folder;
  return resolve(cwd);
}

/** As they are now: the working directory may be another one in the next run. */
export function placesOf(home: string): Places {
  return new Places(findRoot(home), home === IN_MEMORY ? undefined : home);
}
