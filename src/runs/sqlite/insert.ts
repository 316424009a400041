import type { SqliteConnection } from './connection.js';
import type { SqlValue } from './statement.js';

/** Rows per statement. A call into the driver costs some 2 µs, whatever it carries; beyond 16 rows little more is gained. */
const ROWS_AT_ONCE = 16;

/** The text of an INSERT, for one row and for many. */
export interface Insert {
  readonly one: string;
  readonly many: string;
  readonly width: number;
}

/** @param conflict what follows ON CONFLICT */
export function insertInto(table: string, columns: readonly string[], conflict: string): Insert {
  const head = `INSERT INTO ${table} (${columns.join(', ')}) VALUES `;
  const row = `(${columns.map(() => '?').join(', ')})`;
  const tail = ` ON CONFLICT ${conflict}`;
  return { one: head + row + tail, many: head + Array<string>(ROWS_AT_ONCE).fill(row).join(', ') + tail, width: columns.length };
}

/** For ON CONFLICT: takes the newer row over, but for its key. */
export function replacing(key: readonly string[], columns: readonly string[]): string {
  const others = columns.filter((column) => !key.includes(column));
  return `(${key.join(', ')}) DO UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`;
}

export function insertRows<Row>(connection: SqliteConnection, insert: Insert, rows: readonly Row[], put: (into: SqlValue[], row: Row) => void): void {
  let values: SqlValue[] = [];
  for (const row of rows) {
    put(values, row);
    if (values.length < ROWS_AT_ONCE * insert.width) continue;
    connection.prepare(insert.many).run(values);
    values = [];
  }
  for (let from = 0; from < values.length; from += insert.width) connection.prepare(insert.one).run(values.slice(from, from + insert.width));
}
