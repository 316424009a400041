import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

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
