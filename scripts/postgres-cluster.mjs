// A PostgreSQL server of one's own in a temporary folder, on a free port of the loopback, that can be stopped and started again.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const START_WITHIN_MS = 60_000;
const DEBIAN = '/usr/lib/postgresql';
const isRoot = process.getuid?.() === 0;

/** On the path, or where Debian puts them. @returns {{ initdb: string, postgres: string } | undefined} */
export function postgresBinaries() {
  const folders = [...(process.env.PATH ?? '').split(':'), ...versions().map((version) => join(DEBIAN, version, 'bin'))];
  const folder = folders.find((one) => one !== '' && existsSync(join(one, 'postgres')) && existsSync(join(one, 'initdb')));
  return folder === undefined ? undefined : { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
}

function versions() {
  return existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
}

/** Whom it is run as: undefined is oneself, null means that there is nobody, for it refuses to be run by root. */
export function clusterOwner() {
  if (!isRoot) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((what) => spawnSync('id', [what, name], { encoding: 'utf8' }));
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  return null;
}

/**
 * Makes and starts one. Its superuser is `millrace`, who needs no password unless `hba` says otherwise.
 * @param {{ port: number, settings?: readonly string[], hba?: string, files?: Readonly<Record<string, string>> }} options `settings` as `name=value`;
 * `hba` is the text of pg_hba.conf; `files` go into its data folder, readable by itself alone
 */
export async function makeCluster({ port, settings = [], hba, files = {} }) {
  const { initdb, postgres: server } = postgresBinaries() ?? {};
  if (initdb === undefined) throw new Error('neither postgres nor initdb is installed');
  const owner = clusterOwner() ?? {};
  const folder = mkdtempSync(join(tmpdir(), 'millrace-postgres-'));
  const as = { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }, ...owner };
  const data = join(folder, 'data');
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const own = (path) => owner.uid !== undefined && spawnSync('chown', [`${owner.uid}:${owner.gid}`, path]);
  try {
    own(folder);
    chmodSync(folder, 0o700);
    const made = spawnSync(initdb, ['-D', data, '-U', 'millrace', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], {
      ...as,
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`initdb: ${made.error?.message ?? made.stderr.trim().split('\n').at(-1)}`);
    for (const [name, text] of Object.entries({ ...files, ...(hba === undefined ? {} : { 'pg_hba.conf': hba }) })) {
      writeFileSync(join(data, name), text, { mode: 0o600 });
      own(join(data, name));
    }
  } catch (error) {
    remove();
    throw error;
  }
  let stopServer = async () => {};
  const start = async () => {
    // On the loopback only, and nothing is worth a sync.
    const all = ['fsync=off', ...settings].flatMap((setting) => ['-c', setting]);
    stopServer = await started(server, ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, ...all], as);
  };
  const cluster = {
    server,
    port,
    /** Ends connections and all; those who ask meanwhile are refused. */
    async stop() {
      await stopServer();
    },
    start,
    async remove() {
      await stopServer();
      remove();
    },
  };
  try {
    await start();
    return cluster;
  } catch (error) {
    remove();
    throw error;
  }
}

/** @returns what stops it */
async function started(server, args, as) {
  const child = spawn(server, args, { ...as, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  let giveUp;
  const ready = new Promise((resolve, reject) => {
    child.stderr.on('data', (text) => {
      said = `${said}${text}`.slice(-4_000);
      if (said.includes('ready to accept connections')) resolve();
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`it ended with ${code}: ${said.trim().split('\n').at(-1)}`)));
    giveUp = setTimeout(() => reject(new Error('it did not answer')), START_WITHIN_MS);
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    await ready;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(giveUp);
  }
  return async () => {
    child.kill('SIGINT');
    await ended;
  };
}
