import type { SqliteConnection } from './connection.js';

/** Inside a transaction. */
export function writeTag(connection: SqliteConnection, tag: string, createdAt: number, run: number): void {
  connection.prepare('INSERT INTO run_tag (tag, created_at, run) VALUES (?, ?, ?) ON CONFLICT DO NOTHING').run([tag, createdAt, run]);
}
