import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { PACKAGE_ROOT } from '../base/own-files.js';
import { processIdentity } from '../base/process-identity.js';

let known: readonly string[] | undefined;

/** What Millrace says of each run of this process: who started it, where, and under which versions. */
export function systemTags(): readonly string[] {
  known ??= Object.freeze([...userTag(), `host:${processIdentity().host}`, `node:${process.versions.node}`, ...ownTag()]);
  return known;
}

/** In a container there may be no entry for the user. */
function userTag(): readonly string[] {
  try {
    return [`user:${userInfo().username}`];
  } catch {
    return process.env.USER ? [`user:${process.env.USER}`] : [];
  }
}

/** Unknown where the package was bundled into another program. */
function ownTag(): readonly string[] {
  if (PACKAGE_ROOT === undefined) return [];
  return [`millrace:${(JSON.parse(readFileSync(`${PACKAGE_ROOT}package.json`, 'utf8')) as { version: string }).version}`];
}
