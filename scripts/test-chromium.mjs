// A browser for the tests of pages: the developer's own, else an installed one, else Debian's package.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { installDebian } from './debian-package.mjs';

const SKIPPED = 'the pages of reports, and drawings by Mermaid, in a browser';
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export const chromium = {
  name: 'Chromium',
  async start() {
    const given = process.env.MILLRACE_TEST_CHROMIUM;
    const found = given ?? installedChromium() ?? (installDebian('chromium') ? installedChromium() : undefined);
    if (found === undefined) return { missing: `none is installed, and MILLRACE_TEST_CHROMIUM names none: ${SKIPPED}` };
    const { status, stdout, error } = spawnSync(found, ['--version'], { encoding: 'utf8' });
    if (status !== 0) return { missing: `${found} could not be started (${error?.message ?? `it ended with ${status}`}): ${SKIPPED}` };
    return { against: `${stdout.trim()} at ${found}`, env: { MILLRACE_TEST_CHROMIUM: found } };
  },
};

/** On the path. */
export function installedChromium() {
  const folders = (process.env.PATH ?? '').split(':').filter(Boolean);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
