import { existsSync } from 'node:fs';
import { MillraceError } from '../../base/error.js';
import { isAlive } from '../../base/process-identity.js';
import type { Owner } from '../../model/records.js';
import { SqliteConnection } from '../sqlite/connection.js';
import { STILL_OPEN } from '../sqlite/leases.js';
import { markGoneRuns } from '../sqlite/mark-crashed.js';
import { migrate as migrateSqlite } from '../sqlite/migrations.js';
import { recordError } from '../sqlite/record-error.js';
import type { SqlRow, SqlValue } from '../sqlite/statement.js';
import { postgresAddress } from './address.js';
import { PostgresConnection } from './connection.js';
import { continued, lockRecord, migrate } from './migrations.js';
import { TABLES, type Table } from './schema.js';
import type { Session } from './session.js';

export interface Moved {
  /** By table, in the order in which they were written. */
  readonly rows: ReadonlyMap<string, number>;
  readonly from: string;
  /** Without credentials. */
  readonly to: string;
}

/** Rows read and written at a time; of tables whose rows may be large, fewer. */
const ROWS_AT_ONCE = 1_000;
const LARGE_AT_ONCE = 50;
const LARGE: ReadonlySet<string> = new Set(['content', 'entry', 'reused']);

/**
 * Copies the record in an SQLite file into an empty one on a server: everything, in order, in one transaction, so that there is nothing of it until
 * all of it has been counted. Nobody can write to the file meanwhile, and it is left as it is.
 * @throws MillraceError `RECORD_MISSING`, `RECORD_IN_USE` while runs are going on, `RECORD_NOT_EMPTY`, `RECORD_MOVE_INCOMPLETE`, and as opening either does
 */
export async function moveRecord(path: string, url: string, onTable: (table: string, rows: number) => void = () => {}): Promise<Moved> {
  if (!existsSync(path)) {
    throw new MillraceError('RECORD_MISSING', `there is no record at ${path}`, {
      hint: 'Without one there is nothing to move: set MILLRACE_DATABASE_URL and start.',
    });
  }
  const target = await PostgresConnection.open(postgresAddress(url)).catch((error: unknown) => {
    throw asOfMove(error);
  });
  try {
    await migrate(target);
    const source = await SqliteConnection.open({ path });
    try {
      await migrateSqlite(source);
      await markGoneRuns(source);
      return { rows: await copyAll(source, target, onTable), from: source.path, to: target.location };
    } finally {
      source.close();
    }
  } finally {
    await target.finish();
  }
}

/** No run is waiting for that server, and its address may be that of the command line. */
function asOfMove(error: unknown): unknown {
  if (!(error instanceof MillraceError)) return error;
  const { code, message, cause } = error;
  const hint = MOVE_HINTS[code];
  return hint === undefined ? error : new MillraceError(code, message, { cause, hint });
}

const NOTHING_MOVED = 'Nothing was moved; runs are recorded in the file as before.';
const MOVE_HINTS: Readonly<Record<string, string>> = {
  RECORD_UNREACHABLE: `Is the server up, and the address right? ${NOTHING_MOVED}`,
  RECORD_ACCESS_DENIED: `Check user and password in the address; without one there, PGUSER, PGPASSWORD and ~/.pgpass count. ${NOTHING_MOVED}`,
  RECORD_MISSING: `Make it first, for example with \`createdb\`; the move makes its tables. ${NOTHING_MOVED}`,
};

async function copyAll(source: SqliteConnection, target: PostgresConnection, onTable: (table: string, rows: number) => void) {
  try {
    source.exec('BEGIN IMMEDIATE');
  } catch (error) {
    throw recordError(error, source.path);
  }
  try {
    refuseWhileRunning(source);
    return await target.write(async (session) => {
      await lockRecord(session, target.address.schema);
      await refuseUnlessEmpty(session, target);
      const rows = new Map<string, number>();
      for (const table of TABLES.values()) {
        rows.set(table.name, await copyTable(source, session, table));
        onTable(table.name, rows.get(table.name) as number);
      }
      await verify(source, session);
      return rows;
    });
  } finally {
    source.exec('ROLLBACK');
  }
}

/** What they would still write would be missing. */
function refuseWhileRunning(source: SqliteConnection): void {
  const open = source.prepare(`SELECT id, owner FROM run WHERE ${STILL_OPEN} ORDER BY number`).all();
  const alive = open.filter(([, owner]) => isAlive(JSON.parse(owner as string) as Owner) === 'alive').map(([id]) => id as string);
  if (alive.length === 0) return;
  throw new MillraceError(
    'RECORD_IN_USE',
    `${alive.length === 1 ? 'a run is' : `${alive.length} runs are`} still going on: ${alive.slice(0, 3).join(', ')}`,
    {
      hint: 'Wait until they have ended, or cancel them.',
    },
  );
}

async function refuseUnlessEmpty(session: Session, target: PostgresConnection): Promise<void> {
  // Nobody opens a run there until this is over.
  const [, counted] = await session.all([['LOCK TABLE run IN SHARE ROW EXCLUSIVE MODE'], ['SELECT count(*) FROM run']]);
  const count = counted?.[0]?.[0] as number;
  if (count === 0) return;
  throw new MillraceError('RECORD_NOT_EMPTY', `expected an empty record at ${target.location}; it holds ${count} ${count === 1 ? 'run' : 'runs'}`, {
    hint: 'If these are the runs that were moved, all is done: a move is whole or not at all. Else name another schema at the end of the address: ?schema=name',
  });
}

async function copyTable(source: SqliteConnection, session: Session, { name, columns, key }: Table): Promise<number> {
  const names = columns.map((column) => column.name).join(', ');
  const order = key.join(', ');
  const limit = LARGE.has(name) ? LARGE_AT_ONCE : ROWS_AT_ONCE;
  const select = (where: string): string => `SELECT ${names} FROM ${name}${where} ORDER BY ${order} LIMIT ${limit}`;
  const next = select(` WHERE (${order}) > (${key.map(() => '?').join(', ')})`);
  const insert = `INSERT INTO ${name} (${names}) SELECT * FROM unnest(${columns.map(({ type }) => `?::${type}`).join(', ')})`;
  const keyPlaces = key.map((column) => columns.findIndex((one) => one.name === column));
  let count = 0;
  for (let rows = source.prepare(select('')).all(); rows.length > 0; ) {
    await session.all([[insert, ...columns.map((_, at) => rows.map((row) => row[at] as SqlValue))]]);
    count += rows.length;
    const last = rows.at(-1) as SqlRow;
    rows = rows.length < limit ? [] : source.prepare(next).all(keyPlaces.map((at) => last[at] as SqlValue));
  }
  const isNumbered = columns.some((column) => column.name === 'number') && key[0] === 'number';
  if (isNumbered) await session.rows(continued(name, 'number'));
  return count;
}

async function verify(source: SqliteConnection, session: Session): Promise<void> {
  for (const table of TABLES.keys()) {
    const count = `SELECT count(*) FROM ${table}`;
    const [expected, [written] = []] = [source.prepare(count).get(), await session.rows(count)];
    if (expected?.[0] === written?.[0]) continue;
    throw new MillraceError(
      'RECORD_MOVE_INCOMPLETE',
      `expected ${expected?.[0]} rows in table ${table}; ${written?.[0]} have arrived, so nothing was moved`,
    );
  }
}
