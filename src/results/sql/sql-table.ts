import { randomBytes } from 'node:crypto';
import { describe, MillraceError } from '../../base/error.js';
import { isSecret, type Secret, secretValue } from '../../model/secret.js';
import type { Target } from '../../model/target.js';
import { openDatabase, schemeOf, shownDatabase } from './open-database.js';
import { type Column, columnsOf, type Row } from './sql-columns.js';
import type { SqlDatabase, SqlSession, TableAddress } from './sql-database.js';
import { asSqlError } from './sql-error.js';
import { checkedName, nameList, onConflict, quoted, tableName } from './sql-text.js';

// biome-ignore lint/suspicious/noExplicitAny: rows of every shape
export interface SqlTableOptions<R extends object = any> {
  /** `postgres://…`, `duckdb:<path>`, `sqlite:<path>` or the path of an SQLite file; a `secret` keeps it out of the code. */
  db: string | Secret;
  /** The table's schema, made when missing; SQLite has none. @default the database's own */
  schema?: string;
  /**
   * - `replace`: the rows are the table; a new one is filled and takes the place of the old one in the same transaction, which costs the table its
   *   indices, grants and views
   * - `append`: they are added; run twice they are there twice
   * - `upsert`: those whose `key` is there take its row's place, the others are added
   * @default 'replace'
   */
  mode?: 'replace' | 'append' | 'upsert';
  /** For `upsert`: the columns that tell rows apart; a table that is made gets them as its primary key. */
  key?: readonly (keyof R & string)[];
}

/**
 * A database table as the target of a task that gives rows (S26). Columns and their types come from the rows: whole numbers, bigints, numbers,
 * texts, booleans, dates (to the millisecond), bytes; what is nested becomes JSON. What comes after gets the whole table as it is read back, in
 * order of the key, else in the order it was written.
 *
 * Needs `pg` for PostgreSQL and `@duckdb/node-api` for DuckDB.
 * @throws MillraceError `SQL_OPTION_INVALID`, `SQL_NAME_INVALID`; when used `SQL_FAILED`, `SQL_LIBRARY_MISSING`, `SECRET_MISSING`,
 * `RESULT_NOT_STORABLE`
 */
// biome-ignore lint/suspicious/noExplicitAny: rows of every shape
export function sqlTable<R extends object = any>(table: string, options: SqlTableOptions<R>): Target<R[]> {
  const { db, schema, mode = 'replace', key = [] } = checkedOptions(table, options);
  const at: TableAddress = { schema, table };
  const named = schema === undefined ? table : `${schema}.${table}`;
  const where = isSecret(db) ? `$${db.name}` : shownDatabase(db);
  const use = async <T>(access: 'read' | 'write', job: (session: SqlSession, database: SqlDatabase) => Promise<T>): Promise<T> => {
    const text = isSecret(db) ? secretValue(db) : db;
    try {
      const database = await openDatabase(text);
      if (schema !== undefined && !database.hasSchemas) throw optionInvalid(table, 'schema', 'nothing, since SQLite has no schemas', schema);
      return await database.inTransaction(access, (session) => job(session, database));
    } catch (error) {
      throw asSqlError(error, `table ${named} of ${where}`, text);
    }
  };
  return Object.freeze({
    scheme: isSecret(db) ? 'sql' : schemeOf(db),
    address: `${isSecret(db) ? `sql:${where}` : where}#${named}`,
    exists: () => use('read', async (session) => (await session.columns(at)) !== undefined),
    read: () => use('read', async (session) => (await readRows(session, at, mode === 'upsert' ? key : undefined)) as R[]),
    write: (rows: R[]) =>
      use('write', async (session, database) => {
        const given = checkedRows(rows, named);
        if (schema !== undefined) await session.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);
        if (mode === 'replace') await replaceRows(session, database, at, given);
        else await addRows(session, database, at, given, key);
      }),
  });
}

function checkedRows(rows: unknown, named: string): readonly Row[] {
  if (Array.isArray(rows)) return rows as readonly Row[];
  throw new MillraceError('RESULT_NOT_STORABLE', `expected a list of rows for table '${named}'; got ${describe(rows)}`);
}

async function readRows(session: SqlSession, at: TableAddress, key: readonly string[] | undefined): Promise<readonly Row[]> {
  const columns = await session.columns(at);
  if (columns === undefined) throw new MillraceError('RESULT_MISSING', `there is no table '${at.table}'`);
  const rows = await session.select(at, columns, key && nameList(key));
  return rows.map((values) => Object.fromEntries(columns.map(({ name }, place) => [name, values[place]])));
}

/** Readers see the old table until the new one is complete. */
async function replaceRows(session: SqlSession, database: SqlDatabase, at: TableAddress, rows: readonly Row[]): Promise<void> {
  const target = tableName(at.schema, at.table);
  if (rows.length === 0) {
    if ((await session.columns(at)) === undefined) throw noColumns(at.table);
    return await session.run(`DELETE FROM ${target}`);
  }
  const fresh: TableAddress = { schema: at.schema, table: `millrace_${randomBytes(8).toString('hex')}` };
  const columns = columnsOf(rows);
  await createTable(session, database, fresh, columns, []);
  await session.insert(fresh, columns, valuesOf(rows, columns), '');
  await session.run(`DROP TABLE IF EXISTS ${target}`);
  await session.run(`ALTER TABLE ${tableName(fresh.schema, fresh.table)} RENAME TO ${quoted(at.table)}`);
}

