import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { systemClock } from '../base/clock.js';
import { MillraceError } from '../base/error.js';
import type { Mask } from '../log/mask.js';
import type { ResultStore } from '../model/result-store.js';
import type { Places } from '../reads/places.js';
import { localStore } from '../results/local-store.js';
import { memoryStore } from '../results/memory-store.js';
import { createResultKeeper, type ResultKeeper } from '../results/result-keeper.js';
import type { TargetRoots } from '../results/targets/target-place.js';
import type { RunRecord } from '../runs/run-record.js';
import { openSqliteRecord } from '../runs/sqlite/sqlite-record.js';
import { CancelWatch } from './cancel-watch.js';
import { teachFiles } from './file-class.js';
import { Heartbeat } from './heartbeat.js';
import { databaseIn, findHome, IN_MEMORY, placesOf, recordAddress } from './home.js';
import { SharedLimits } from './shared-limits.js';
import { sweepNowAndThen } from './sweep.js';

/** A project's memory: the record of its runs and the store of its results. Disposing of it lets go of it; others may still hold it. */
export interface Project extends AsyncDisposable {
  /** The project folder, or `:memory:`. */
  readonly home: string;
  readonly record: RunRecord;
  readonly store: ResultStore;
  readonly keeper: ResultKeeper;
  /** Says that the owner of its runs lives (S31). */
  readonly heartbeat: Heartbeat;
  /** Looks whether others have asked its runs to end. */
  readonly cancelWatch: CancelWatch;
  /** Named limits that other processes use too; undefined where none can. */
  readonly limits: SharedLimits | undefined;
  /** Which files count as inputs, and what they are called in the record. */
  readonly places: Places;
  /** False for `:memory:`: then only what reuse within the process needs is kept. */
  readonly lasting: boolean;
}

/** What those who have a project open share. */
interface Parts extends Omit<Project, 'places' | typeof Symbol.asyncDispose> {
  /** What is tidied up beside the run; never rejects. */
  readonly tidying: Promise<unknown>;
}

interface Opened {
  readonly project: Promise<Parts>;
  holders: number;
  cancelClose: (() => void) | undefined;
}

teachFiles();

/** One database connection per home and process, kept a little while after the last run so that runs in a row share it. */
const opened = new Map<string, Opened>();
const CLOSE_AFTER_MS = 1_000;

export interface OpenOptions {
  /** @default the nearest project folder */
  readonly home?: string;
  /** The path of the record's SQLite file; the project folder is then the one it lies in, unless `home` says otherwise. @default the project folder's own */
  readonly url?: string;
  /** Nothing is to be written: where there is no project, none is made, and nothing is found. @default false */
  readonly look?: boolean;
}

/**
 * Opens the project of this process, making its folder when there is none. One that cannot be written to can still be looked into: then
 * writes are refused with `RECORD_READ_ONLY`.
 * @throws MillraceError `HOME_NOT_WRITABLE`, and what opening the record throws
 */
export async function openProject(options: OpenOptions = {}): Promise<Project> {
  const found = options.home === undefined ? homeOf(options.url) : options.home === IN_MEMORY ? IN_MEMORY : resolve(options.home);
  const address = options.url === undefined ? recordAddress(found) : isServer(options.url) ? options.url : undefined;
  const database = options.url === undefined || address !== undefined ? databaseIn(found) : resolve(options.url);
  const home = options.look && address === undefined && !existsSync(database) ? IN_MEMORY : found;
  // The folder of an SQLite record is made with it.
  if (address !== undefined && !options.look) makeFolder(home);
  const elsewhere = address ?? (home === IN_MEMORY || options.url === undefined ? undefined : database);
  const key = elsewhere === undefined ? home : `${home}\n${elsewhere}`;
  const entry = opened.get(key) ?? { project: partsOf(home, address, database), holders: 0, cancelClose: undefined };
  opened.set(key, entry);
  entry.holders++;
  entry.cancelClose?.();
  entry.cancelClose = undefined;
  try {
    const project = await entry.project;
    let released = false;
    return {
      ...project,
      // Where there is no project yet, paths are meant as they will be once there is.
      places: placesOf(found),
      async [Symbol.asyncDispose]() {
        if (released) return;
        released = true;
        release(key, entry);
      },
    };
  } catch (error) {
    opened.delete(key);
    throw error;
  }
}

/** @throws MillraceError `DATABASE_URL_UNSUPPORTED` */
function homeOf(url: string | undefined): string {
  if (url === undefined || isServer(url)) return findHome();
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(url)) return dirname(resolve(url));
  const shown = url.replace(/\/\/.*@/, '//***@').replace(/\?.*$/s, '');
  throw new MillraceError('DATABASE_URL_UNSUPPORTED', `expected the path of an SQLite file, or postgres://…; got '${shown}'`);
}

