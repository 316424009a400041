import { mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Runs before each test file, in the process of that file: no test depends on the machine it runs on, or leaves a trace on it. */
forgetEnvironment();
useTemporaryHome();
refuseNetwork();

/** What the developer has set for their own flows must not reach the tests; `MILLRACE_TEST_*` is meant for them. */
function forgetEnvironment(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('MILLRACE_') && !name.startsWith('MILLRACE_TEST_')) delete process.env[name];
  }
}

/** Also for the CLI processes that tests start: they inherit it. */
function useTemporaryHome(): void {
  const home = mkdtempSync(join(tmpdir(), 'millrace-home-'));
  process.env.MILLRACE_HOME = home;
  afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
}

/** `fetch`, `http`, `tls` and every driver end here. Sockets in the file system and the loopback stay open: fixtures listen there. */
function refuseNetwork(): void {
  const connect = Socket.prototype.connect;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    const host = hostOf(args);
    if (!isLoopback(host)) throw new Error(`a test tried to reach ${host}: tests may use the loopback only`);
    return Reflect.apply(connect, this, args);
  } as typeof connect;
}

/** Arguments come as (options), (port, host?), (path), or already normalised by `net.connect` as one array of these. */
function hostOf(args: readonly unknown[]): string | undefined {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof first === 'object' && first !== null) return 'host' in first && typeof first.host === 'string' ? first.host : undefined;
  return typeof first === 'number' && typeof second === 'string' ? second : undefined;
}

function isLoopback(host: string | undefined): boolean {
  return host === undefined || host === 'localhost' || host === '::1' || host === '0.0.0.0' || host.startsWith('127.');
}
