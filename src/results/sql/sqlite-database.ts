import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { systemClock } from '../../base/clock.js';
import { MillraceError } from '../../base/error.js';
import { faultPoint } from '../../base/fault-point.js';
import type { Column, ColumnKind } from './sql-columns.js';
import type { AccessMode, SqlDatabase, SqlSession, TableAddress } from './sql-database.js';
import { nameList, quoted } from './sql-text.js';

/** The driver aborts the process on a boolean; everything else it takes as it is. */
type SqliteValue = string | number | bigint | Uint8Array | null;

interface Driver {
  prepare(sql: string): DriverStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

interface DriverStatement {
  raw(on: boolean): DriverStatement;
  safeIntegers(on: boolean): DriverStatement;
  run(values: readonly SqliteValue[]): unknown;
  all(values: readonly SqliteValue[]): readonly unknown[];
  get(values: readonly SqliteValue[]): unknown;
}

/** The names of types are kept by SQLite as they are written, and say how values are to be read. */
const TYPES: Readonly<Record<ColumnKind, string>> = {
  integer: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  text: 'TEXT',
  date: 'TIMESTAMP',
  bytes: 'BLOB',
  json: 'JSON',
};

const LARGEST = 2n ** 63n - 1n;
/** How long to wait for another writer, and how long the event loop may stand still for it at a time. */
const PATIENCE_MS = 15_000;
const BLOCKING_WAIT_MS = 4;
const LONGEST_PAUSE_MS = 50;
/** Rows between two turns of the event loop. */
const ROWS_AT_ONCE = 2_000;

export function sqliteDatabase(path: string): SqlDatabase {
  return {
    scheme: 'sqlite',
    shown: path,
    hasSchemas: false,
    types: TYPES,
    isThere: () => existsSync(resolve(path)),
    async inTransaction(mode, job) {
      const driver = connect(path, mode);
      try {
        if (mode === 'look') driver.exec('PRAGMA query_only = ON');
        await begin(driver, mode);
        try {
          const result = await job(new SqliteSession(driver));
          if (mode === 'write') faultPoint('table.commit');
          driver.exec('COMMIT');
          return result;
        } catch (error) {
          rollBack(driver);
          throw error;
        }
      } finally {
        driver.close();
      }
    },
  };
}

/** By require: an import would first search the whole file for names it exports. */
function connect(path: string, mode: AccessMode): Driver {
  const LibSql = createRequire(import.meta.url)('libsql') as typeof import('libsql');
  const file = resolve(path);
  if (mode === 'write') mkdirSync(dirname(file), { recursive: true });
  return new LibSql(file, { timeout: BLOCKING_WAIT_MS }) as unknown as Driver;
}

async function begin(driver: Driver, mode: AccessMode): Promise<void> {
  const deadline = systemClock.now() + PATIENCE_MS;
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return void driver.exec(mode === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN');
    } catch (error) {
      if (!String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY') || systemClock.now() >= deadline) throw error;
    }
    await new Promise<void>((done) => systemClock.schedule(pause, done));
  }
}

function rollBack(driver: Driver): void {
  try {
    driver.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back by itself already, as it does on a full disk.
  }
}

class SqliteSession implements SqlSession {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  async run(sql: string): Promise<void> {
    this.#driver.exec(sql);
  }

  /** Only what gives rows can be read: a statement that does not is refused by the driver. */
  async first(sql: string): Promise<unknown> {
    const row = this.#driver.prepare(sql).raw(true).safeIntegers(true).get([]) as readonly SqliteValue[] | undefined;
    return row?.[0];
  }

  async columns({ table }: TableAddress): Promise<readonly Column[] | undefined> {
    const rows = this.#driver.prepare('SELECT name, type FROM pragma_table_info(?)').raw(true).all([table]) as readonly (readonly string[])[];
    return rows.length === 0 ? undefined : rows.map(([name = '', type = '']) => ({ name, kind: kindOf(type) }));
  }

  async insert({ table }: TableAddress, columns: readonly Column[], rows: readonly (readonly unknown[])[], conflict: string): Promise<void> {
    const places = columns.map(() => '?').join(', ');
    const names = nameList(columns.map(({ name }) => name));
    const statement = this.#driver.prepare(`INSERT INTO ${quoted(table)} (${names}) VALUES (${places})${conflict}`);
    for (const [at, row] of rows.entries()) {
      if (at > 0 && at % ROWS_AT_ONCE === 0) await new Promise((done) => setImmediate(done));
      statement.run(row.map((value, place) => encode(value, columns[place] as Column, at)));
    }
  }

  async select({ table }: TableAddress, columns: readonly Column[], order = 'rowid'): Promise<readonly (readonly unknown[])[]> {
    const sql = `SELECT ${nameList(columns.map(({ name }) => name))} FROM ${quoted(table)} ORDER BY ${order}`;
    const rows = this.#driver.prepare(sql).raw(true).safeIntegers(true).all([]) as readonly (readonly SqliteValue[])[];
    return rows.map((row) => columns.map(({ kind }, place) => decode(row[place] as SqliteValue, kind)));
  }
}

/** Tables of others have types of other names. */
function kindOf(type: string): ColumnKind | undefined {
  const upper = type.toUpperCase().replace(/\(.*$/s, '').trim();
  for (const [kind, name] of Object.entries(TYPES)) if (name === upper) return kind as ColumnKind;
  if (upper.includes('INT')) return 'integer';
  if (/REAL|FLOA|DOUB|NUMERIC|DECIMAL/.test(upper)) return 'double';
  return /CHAR|CLOB|TEXT/.test(upper) ? 'text' : undefined;
}

function encode(value: unknown, { name, kind }: Column, row: number): SqliteValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === 'object') return JSON.stringify(value);
  if (Number.isNaN(value)) throw unfit(`rows[${row}].${name}`, 'a number, since SQLite has no NaN');
  if (typeof value === 'bigint' && (value > LARGEST || value < -LARGEST - 1n))
    throw unfit(`rows[${row}].${name}`, 'of 64 bits, which is what SQLite keeps');
  // As a whole number, not as 3.0.
  if (typeof value === 'number' && kind === 'integer' && Number.isSafeInteger(value)) return BigInt(value);
  return value as SqliteValue;
}

function unfit(path: string, expected: string): MillraceError {
  return new MillraceError('RESULT_NOT_STORABLE', `expected ${path} to be ${expected}`);
}

/** By the column's type, as far as the value is of it: SQLite lets any column hold anything. */
function decode(value: SqliteValue, kind: ColumnKind | undefined): unknown {
  if (typeof value === 'bigint') {
    if (kind === 'boolean') return value !== 0n;
    return kind === 'bigint' || value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER) ? value : Number(value);
  }
  if (typeof value === 'string' && kind === 'date') return new Date(value);
  if (typeof value === 'string' && kind === 'json') return JSON.parse(value) as unknown;
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}
