import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Duration, toMs } from '../base/duration.js';
import { ServiceRecord } from '../runs/service/service-record.js';
import { openProject } from '../runtime/project.js';
import type { RunningServer } from '../server/start-server.js';
import { ChildLauncher } from '../service/child-launcher.js';
import { FlowFiles } from '../service/flow-files.js';
import { NewsTeller } from '../service/news-teller.js';
import { flowFileReader } from '../service/read-flow-file.js';
import { Service } from '../service/service.js';
import type { ServiceEvent } from '../service/service-event.js';
import { wallClock } from '../service/wall-clock.js';
import { watchFolder } from '../service/watch-folder.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { loadServicePrinter } from './load-service-printer.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** A file that takes longer to load is broken. */
const LOAD_LIMIT_MS = 30_000;
/** What is served is told when all files are loaded, or so many milliseconds after the start. */
const BEGIN_MS = 5_000;

export interface ServeOptions {
  readonly maxRuns: number;
  readonly grace: Duration;
  readonly late: Duration;
  readonly port?: number;
  readonly host?: string;
  readonly allowHost?: readonly string[];
  readonly notify?: string;
  readonly once?: true;
  readonly quiet?: true;
}

/** Serves until it is told to end. @throws UsageError, and what opening the project throws */
export async function serve(where: string, options: ServeOptions, terminal: Terminal): Promise<ExitCode> {
  const place = placeOf(where, terminal);
  // Asked to end before it has begun, it ends all the same.
  const ending = listenForEnd();
  try {
    const notify =
      options.notify === undefined ? [] : await (await import('./load-notifications.js')).loadNotifications(options.notify, terminal.cwd);
    await using project = await openProject();
    await using record = await ServiceRecord.open(project.record.heartbeat, wallClock);
    // It is there before the service begins, and goes after it has ended.
    await using server = await serverBeside(options, terminal);
    const printer = await loadServicePrinter({ terminal, folder: where, quiet: options.quiet === true });
    const own = { command: ownCommand(), cwd: terminal.cwd, env: process.env };
    const launcher = new ChildLauncher(options.notify === undefined ? own : { ...own, notify: resolve(terminal.cwd, options.notify) });
    const news = new NewsTeller({ to: notify, folder: place.folder, clock: wallClock, record, tell: printer.tell });
    const tell = (event: ServiceEvent): void => {
      printer.tell(event);
      news.hear(event, service.id);
    };
    if (server !== undefined) printer.listening(server);
    let wake = (): void => {};
    const files = new FlowFiles({
      ...place,
      read: flowFileReader({ ...own, command: [...own.command, 'read-flows'], limitMs: LOAD_LIMIT_MS }),
      tell,
      now: wallClock.now,
      changed: () => wake(),
    });
    const service: Service = new Service({
      folder: place.folder,
      clock: wallClock,
      record,
      runs: project.record,
      definitions: files,
      launcher,
      tellCrash: (crash, file) => launcher.tellCrash(crash, file),
      tell,
      maxRuns: options.maxRuns,
      lateMs: toMs(options.late),
    });
    wake = () => service.wake();
    await using _watching = await watchFolder(place.folder, files);
    const found = files.scan();
    if (options.once) await found;
    // A file that takes long to load keeps nobody waiting.
    const begun = Promise.race([found, soon()]).then(
      () => printer.begin(files.flows(), wallClock.now(), files.loading),
      () => {},
    );
    if (options.once) await begun.then(() => service.runOnce(ending.signal));
    else await service.run(ending.signal);
    await service.drain(toMs(options.grace));
    await news.settled();
    return EXIT.success;
  } finally {
    ending.close();
  }
}

/** The HTTP API, where it was asked for. @throws UsageError, and what starting a server throws */
async function serverBeside({ port, host, allowHost }: ServeOptions, { env }: Terminal): Promise<RunningServer | undefined> {
  if (port === undefined) {
    if (host === undefined && allowHost === undefined) return undefined;
    throw new UsageError('expected --port with --host and --allow-host: where the HTTP API is to be served');
  }
  const { startServer } = await import('../server/start-server.js');
  const token = env.MILLRACE_SERVER_TOKEN;
  return await startServer({
    port,
    ...(host === undefined ? {} : { host }),
    ...(allowHost === undefined ? {} : { allowedHosts: allowHost }),
    ...(token ? { token } : {}),
  });
}

function soon(): Promise<void> {
  return new Promise((resolve) => wallClock.schedule(BEGIN_MS, resolve, { idle: true }));
}

function placeOf(where: string, { cwd }: Terminal): { readonly folder: string; readonly only?: string } {
  const path = resolve(cwd, where);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return { folder: path };
  if (stats?.isFile()) return { folder: dirname(path), only: path };
  throw new UsageError(`expected a folder of flow files, or a flow file; there is no ${path}`);
}

/** This command line, to be started again. */
function ownCommand(): readonly string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] as string];
}

/** The first SIGINT or SIGTERM drains the service, the second ends it at once; its runs go on. */
function listenForEnd(): { readonly signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.cancelled);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    close() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
