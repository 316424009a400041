import type { RunRow } from '../../model/records.js';
import type { SqliteConnection } from './connection.js';

/** The values of parameters that runs are found by. */

/** What of a value is in the index, in characters as the database counts them: whoever finds a run by that looks at the whole. */
const INDEXED = 200;

export function paramKey(text: string): string {
  return text.length <= INDEXED ? text : [...text.slice(0, 2 * INDEXED)].slice(0, INDEXED).join('');
}

/** Inside a transaction. */
export function writeParams(connection: SqliteConnection, number: number, { flow, params, createdAt }: RunRow): void {
  const insert = connection.prepare('INSERT INTO run_param (flow, name, value, created_at, run) VALUES (?, ?, ?, ?, ?)');
  for (const [name, text] of Object.entries(params)) insert.run([flow, name, paramKey(text), createdAt, number]);
}

/** Inside a transaction. */
export function removeParams(
  connection: SqliteConnection,
  number: number,
  { flow, params, createdAt }: Pick<RunRow, 'flow' | 'params' | 'createdAt'>,
): void {
  const remove = connection.prepare('DELETE FROM run_param WHERE flow = ? AND name = ? AND value = ? AND created_at = ? AND run = ?');
  for (const [name, text] of Object.entries(params)) remove.run([flow, name, paramKey(text), createdAt, number]);
}