async function addRows(session: SqlSession, database: SqlDatabase, at: TableAddress, rows: readonly Row[], key: readonly string[]): Promise<void> {
  const existing = await session.columns(at);
  if (rows.length === 0) {
    if (existing === undefined) throw noColumns(at.table);
    return;
  }
  const given = columnsOf(rows);
  checkKey(rows, given, key);
  if (existing === undefined) await createTable(session, database, at, given, key);
  const columns = existing === undefined ? given : given.map((column) => fitting(column, existing, at.table));
  await session.insert(
    at,
    columns,
    valuesOf(rows, columns),
    key.length === 0
      ? ''
      : onConflict(
          key,
          columns.map(({ name }) => name),
        ),
  );
}

/** What is there says how values are kept, where they can be. */
function fitting(column: Column, existing: readonly Column[], table: string): Column {
  const found = existing.find(({ name }) => name === column.name);
  if (found === undefined) {
    throw new MillraceError(
      'SQL_COLUMNS_DIFFER',
      `table '${table}' has no column '${column.name}'; it has ${existing.map(({ name }) => `'${name}'`).join(', ')}`,
      {
        hint: "Add it, leave it out of the rows, or use mode: 'replace'.",
      },
    );
  }
  return found.kind === undefined ? { name: column.name, kind: column.kind } : found;
}

async function createTable(
  session: SqlSession,
  { types }: SqlDatabase,
  { schema, table }: TableAddress,
  columns: readonly Column[],
  key: readonly string[],
): Promise<void> {
  const parts = columns.map(({ name, kind }) => `${quoted(name)} ${types[kind ?? 'text']}${key.includes(name) ? ' NOT NULL' : ''}`);
  if (key.length > 0) parts.push(`PRIMARY KEY (${nameList(key)})`);
  await session.run(`CREATE TABLE ${tableName(schema, table)} (${parts.join(', ')})`);
}

function valuesOf(rows: readonly Row[], columns: readonly Column[]): readonly (readonly unknown[])[] {
  return rows.map((row) => columns.map(({ name }) => row[name] ?? null));
}

/** Of two rows with one key nobody could say which one counts. */
function checkKey(rows: readonly Row[], columns: readonly Column[], key: readonly string[]): void {
  if (key.length === 0) return;
  const lacking = key.find((name) => !columns.some((column) => column.name === name));
  if (lacking !== undefined) throw new MillraceError('RESULT_NOT_STORABLE', `expected rows with the key column '${lacking}'; none has it`);
  const seen = new Map<string, number>();
  for (const [at, row] of rows.entries()) {
    const values = key.map((name) => row[name] ?? null);
    const empty = values.indexOf(null);
    if (empty >= 0) throw new MillraceError('RESULT_NOT_STORABLE', `expected rows[${at}].${key[empty]} to have a value: it is part of the key`);
    const text = values.map((value) => `${typeof value} ${String(value)}`).join('\n');
    const before = seen.get(text);
    if (before !== undefined)
      throw new MillraceError('RESULT_NOT_STORABLE', `expected rows of different keys; rows[${before}] and rows[${at}] have the same`);
    seen.set(text, at);
  }
}

function noColumns(table: string): MillraceError {
  return new MillraceError('RESULT_NOT_STORABLE', `there is no table '${table}', and no rows that tell its columns`, {
    hint: 'Make the table, or throw Skip() when there are no rows.',
  });
}

function checkedOptions<R extends object>(table: string, options: SqlTableOptions<R>): SqlTableOptions<R> {
  checkedName('table name', table);
  const { db, schema, mode = 'replace', key } = options ?? {};
  if (!isSecret(db) && (typeof db !== 'string' || db === '')) throw optionInvalid(table, 'db', "an address, a path or secret('NAME')", db);
  if (schema !== undefined) checkedName('schema name', schema);
  if (!['replace', 'append', 'upsert'].includes(mode)) throw optionInvalid(table, 'mode', "'replace', 'append' or 'upsert'", mode);
  if (mode === 'upsert' && !(Array.isArray(key) && key.length > 0))
    throw optionInvalid(table, 'key', "a list of columns, which mode: 'upsert' needs", key);
  if (mode !== 'upsert' && key !== undefined) throw optionInvalid(table, 'key', "left out, except with mode: 'upsert'", key);
  for (const column of key ?? []) checkedName('column name', column);
  return options;
}

function optionInvalid(table: string, option: string, expected: string, got: unknown): MillraceError {
  return new MillraceError('SQL_OPTION_INVALID', `expected '${option}' of sqlTable('${table}') to be ${expected}; got ${describe(got)}`);
}