function isServer(url: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(url);
}

function release(key: string, entry: Opened): void {
  entry.holders--;
  if (entry.holders > 0 || key === IN_MEMORY) return;
  entry.cancelClose = systemClock.schedule(CLOSE_AFTER_MS, () => void close(key, entry), { idle: true });
}

async function close(key: string, entry: Opened): Promise<void> {
  opened.delete(key);
  const { heartbeat, limits, record, tidying } = await entry.project;
  heartbeat.close();
  await tidying;
  await limits?.close();
  await record[Symbol.asyncDispose]();
}

/** Closes what nobody uses any more now, rather than in a while: for a program that is about to leave. */
export async function closeIdleProjects(): Promise<void> {
  const idle = [...opened].filter(([key, { holders }]) => holders === 0 && key !== IN_MEMORY);
  for (const [, { cancelClose }] of idle) cancelClose?.();
  // What could not be written was told to whoever wrote it.
  await Promise.allSettled(idle.map(([key, entry]) => close(key, entry)));
}

function partsOf(home: string, address: string | undefined, database: string): Promise<Parts> {
  if (address !== undefined) return onServer(home, address);
  return home === IN_MEMORY ? inMemory() : inFolder(home, database);
}

/** Runs on a server, results in the folder all the same, or in the store that the flow chose. */
async function onServer(home: string, address: string): Promise<Parts> {
  const { openPostgresRecord } = await import('../runs/postgres/postgres-record.js');
  return await withStore(home, await openPostgresRecord(address));
}

async function inFolder(home: string, path: string): Promise<Parts> {
  makeFolder(home);
  const record = await openSqliteRecord({ path }).catch((error: unknown) => {
    if ((error as MillraceError).code === 'RECORD_READ_ONLY' && existsSync(path)) return openSqliteRecord({ path, readOnly: true });
    throw error;
  });
  return await withStore(home, record);
}

async function withStore(home: string, record: RunRecord): Promise<Parts> {
  const store = localStore(join(home, 'store'));
  const tidying = [sweepNowAndThen(home, async () => (await import('./past/removal.js')).removeLeftovers({ record, store }))];
  const retention = process.env.MILLRACE_RETENTION;
  // A rule that is misspelt is told of at once: nobody would notice that nothing is ever removed.
  if (retention) tidying.push((await import('./past/retention.js')).keepTo(retention, { home, record, store }));
  const limits = SharedLimits.of(record);
  return { home, record, store, keeper: keeperOf(record, store), ...watchesOf(record), limits, lasting: true, tidying: Promise.all(tidying) };
}

async function inMemory(): Promise<Parts> {
  const { memoryRecord } = await import('../runs/memory-record.js');
  const record = memoryRecord();
  const store = memoryStore();
  return {
    home: IN_MEMORY,
    record,
    store,
    keeper: keeperOf(record, store),
    ...watchesOf(record),
    limits: undefined,
    lasting: false,
    tidying: Promise.resolve(),
  };
}

function watchesOf(record: RunRecord): Pick<Project, 'heartbeat' | 'cancelWatch'> {
  return { heartbeat: new Heartbeat(record), cancelWatch: new CancelWatch(record) };
}

/** The keeper of a flow's results. Those of a store that the flow chose never go into the record: who chose it shall find them there. */
export function keeperFor({ record, keeper }: Pick<Project, 'record' | 'keeper'>, chosen: ResultStore | undefined): ResultKeeper {
  return chosen === undefined ? keeper : keeperOf(record, chosen, -1);
}

/** Where the addresses of targets begin (S26). */
export function rootsOf({ places, home }: Pick<Project, 'places' | 'home'>, store: ResultStore | undefined, mask: Mask): TargetRoots {
  return { root: places.root, home: home === IN_MEMORY ? undefined : home, store, holdsSecret: (text) => mask(text) !== text };
}

function keeperOf(record: RunRecord, store: ResultStore, inlineLimit?: number): ResultKeeper {
  return createResultKeeper({ store, readInline: (digests) => record.inline(digests), ...(inlineLimit === undefined ? {} : { inlineLimit }) });
}

function makeFolder(home: string): void {
  try {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, '.gitignore'), '*\n', { flag: 'wx' });
  } catch (error) {
    // It is there, perhaps read-only: what is asked for may do without writing.
    if (existsSync(databaseIn(home)) || existsSync(join(home, '.gitignore'))) return;
    throw new MillraceError('HOME_NOT_WRITABLE', `expected to make the project folder ${home}; got ${(error as Error).message}`, {
      cause: error,
      hint: 'Run in a folder you may write to, or set MILLRACE_HOME to one.',
    });
  }
}
