import type { RunRow } from '../../model/records.js';
import { amended, runUnknown } from '../look.js';
import type { RunAmendment } from '../run-record.js';
import { paramKey } from '../sqlite/params.js';
import { findRun } from './find-runs.js';
import type { Session, Sql } from './session.js';

/** What runs are found by: tags and values of parameters; and what people add to runs that are there already. */

/** Inside a transaction. */
export function tagsOf({ id, tags, systemTags = [] }: RunRow): Sql {
  const insert = 'INSERT INTO run_tag (tag, created_at, run) SELECT tag, created_at, number FROM run, unnest(?::text[]) AS given (tag) WHERE id = ?';
  return [`${insert} ON CONFLICT DO NOTHING`, [...new Set([...tags, ...systemTags])], id];
}

/** Inside a transaction. */
export function paramsOf({ id, params }: RunRow): Sql {
  const names = Object.keys(params);
  return [
    'INSERT INTO run_param (flow, name, value, created_at, run) SELECT run.flow, given.name, given.value, created_at, number ' +
      'FROM run, unnest(?::text[], ?::text[]) AS given (name, value) WHERE id = ? ON CONFLICT DO NOTHING',
    names,
    names.map((name) => paramKey(params[name] as string)),
    id,
  ];
}

/** Inside a transaction. @throws MillraceError `RUN_UNKNOWN` */
export async function amendRun(session: Session, id: string, amendment: RunAmendment): Promise<RunRow> {
  const found = await findRun(session, id);
  if (found === undefined) throw runUnknown(id);
  // Locked first: others may be amending it too.
  await session.rows('SELECT 1 FROM run WHERE id = ? FOR NO KEY UPDATE', found.id);
  const before = (await findRun(session, found.id)) as RunRow;
  const after = amended(before, amendment);
  const kept = new Set([...after.tags, ...(after.systemTags ?? [])]);
  const gone = before.tags.filter((tag) => !kept.has(tag));
  await session.all([
    ['DELETE FROM run_tag WHERE tag = ANY(?::text[]) AND run = (SELECT number FROM run WHERE id = ?)', gone, before.id],
    tagsOf(after),
    [
      'UPDATE run SET tags = ?, notes = ? WHERE id = ?',
      JSON.stringify(after.tags),
      after.notes === undefined ? null : JSON.stringify(after.notes),
      before.id,
    ],
  ]);
  return after;
}
