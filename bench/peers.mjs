import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** They have a folder of their own: whoever installs Millrace from its sources is not to install them too. */
const INSTALL = 'npm ci --prefix bench/peers';
const fromPeers = createRequire(new URL('peers/package.json', import.meta.url));

/** @returns why they cannot be measured; undefined when all are installed */
export function missingPeers(names) {
  const missing = names.filter((name) => !isInstalled(name));
  return missing.length === 0 ? undefined : `${missing.join(', ')}: not installed; run \`${INSTALL}\``;
}

export async function importPeer(name) {
  return await import(pathToFileURL(fromPeers.resolve(name)).href);
}

function isInstalled(name) {
  try {
    fromPeers.resolve(name);
    return true;
  } catch {
    return false;
  }
}
