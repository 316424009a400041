import { MillraceError } from '../../base/error.js';
import type { Migrated } from '../record-status.js';
import type { SqlRow } from '../sqlite/statement.js';
import type { PostgresConnection } from './connection.js';
import { POSTGRES_MIGRATIONS } from './schema.js';
import type { Session } from './session.js';

/** Marks the schema as a record's, so that no tables are put among somebody else's. */
const MARK = 'millrace_record';
/** `xid8`, and snapshots that can be compared. */
const OLDEST_SERVER = 13;

/** What was found of a record before anything is done about it. */
export interface RecordState {
  /** 0: there is none yet. */
  readonly version: number;
  /** A standby, a session set to read only, or a user who may only look. */
  readonly readOnly: boolean;
}

/**
 * Brings the tables to the newest version, forward only, in one transaction, so that a migration that fails leaves nothing. A record that holds
 * runs is copied first, into the schema `<schema>_v<version>_bak` of the same database.
 * @throws MillraceError `RECORD_TOO_NEW`, `RECORD_TOO_OLD` when it cannot be written, `RECORD_NOT_OURS`, `RECORD_SERVER_TOO_OLD`
 */
export async function migrate(connection: PostgresConnection, migrations: readonly string[] = POSTGRES_MIGRATIONS): Promise<RecordState & Migrated> {
  const to = migrations.length;
  const found = await connection.write((session) => stateOf(connection, session, to));
  if (found.version === to) return { ...found, from: to, to, backup: undefined };
  if (found.readOnly) {
    throw new MillraceError('RECORD_TOO_OLD', `the record ${connection.location} is older than this Millrace, and cannot be written`, {
      hint: 'Open it once as a user who may write to it, for example with `millrace db migrate`; that brings it up to date.',
    });
  }
  return await connection.write(async (session) => {
    const { schema } = connection.address;
    // Whoever comes second finds it done.
    await lockRecord(session, schema);
    const { version } = await stateOf(connection, session, to);
    const isCopied = version > 0 && version < to && (await session.rows('SELECT 1 FROM run LIMIT 1')).length > 0;
    const backup = isCopied ? await copyAside(session, schema, version) : undefined;
    if (version === 0) {
      await session.script(
        `CREATE SCHEMA IF NOT EXISTS "${schema}"; CREATE TABLE "${schema}".${MARK} (version bigint NOT NULL); INSERT INTO "${schema}".${MARK} VALUES (0)`,
      );
    }
    for (const sql of migrations.slice(version)) await session.script(sql);
    await session.rows(`UPDATE ${MARK} SET version = ?`, to);
    return { version: to, readOnly: false, from: version, to, backup };
  });
}

/** Inside a transaction: others who would change the tables, or fill them all, wait. */
export async function lockRecord(session: Session, schema: string): Promise<void> {
  await session.rows('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', `${MARK} ${schema}`);
}

/** @throws MillraceError `RECORD_TOO_NEW`, `RECORD_NOT_OURS`, `RECORD_SERVER_TOO_OLD` */
export async function stateOf(connection: PostgresConnection, session: Session, newest: number): Promise<RecordState> {
  const { schema } = connection.address;
  const [[server] = [], tables = [], [mark] = []] = await session.all([
    ["SELECT current_setting('server_version_num')::int / 10000, pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'"],
    // Before the mark: whoever makes both at this moment is not to be taken for somebody else.
    ['SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? LIMIT 1', schema],
    ['SELECT to_regclass(?)::text', `"${schema}".${MARK}`],
  ]);
  checkServer(connection, server as SqlRow);
  const isStandby = server?.[1] === 1;
  if (mark?.[0] == null) {
    if (tables.length > 0) throw notOurs(connection);
    return { version: 0, readOnly: isStandby };
  }
  const [[found] = [], [rights] = []] = await session.all([
    [`SELECT version FROM "${schema}".${MARK}`],
    ['SELECT has_table_privilege(?, ?)', `"${schema}".${MARK}`, 'UPDATE'],
  ]);
  const version = (found?.[0] ?? 0) as number;
  if (version > newest) throw tooNew(connection, version, newest);
  return { version, readOnly: isStandby || rights?.[0] !== 1 };
}

function checkServer({ location }: PostgresConnection, [version]: SqlRow): void {
  if ((version as number) >= OLDEST_SERVER) return;
  throw new MillraceError('RECORD_SERVER_TOO_OLD', `expected PostgreSQL ${OLDEST_SERVER} or newer at ${location}; got ${version}`);
}

function notOurs({ location, address }: PostgresConnection): MillraceError {
  return new MillraceError('RECORD_NOT_OURS', `the schema ${address.schema} of ${location} has tables, but they are no record of Millrace`, {
    hint: 'Name another schema at the end of the address: ?schema=runs',
  });
}

function tooNew({ location }: PostgresConnection, version: number, newest: number): MillraceError {
  return new MillraceError('RECORD_TOO_NEW', `the record ${location} has version ${version}; this Millrace knows versions up to ${newest}`, {
    hint: 'A newer Millrace has written it: use that one, or another schema.',
  });
}

/** Whole tables, with keys, indexes and references: renamed to the schema's name, the copy is the record as it was. */
async function copyAside(session: Session, schema: string, version: number): Promise<string> {
  const copy = `${schema}_v${version}_bak`;
  const tables = (
    await session.rows("SELECT c.relname FROM pg_class c WHERE c.relnamespace = ?::regnamespace AND c.relkind = 'r' ORDER BY c.oid", schema)
  ).map(([name]) => name as string);
  const references = await session.rows(
    "SELECT c.relname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.connamespace = ?::regnamespace AND k.contype = 'f'",
    schema,
  );
  const numbered = await session.rows(
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ? AND is_identity = 'YES'",
    schema,
  );
  await session.script(
    [
      `DROP SCHEMA IF EXISTS "${copy}" CASCADE`,
      `CREATE SCHEMA "${copy}"`,
      ...tables.map((table) => `CREATE TABLE "${copy}".${table} (LIKE "${schema}".${table} INCLUDING ALL)`),
      ...tables.map((table) => `INSERT INTO "${copy}".${table} OVERRIDING SYSTEM VALUE SELECT * FROM "${schema}".${table}`),
      `SET LOCAL search_path TO "${copy}"`,
      ...references.map(([table, definition]) => `ALTER TABLE ${table} ADD ${definition}`),
      ...numbered.map(([table, column]) => continued(table as string, column as string)),
      `SET LOCAL search_path TO "${schema}"`,
    ].join('; '),
  );
  return copy;
}

/** New rows get the numbers after those that were put in with theirs. */
export function continued(table: string, column: string): string {
  return `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), (SELECT coalesce(max(${column}), 0) + 1 FROM ${table}), false)`;
}
