import { randomBytes } from 'node:crypto';
import { describe, MillraceError } from '../../base/error.js';
import { type Column, columnsOf, type Row } from './sql-columns.js';
import type { SqlDatabase, SqlSession, TableAddress } from './sql-database.js';
import { nameList, onConflict, quoted, tableName } from './sql-text.js';

/** What a table of `sqlTable` does when it is used. */

export interface WayOfWriting {
  readonly mode: 'replace' | 'append' | 'upsert';
  readonly key: readonly string[];
}

/** In order of the key, else as the database gives them. @throws MillraceError `RESULT_MISSING` */
export async function readRows(session: SqlSession, at: TableAddress, key: readonly string[] | undefined): Promise<readonly Row[]> {
  const columns = await session.columns(at);
  if (columns === undefined) throw new MillraceError('RESULT_MISSING', `there is no table '${at.table}'`);
  const rows = await session.select(at, columns, key && nameList(key));
  return rows.map((values) => Object.fromEntries(columns.map(({ name }, place) => [name, values[place]])));
}

/** @throws MillraceError `RESULT_NOT_STORABLE`, `SQL_COLUMNS_DIFFER`, `SQL_NAME_INVALID` */
export async function writeRows(
  session: SqlSession,
  database: SqlDatabase,
  at: TableAddress,
  rows: unknown,
  { mode, key }: WayOfWriting,
): Promise<void> {
  const given = checkedRows(rows, at);
  if (at.schema !== undefined) await session.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(at.schema)}`);
  if (mode === 'replace') await replaceRows(session, database, at, given);
  else await addRows(session, database, at, given, key);
}

function checkedRows(rows: unknown, { schema, table }: TableAddress): readonly Row[] {
  if (Array.isArray(rows)) return rows as readonly Row[];
  const named = schema === undefined ? table : `${schema}.${table}`;
  throw new MillraceError('RESULT_NOT_STORABLE', `expected a list of rows for table '${named}'; got ${describe(rows)}`);
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
