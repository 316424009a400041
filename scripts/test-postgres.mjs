// A PostgreSQL server for tests, in a temporary folder: the developer's own, else the installed binaries, else Debian's packages.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { installDebian } from './debian-package.mjs';

const START_WITHIN_MS = 60_000;
const SKIPPED = 'sqlTable and the record over PostgreSQL';
const DEBIAN = '/usr/lib/postgresql';
const isRoot = process.getuid?.() === 0;

/** @param {() => Promise<number>} freePort */
export const postgres = (freePort) => ({
  name: 'PostgreSQL',
  async start() {
    const url = process.env.MILLRACE_TEST_POSTGRES_URL;
    if (url !== undefined) return { against: 'MILLRACE_TEST_POSTGRES_URL', env: { MILLRACE_TEST_POSTGRES_URL: url } };
    const found = binaries() ?? (installDebian('postgresql') ? binaries() : undefined);
    if (found === undefined) return { missing: `neither postgres nor initdb is installed: ${SKIPPED}` };
    const owner = isRoot ? ordinaryUser() : undefined;
    if (isRoot && owner === undefined) return { missing: `postgres refuses to run as root, and there is no other user to run it as: ${SKIPPED}` };
    const folder = mkdtempSync(join(tmpdir(), 'millrace-postgres-'));
    try {
      return await started(found, owner, folder, await freePort());
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      return { missing: `it could not be started (${error.message}): ${SKIPPED}` };
    }
  },
});

/** On the path, or where Debian puts them. */
function binaries() {
  const folders = [...(process.env.PATH ?? '').split(':'), ...versions().map((version) => join(DEBIAN, version, 'bin'))];
  const folder = folders.find((one) => one !== '' && existsSync(join(one, 'postgres')) && existsSync(join(one, 'initdb')));
  return folder === undefined ? undefined : { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
}

function versions() {
  return existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
}

function ordinaryUser() {
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((what) => spawnSync('id', [what, name], { encoding: 'utf8' }));
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  return undefined;
}

async function started({ initdb, postgres: server }, owner, folder, port) {
  const as = { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }, ...owner };
  const data = join(folder, 'data');
  if (owner !== undefined) spawnSync('chown', [`${owner.uid}:${owner.gid}`, folder]);
  chmodSync(folder, 0o700);
  const made = spawnSync(initdb, ['-D', data, '-U', 'millrace', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], { ...as, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb: ${made.error?.message ?? made.stderr.trim().split('\n').at(-1)}`);
  // On the loopback only, and nothing is worth a sync.
  const settings = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-c', 'fsync=off'];
  const child = spawn(server, settings, { ...as, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const ready = new Promise((resolve, reject) => {
    child.stderr.on('data', (text) => {
      said = `${said}${text}`.slice(-4_000);
      if (said.includes('ready to accept connections')) resolve();
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`it ended with ${code}: ${said.trim().split('\n').at(-1)}`)));
    setTimeout(() => reject(new Error('it did not answer')), START_WITHIN_MS).unref();
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const stop = async () => {
    child.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const url = `postgres://millrace@127.0.0.1:${port}/postgres`;
  return { against: `${server} at 127.0.0.1:${port}`, env: { MILLRACE_TEST_POSTGRES_URL: url }, stop };
}
