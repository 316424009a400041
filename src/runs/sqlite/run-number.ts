import type { SqliteConnection } from './connection.js';

/** The number that the rows of a run bear. */
export function runNumber(connection: SqliteConnection, id: string): number | undefined {
  return connection.prepare('SELECT number FROM run WHERE id = ?').get([id])?.[0] as number | undefined;
}
