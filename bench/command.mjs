import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

/** What `millrace` and `tsx` are on somebody's PATH, less the shell's way there. */
export const MILLRACE = join(PACKAGE, 'dist/cli/main.js');
export const TSX = join(PACKAGE, 'node_modules/.bin/tsx');

/** A project with the package installed. */
export function makeProject(folder, files) {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(PACKAGE, join(folder, 'node_modules/millrace'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/** Runs a command to its end, as a shell would: what is measured is everything from its start to its exit. */
export function runsCommand(folder, ...args) {
  const { MILLRACE_HOME: _, ...env } = process.env;
  return () => {
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  };
}
