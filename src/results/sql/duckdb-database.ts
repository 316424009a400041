import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DuckDBAppender, DuckDBConnection, DuckDBTimestampValue } from '@duckdb/node-api';
import { faultPoint } from '../../base/fault-point.js';
import { loadDriver } from './load-driver.js';
import type { Column, ColumnKind } from './sql-columns.js';
import type { AccessMode, SqlDatabase, SqlSession, TableAddress } from './sql-database.js';
import { nameList, quoted, tableName } from './sql-text.js';

type DuckDb = typeof import('@duckdb/node-api');

const TYPES: Readonly<Record<ColumnKind, string>> = {
  integer: 'BIGINT',
  bigint: 'HUGEINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  text: 'VARCHAR',
  date: 'TIMESTAMP',
  bytes: 'BLOB',
  json: 'JSON',
};

const KINDS: readonly (readonly [RegExp, ColumnKind])[] = [
  [/^(?:BIGINT|INTEGER|SMALLINT|TINYINT|UINTEGER|USMALLINT|UTINYINT)$/, 'integer'],
  [/^(?:HUGEINT|UBIGINT|UHUGEINT)$/, 'bigint'],
  [/^(?:DOUBLE|FLOAT|DECIMAL.*)$/, 'double'],
  [/^BOOLEAN$/, 'boolean'],
  [/^VARCHAR$/, 'text'],
  [/^(?:DATE|TIMESTAMP.*)$/, 'date'],
  [/^BLOB$/, 'bytes'],
  [/^JSON$/, 'json'],
];

/** How each kind is asked for, so that it comes in one form. */
const ASKED: Readonly<Record<ColumnKind, (name: string) => string>> = {
  integer: (name) => `CAST(${name} AS BIGINT)`,
  bigint: (name) => `CAST(${name} AS HUGEINT)`,
  double: (name) => `CAST(${name} AS DOUBLE)`,
  boolean: (name) => name,
  text: (name) => name,
  date: (name) => `epoch_ms(CAST(${name} AS TIMESTAMP))`,
  bytes: (name) => name,
  json: (name) => `CAST(${name} AS VARCHAR)`,
};

/** One process may open a file once: what this one asks of a file goes one after the other. */
const lastOf = new Map<string, Promise<unknown>>();

export function duckdbDatabase(path: string): SqlDatabase {
  const file = resolve(path);
  return {
    scheme: 'duckdb',
    shown: path,
    hasSchemas: true,
    types: TYPES,
    isThere: () => existsSync(file),
    inTransaction(mode, job) {
      const result = (lastOf.get(file) ?? Promise.resolve()).then(() => transact(file, mode, job));
      const settled = result.catch(() => undefined);
      lastOf.set(file, settled);
      void settled.then(() => lastOf.get(file) === settled && lastOf.delete(file));
      return result;
    },
  };
}

async function transact<T>(file: string, mode: AccessMode, job: (session: SqlSession) => Promise<T>): Promise<T> {
  const duckdb = await loadDriver<DuckDb>('@duckdb/node-api');
  if (mode === 'write') mkdirSync(dirname(file), { recursive: true });
  // To write, or to be made when missing, a file has to be this process's alone.
  const instance = await duckdb.DuckDBInstance.create(file, mode === 'look' ? { access_mode: 'READ_ONLY' } : {});
  try {
    const connection = await instance.connect();
    try {
      await connection.run('BEGIN TRANSACTION');
      const result = await job(new DuckDbSession(duckdb, connection));
      if (mode === 'write') faultPoint('table.commit');
      await connection.run('COMMIT');
      return result;
    } finally {
      // Without a COMMIT that is a ROLLBACK.
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

class DuckDbSession implements SqlSession {
  readonly #duckdb: DuckDb;
  readonly #connection: DuckDBConnection;

  constructor(duckdb: DuckDb, connection: DuckDBConnection) {
    this.#duckdb = duckdb;
    this.#connection = connection;
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  async first(sql: string): Promise<unknown> {
    const value = (await this.#connection.runAndReadUntil(sql, 1)).getRows()[0]?.[0];
    return value instanceof this.#duckdb.DuckDBDecimalValue ? value.toDouble() : value;
  }

  async columns({ schema, table }: TableAddress): Promise<readonly Column[] | undefined> {
    const sql = `SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database()
      AND schema_name = coalesce($1, current_schema()) AND table_name = $2 ORDER BY column_index`;
    const reader = await this.#connection.runAndReadAll(sql, [schema ?? null, table]);
    const rows = reader.getRows() as readonly (readonly string[])[];
    return rows.length === 0 ? undefined : rows.map(([name = '', type = '']) => ({ name, kind: KINDS.find(([names]) => names.test(type))?.[1] }));
  }

  /** By way of a table in between: rows that replace others cannot be appended. */
  async insert(into: TableAddress, columns: readonly Column[], rows: readonly (readonly unknown[])[], conflict: string): Promise<void> {
    const names = nameList(columns.map(({ name }) => name));
    const target = tableName(into.schema, into.table);
    await this.#connection.run(`CREATE OR REPLACE TEMP TABLE millrace_rows AS SELECT ${names} FROM ${target} LIMIT 0`);
    const appender = await this.#connection.createAppender('millrace_rows');
    for (const row of rows) {
      for (const [place, value] of row.entries()) this.#append(appender, value, (columns[place] as Column).kind);
      appender.endRow();
    }
    appender.closeSync();
    await this.#connection.run(`INSERT INTO ${target} (${names}) SELECT ${names} FROM millrace_rows ORDER BY rowid${conflict}`);
    await this.#connection.run('DROP TABLE millrace_rows');
  }

  #append(appender: DuckDBAppender, value: unknown, kind: ColumnKind | undefined): void {
    if (value === null || value === undefined) appender.appendNull();
    else if (typeof value === 'number') this.#appendNumber(appender, value, kind);
    else if (typeof value === 'bigint') appender.appendHugeInt(value);
    else if (typeof value === 'boolean') appender.appendBoolean(value);
    else if (value instanceof Date) appender.appendTimestamp(this.#timestamp(value));
    else if (value instanceof Uint8Array) appender.appendBlob(value);
    else appender.appendVarchar(typeof value === 'string' ? value : JSON.stringify(value));
  }

  #appendNumber(appender: DuckDBAppender, value: number, kind: ColumnKind | undefined): void {
    if (kind === 'integer' && Number.isSafeInteger(value)) appender.appendBigInt(BigInt(value));
    else appender.appendDouble(value);
  }

  #timestamp(date: Date): DuckDBTimestampValue {
    return new this.#duckdb.DuckDBTimestampValue(BigInt(date.getTime()) * 1_000n);
  }

  async select(from: TableAddress, columns: readonly Column[], order = 'rowid'): Promise<readonly (readonly unknown[])[]> {
    const asked = columns.map(({ name, kind }) => (kind === undefined ? `CAST(${quoted(name)} AS VARCHAR)` : ASKED[kind](quoted(name)))).join(', ');
    const reader = await this.#connection.runAndReadAll(`SELECT ${asked} FROM ${tableName(from.schema, from.table)} ORDER BY ${order}`);
    return reader.getRows().map((row) => columns.map(({ kind }, place) => decode(row[place], kind)));
  }
}

function decode(value: unknown, kind: ColumnKind | undefined): unknown {
  if (value === null || value === undefined) return null;
  if (kind === 'integer') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (kind === 'date') return new Date(Number(value));
  if (kind === 'json') return JSON.parse(String(value)) as unknown;
  return kind === 'bytes' ? new Uint8Array((value as { readonly bytes: Uint8Array }).bytes) : value;
}
