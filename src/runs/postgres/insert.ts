import { MillraceError } from '../../base/error.js';
import type { SqlValue } from '../sqlite/statement.js';
import { TABLES } from './schema.js';
import type { Sql } from './session.js';

/** The text of an INSERT of any number of rows: each column travels as one list, so it is prepared once. */
export interface Insert {
  readonly text: string;
  readonly width: number;
}

/** @param conflict what follows ON CONFLICT @param order so that two who write the same rows never wait for each other */
export function insertInto(table: string, columns: readonly string[], conflict: string, order?: string): Insert {
  const types = new Map(TABLES.get(table)?.columns.map(({ name, type }) => [name, type]));
  const lists = columns.map((column) => `?::${types.get(column) ?? missing(table, column)}`);
  const names = columns.join(', ');
  const sorted = order === undefined ? '' : ` ORDER BY ${order}`;
  return {
    text: `INSERT INTO ${table} (${names}) SELECT ${names} FROM unnest(${lists.join(', ')}) AS given (${names})${sorted} ON CONFLICT ${conflict}`,
    width: columns.length,
  };
}

/** Nothing where there are no rows. @param put adds the values of a row, in the order of the columns */
export function inserted<Row>(insert: Insert, rows: readonly Row[], put: (into: SqlValue[], row: Row) => void): readonly Sql[] {
  if (rows.length === 0) return [];
  const values: SqlValue[] = [];
  for (const row of rows) put(values, row);
  const columns: SqlValue[][] = Array.from({ length: insert.width }, () => []);
  for (let at = 0; at < values.length; at++) columns[at % insert.width]?.push(values[at] as SqlValue);
  return [[insert.text, ...columns]];
}

function missing(table: string, column: string): never {
  throw new MillraceError('RECORD_FAILED', `expected a column ${column} in table ${table}; the schema has none`);
}
