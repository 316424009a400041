import { asError, MillraceError } from '../../base/error.js';
import { tlsHint } from './tls.js';

/** Sockets that break or never open, and a server that goes or is not up yet. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT']);
/** This process was held up in the middle of a transaction, and the server has undone it. */
const IDLE_IN_TRANSACTION = '25P03';
const SERVER_GOES = new Set(['57P01', '57P02', '57P03', '08000', '08003', '08006', IDLE_IN_TRANSACTION]);
/** The driver's own sentences, which have no code. */
const CUT_OFF = /^Connection terminated|^timeout expired|not queryable|^Client was closed|^read ECONNRESET/;
/** Another transaction was in the way: what was done is undone, and may be tried again. */
const IN_THE_WAY = new Set(['40001', '40P01']);
const NO_PASSWORD = /client password must be|empty password/i;

/** The connection is of no use any more. */
export function isCutOff(thrown: unknown): boolean {
  const error = asError(thrown);
  const code = codeOf(error);
  return UNREACHABLE.has(code) || SERVER_GOES.has(code) || (code === '' && CUT_OFF.test(error.message));
}

export function isInTheWay(thrown: unknown): boolean {
  return IN_THE_WAY.has(codeOf(asError(thrown)));
}

/** Turns what the driver throws into an error of ours that says which record, and what to do. Neither the driver's messages nor ours hold credentials. */
export function postgresError(thrown: unknown, location: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const cause = firstOf(asError(thrown));
  const code = codeOf(cause);
  const make = (name: string, message: string, hint: string): MillraceError => new MillraceError(name, message, { cause, hint });
  const hint = tlsHint(code, cause.message);
  if (hint !== undefined) return make('RECORD_TLS_FAILED', `no encrypted connection to the record ${location}: ${cause.message}`, hint);
  if (isCutOff(cause)) {
    return make(
      'RECORD_UNREACHABLE',
      `the record ${location} cannot be reached: ${cause.message || code}`,
      'Is the server up, and the address in MILLRACE_DATABASE_URL right? Resume the run when it is back: everything recorded before is kept.',
    );
  }
  if (code.startsWith('28') || NO_PASSWORD.test(cause.message)) {
    return make(
      'RECORD_ACCESS_DENIED',
      `the record ${location} lets nobody in as this user: ${cause.message}`,
      'Check user and password in MILLRACE_DATABASE_URL; without one there, PGUSER, PGPASSWORD and ~/.pgpass count.',
    );
  }
  if (code === '3D000') {
    return make(
      'RECORD_MISSING',
      `there is no such database: ${location}`,
      'Make it first, for example with `createdb`; its tables are made by the first run.',
    );
  }
  if (code === '25006') {
    return make(
      'RECORD_READ_ONLY',
      `the record ${location} cannot be written: ${cause.message}`,
      'It is a standby, or set to read only: use the primary server.',
    );
  }
  if (code === '42501') {
    return make(
      'RECORD_ACCESS_DENIED',
      `this user may not do that in the record ${location}: ${cause.message}`,
      'The owner of the database can let it: GRANT CREATE ON DATABASE … for the first run, else all rights on the tables of its schema.',
    );
  }
  if (code === '53100' || code === '53200') {
    return make(
      'RECORD_FULL',
      `no room is left for the record ${location}: ${cause.message}`,
      'Free space and resume the run: everything recorded before is kept.',
    );
  }
  if (code === '53300' || code === '55P03' || IN_THE_WAY.has(code)) {
    return make(
      'RECORD_BUSY',
      `the record ${location} is too busy: ${cause.message}`,
      code === '53300'
        ? 'Each process takes up to two connections: raise max_connections, or start fewer.'
        : 'Look for what holds its locks in pg_stat_activity.',
    );
  }
  return make('RECORD_FAILED', `the record ${location} failed: ${cause.message}`, 'See the cause, and the log of the server.');
}

/** A name with several addresses fails once for each. */
function firstOf(error: Error): Error {
  const [first] = (error as { errors?: readonly unknown[] }).errors ?? [];
  return first === undefined ? error : asError(first);
}

function codeOf(error: Error): string {
  const { code } = firstOf(error) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
