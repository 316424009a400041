// Servers that peers need, each in a temporary folder on a free port of the loopback, for as long as one workload is measured.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { freePort } from '../scripts/free-port.mjs';
import { clusterOwner, makeCluster, postgresBinaries } from '../scripts/postgres-cluster.mjs';

/** Where workloads find them, in processes of their own; set by hand, such a variable names a server that is used as it is. */
const POSTGRES = 'MILLRACE_BENCH_POSTGRES_URL';
const REDIS = 'MILLRACE_BENCH_REDIS_URL';
/** Nobody reads what they say while a variant runs: it has to be little. Synced, unlike in tests: that is what durable means. */
const POSTGRES_SETTINGS = ['fsync=on', 'log_min_messages=log', 'log_checkpoints=off'];
/** The persistence that BullMQ asks for; a second's work may be lost all the same. */
const REDIS_SETTINGS = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction', '--save', ''];

export const postgresUrl = () => process.env[POSTGRES];
export const redisUrl = () => process.env[REDIS];

/** @returns why there are none; undefined when all can be had */
export function missingServers() {
  const missing = [];
  if (postgresUrl() === undefined && (postgresBinaries() === undefined || clusterOwner() === null)) missing.push(`PostgreSQL (or ${POSTGRES})`);
  if (redisUrl() === undefined && spawnSync('redis-server', ['--version']).status !== 0) missing.push(`redis-server (or ${REDIS})`);
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

/** @returns `env` for the variants' processes, and `stop` */
export async function startServers() {
  const started = [];
  const stop = async () => {
    for (const server of started.reverse()) await server.stop();
  };
  try {
    if (postgresUrl() === undefined) started.push(await startPostgres());
    if (redisUrl() === undefined) started.push(await startRedis());
  } catch (error) {
    await stop();
    throw error;
  }
  return { env: Object.assign({}, ...started.map(({ env }) => env)), stop };
}

async function startPostgres() {
  const { port, remove } = await makeCluster({ port: await freePort(), settings: POSTGRES_SETTINGS });
  return { env: { [POSTGRES]: `postgres://millrace@127.0.0.1:${port}/postgres` }, stop: remove };
}

async function startRedis() {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'));
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--loglevel', 'notice', ...REDIS_SETTINGS], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const stop = async () => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await isReady(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { env: { [REDIS]: `redis://127.0.0.1:${port}` }, stop };
}

function isReady(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (text) => {
      said = `${said}${text}`.slice(-4_000);
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${said.trim().split('\n').at(-1)}`)));
  });
}
