import { type Duration, toMs } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';
import type { FileRef } from '../model/file-ref.js';
import { isSecret, type Secret } from '../model/secret.js';
import type { Look } from '../model/sensor.js';
import { neverCalled, sensorTask } from './sensor.js';
import type { SensorOptions } from './sensor-settings.js';
import type { Task } from './task-type.js';

/** As of `sensor`, all with defaults. */
export interface SensorForOptions extends Omit<SensorOptions<[]>, 'every'> {
  /** Two different ones in a run have different names. @default what it looks at: `file data.csv` */
  name?: string;
  /** @default '30s' */
  every?: Duration;
}

export interface UrlSensorOptions extends SensorForOptions {
  /** What counts as there. The body need not be read. @default `response.ok`: a status from 200 to 299 */
  ok?: (response: Response) => boolean | Promise<boolean>;
  /** For one request; then that look was in vain. @default '30s' */
  requestTimeout?: Duration;
}

export interface SqlSensorOptions extends SensorForOptions {
  /** `postgres://…`, `duckdb:<path>`, `sqlite:<path>` or the path of an SQLite file; a `secret` keeps it out of the code. */
  db: string | Secret;
}

const EVERY = '30s';

/** Sensors of what is waited for most. Each is a task without arguments. */
export const sensorFor: {
  /** A moment: a Date, or a function of the run's scheduled time. It holds no slot, and waits as long as it takes. */
  time(at: Date | ((context: { readonly scheduledTime: Date }) => Date), options?: { name?: string }): Task<[], void>;
  /** So long after the run's scheduled time, which is the start of a run that nothing else is said of. */
  duration(length: Duration, options?: { name?: string }): Task<[], void>;
  /** A file, by its path relative to the working directory: gives what `file(path)` gives. One that is still being written is there. */
  file(path: string, options?: SensorForOptions): Task<[], FileRef>;
  /** An answer of a server. One that does not answer is waited for, too. */
  url(url: string, options?: UrlSensorOptions): Task<[], void>;
  /**
   * A query whose first row begins with a value that is not null, false, 0 or an empty text. Nothing can be changed by it. A database that is a
   * file and not there yet is waited for; what else goes wrong is a failed attempt.
   */
  sql(query: string, options: SqlSensorOptions): Task<[], void>;
} = Object.freeze({
  time: (at, { name } = {}) =>
    atTime(name ?? (at instanceof Date ? `time ${shownTime(at)}` : 'time'), at, at instanceof Date ? shownTime(at) : 'its time'),
  duration: (length, { name } = {}) => {
    const ms = toMs(length);
    const text = typeof length === 'number' ? `${length}ms` : length;
    return atTime(name ?? `${text} later`, ({ scheduledTime }) => new Date(scheduledTime.getTime() + ms), `${text} after its scheduled time`);
  },
  file: (path, options = {}) => {
    if (typeof path !== 'string' || path === '') throw refused('file', 'a path', path);
    return named(options.name ?? `file ${path}`, { kind: 'file', path }, `'${path}'`, options, options.name === undefined) as Task<[], FileRef>;
  },
  url: (url, { ok, requestTimeout = EVERY, ...options } = {}) => {
    const { origin, pathname, protocol } = parsed(url);
    if (protocol !== 'http:' && protocol !== 'https:') throw refused('url', 'an address of http or https', url);
    if (ok !== undefined && typeof ok !== 'function') throw refused('url', "a function as 'ok'", ok);
    // Without what may be secret in it.
    const shown = origin + pathname;
    return named(options.name ?? `url ${shown}`, { kind: 'url', url, ok, requestMs: toMs(requestTimeout) }, `'${shown}'`, options) as Task<[], void>;
  },
  sql: (query, { db, ...options } = {} as SqlSensorOptions) => {
    if (typeof query !== 'string' || query.trim() === '') throw refused('sql', 'a query', query);
    if (!isSecret(db) && (typeof db !== 'string' || db === '')) throw refused('sql', "an address, a path or secret('NAME') as 'db'", db);
    return named(options.name ?? `sql ${query.trim().replace(/\s+/g, ' ').slice(0, 60)}`, { kind: 'sql', query, db }, 'a row', options) as Task<
      [],
      void
    >;
  },
} satisfies typeof sensorFor);

/** @param saysAll two of that name are the same sensor: a flow's body may make it again and again */
function named(name: string, look: Look, awaited: string, options: SensorForOptions, saysAll = false): Task<readonly never[], unknown> {
  const { name: _, every = EVERY, ...rest } = options;
  return sensorTask(nameFrom(name), look, awaited, { ...rest, every }, [], saysAll ? { fn: notCalled } : {}) as Task<readonly never[], unknown>;
}

function notCalled(): never {
  return neverCalled('sensorFor')();
}

/** The clock asks for no slot. */
function atTime(name: string, at: Extract<Look, { kind: 'time' }>['at'], awaited: string): Task<[], void> {
  if (typeof at !== 'function' && !(at instanceof Date && !Number.isNaN(at.getTime()))) throw refused('time', 'a valid Date or a function', at);
  return sensorTask(nameFrom(name), { kind: 'time', at }, awaited, { every: EVERY }, [], { slotless: true }) as Task<[], void>;
}

/** Names have no slashes and no brackets: they are parts of ids and addresses. */
function nameFrom(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names have none
  return text.replace(/[/#[\]\u0000-\u001f\u007f]+/g, '_').slice(0, 120);
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw refused('url', 'an address of http or https', url);
  }
}

function refused(which: string, expected: string, got: unknown): MillraceError {
  return new MillraceError('TASK_OPTION_INVALID', `sensorFor.${which}: expected ${expected}; got ${describe(got)}`);
}

/** One that is none is refused with the others. */
function shownTime(at: Date): string {
  return Number.isNaN(at.getTime()) ? 'invalid' : at.toISOString();
}
