import { setMaxListeners } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { writeFileAtomic } from '../base/atomic-file.js';
import { systemClock } from '../base/clock.js';
import { MillraceError } from '../base/error.js';
import { ServiceRecord } from '../runs/service/service-record.js';
import { type OpenOptions, openProject } from '../runtime/project.js';
import { createApp } from './app.js';
import type { Api, ServerContext } from './context.js';
import { Credentials, checkToken, newToken } from './door/credentials.js';
import { allowedHosts, isLoopback } from './door/hosts.js';
import { LiveFeeds } from './live/live-feeds.js';

const DEFAULT_PORT = 4200;
const DEFAULT_HOST = '127.0.0.1';

/** How long answers that are being sent have when the server closes. */
const GRACE_MS = 1_000;
/** A line on which nothing moves for so long, either way, is cut: who listens to events hears something every 15 s. */
const IDLE_MS = 120_000;
/** What sends its request slower than this holds a line for nothing. */
const SLOWEST = { headersTimeout: 15_000, requestTimeout: 60_000, connectionsCheckingInterval: 5_000 };
const MOST_CONNECTIONS = 1_000;

export interface ServerOptions extends Pick<OpenOptions, 'home' | 'url'> {
  /** 0: any that is free. @default 4200 */
  readonly port?: number;
  /** The address to listen at. Another than loopback needs a `token`. @default '127.0.0.1' */
  readonly host?: string;
  /** What opens the server: 16 characters or more. @default a random one, made at each start and written to `<project folder>/server-<port>.token` (mode 0600) */
  readonly token?: string | undefined;
  /** Other names that it is reached by: those of a proxy in front of it, say. */
  readonly allowedHosts?: readonly string[];
  /** How long nothing may move on a line before it is cut, in milliseconds: the reader has gone, or takes nothing. @default 120000 */
  readonly idleMs?: number;
  /** Told of errors that nobody foresaw. @default printed on the error output */
  readonly onTrouble?: (error: unknown) => void;
}

/** A server that listens. Disposing of it closes it. */
export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:4200` */
  readonly url: string;
  /** The same, with the token where that was made here: opens the server in a browser. */
  readonly link: string;
  readonly port: number;
  /** Where the token lies, where it was made here. */
  readonly tokenFile: string | undefined;
  /** Streams end, answers that are being sent have a second, and the port is free again. */
  close(): Promise<void>;
}

/**
 * Serves the HTTP API of a project, to whoever has the token.
 * @throws MillraceError `SERVER_EXPOSED` without a token elsewhere than on loopback; `SERVER_TOKEN_INVALID`, `PORT_TAKEN`, `ADDRESS_UNUSABLE`,
 * `SERVICE_NEEDS_RECORD`, and what opening the project throws
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { host = DEFAULT_HOST, idleMs = IDLE_MS, onTrouble = printTrouble } = options;
  if (options.token === undefined && !isLoopback(host)) {
    throw new MillraceError('SERVER_EXPOSED', `expected a token for a server that others can reach, at ${host}; got none`, {
      hint: 'Set MILLRACE_SERVER_TOKEN (openssl rand -base64 32 makes one), or listen at 127.0.0.1.',
    });
  }
  const token = options.token === undefined ? newToken() : checkToken(options.token);
  const parts = await openParts(options);
  const { server, port } = await listen(options.port ?? DEFAULT_PORT, host, (bound) =>
    createApp(parts, { credentials: new Credentials(token, bound), hosts: allowedHosts(host, options.allowedHosts ?? []), onTrouble }),
  ).catch(async (error: unknown) => {
    await closeParts(parts);
    throw error;
  });
  server.setTimeout(idleMs);
  server.maxConnections = MOST_CONNECTIONS;
  const tokenFile = options.token === undefined ? join(parts.project.home, `server-${port}.token`) : undefined;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= release(parts, server, tokenFile);
    return closed;
  };
  try {
    if (tokenFile !== undefined) await writeFileAtomic(tokenFile, `${token}\n`, { mode: 0o600, durable: false });
  } catch (error) {
    await close();
    throw error;
  }
  const url = `http://${shownHost(host)}:${port}`;
  return { url, link: tokenFile === undefined ? `${url}/` : `${url}/?token=${token}`, port, tokenFile, close, [Symbol.asyncDispose]: close };
}

/** A server that listens everywhere is reached from here as any other. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

interface Parts extends ServerContext {
  readonly close: AbortController;
}

async function openParts({ home, url }: ServerOptions): Promise<Parts> {
  const project = await openProject({ ...(home === undefined ? {} : { home }), ...(url === undefined ? {} : { url }) });
  const { record } = project;
  const services = await ServiceRecord.open(record.heartbeat).catch(async (error: unknown) => {
    await project[Symbol.asyncDispose]();
    throw error;
  });
  const close = new AbortController();
  // Every stream waits for it.
  setMaxListeners(0, close.signal);
  const clock = systemClock;
  return { project, record, services, feeds: new LiveFeeds(record, services, clock), clock, close, closing: close.signal };
}

async function closeParts({ project, services }: Parts): Promise<void> {
  await services[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
}

async function release(parts: Parts, server: Server, tokenFile: string | undefined): Promise<void> {
  parts.close.abort();
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cancel = systemClock.schedule(GRACE_MS, () => server.closeAllConnections());
  await ended;
  cancel();
  await closeParts(parts);
  if (tokenFile !== undefined) await rm(tokenFile, { force: true });
}

/** The app is made when the port is known, before the first request can come. */
async function listen(port: number, host: string, makeApp: (port: number) => Api): Promise<{ readonly server: Server; readonly port: number }> {
  let app: Api | undefined;
  // The program's own `Request` and `Response` are left alone: it may be any program.
  const server = createAdaptorServer({
    fetch: (request, env) => (app as Api).fetch(request, env),
    overrideGlobalObjects: false,
    serverOptions: SLOWEST,
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(asListenError(error, port, host)));
    server.listen(port, host.replace(/^\[|\]$/g, ''), () => {
      app = makeApp((server.address() as AddressInfo).port);
      resolve();
    });
  });
  return { server, port: (server.address() as AddressInfo).port };
}

function asListenError(error: NodeJS.ErrnoException, port: number, host: string): MillraceError {
  if (error.code === 'EADDRINUSE')
    return new MillraceError('PORT_TAKEN', `expected port ${port} of ${host} to be free; another program has it`, {
      cause: error,
      hint: 'Choose another: --port 4201, or 0 for any.',
    });
  return new MillraceError('ADDRESS_UNUSABLE', `cannot listen at port ${port} of ${host}: ${error.code ?? error.message}`, { cause: error });
}

function printTrouble(error: unknown): void {
  process.stderr.write(`millrace server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
