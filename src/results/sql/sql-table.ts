import { describe, MillraceError } from '../../base/error.js';
import { isSecret, type Secret, secretValue } from '../../model/secret.js';
import type { Target } from '../../model/target.js';
import { openDatabase, schemeOf, shownDatabase } from './open-database.js';
import type { SqlDatabase, SqlSession, TableAddress } from './sql-database.js';
import { asSqlError } from './sql-error.js';
import { checkedName } from './table-name.js';

type TableRows = typeof import('./table-rows.js');

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
  const use = async <T>(access: 'read' | 'write', job: (rows: TableRows, session: SqlSession, database: SqlDatabase) => Promise<T>): Promise<T> => {
    const text = isSecret(db) ? secretValue(db) : db;
    try {
      // Most flows have no table.
      const { readRows, writeRows } = await import('./table-rows.js');
      const database = await openDatabase(text);
      if (schema !== undefined && !database.hasSchemas) throw optionInvalid(table, 'schema', 'nothing, since SQLite has no schemas', schema);
      return await database.inTransaction(access, (session) => job({ readRows, writeRows }, session, database));
    } catch (error) {
      throw asSqlError(error, `table ${named} of ${where}`, text);
    }
  };
  return Object.freeze({
    scheme: isSecret(db) ? 'sql' : schemeOf(db),
    address: `${isSecret(db) ? `sql:${where}` : where}#${named}`,
    exists: () => use('read', async (_, session) => (await session.columns(at)) !== undefined),
    read: () => use('read', async ({ readRows }, session) => (await readRows(session, at, mode === 'upsert' ? key : undefined)) as R[]),
    write: (rows: R[]) => use('write', ({ writeRows }, session, database) => writeRows(session, database, at, rows, { mode, key })),
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
