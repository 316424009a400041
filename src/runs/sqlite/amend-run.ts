import type { RunRow } from '../../model/records.js';
import { amended, runUnknown } from '../look.js';
import type { RunAmendment } from '../run-record.js';
import type { SqliteConnection } from './connection.js';
import { findRun } from './find-runs.js';
import { writeTag } from './tags.js';

/** What people add to runs that are there already: tags and notes. */

/** Inside a transaction. @throws MillraceError `RUN_UNKNOWN` */
export function amendRun(connection: SqliteConnection, id: string, amendment: RunAmendment): RunRow {
  const before = findRun(connection, id);
  if (before === undefined) throw runUnknown(id);
  const after = amended(before, amendment);
  const number = connection.prepare('SELECT number FROM run WHERE id = ?').get([before.id])?.[0] as number;
  const kept = new Set([...after.tags, ...(after.systemTags ?? [])]);
  for (const tag of before.tags) {
    if (!kept.has(tag)) connection.prepare('DELETE FROM run_tag WHERE tag = ? AND created_at = ? AND run = ?').run([tag, before.createdAt, number]);
  }
  for (const tag of after.tags) writeTag(connection, tag, before.createdAt, number);
  const notes = after.notes === undefined ? null : JSON.stringify(after.notes);
  connection.prepare('UPDATE run SET tags = ?, notes = ? WHERE number = ?').run([JSON.stringify(after.tags), notes, number]);
  return after;
}
