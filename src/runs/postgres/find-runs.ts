import type { RunRow } from '../../model/records.js';
import { latestOf, runLimit, runUnknown } from '../look.js';
import type { RunFilter } from '../run-record.js';
import { type Condition, countsAsked, type Lead, numberIn, rarest, waysToLead, within } from '../sqlite/find-runs.js';
import * as rows from '../sqlite/rows.js';
import type { SqlValue } from '../sqlite/statement.js';
import { selection, sqlLimit } from './look-ups.js';
import type { Session, Sql } from './session.js';

const SELECTION = selection('run', rows.RUN_COLUMNS);

export async function findRun(session: Session, id: string): Promise<RunRow | undefined> {
  const flow = latestOf(id);
  if (flow !== undefined) return (await findRuns(session, { flow, limit: 1 }))[0];
  const [row] = await session.rows(`SELECT ${SELECTION} FROM run WHERE id = ?`, id);
  return row && rows.runOf(row);
}

/** Names are skipped through, one seek each; so is the time of the newest run of each, from the index alone: asked for by order and limit, all runs may be gone through. */
const FLOWS = `
WITH RECURSIVE name (flow) AS (
  SELECT min(flow) FROM run
  UNION ALL
  SELECT (SELECT min(run.flow) FROM run WHERE run.flow > name.flow) FROM name WHERE name.flow IS NOT NULL
)
SELECT ${SELECTION} FROM name CROSS JOIN LATERAL (
  SELECT * FROM run WHERE run.flow = name.flow AND run.created_at = (SELECT max(newest.created_at) FROM run newest WHERE newest.flow = name.flow)
  ORDER BY run.number DESC LIMIT 1
) run
ORDER BY name.flow`;

export async function findFlows(session: Session): Promise<readonly RunRow[]> {
  return (await session.rows(FLOWS)).map(rows.runOf);
}

/** As in SQLite: the rarest part of what is asked for leads, and what is left is looked at run by run. */
export async function findRuns(session: Session, filter: RunFilter): Promise<readonly RunRow[]> {
  const limit = runLimit(filter.limit);
  const place = filter.before === undefined ? undefined : await placeOf(session, filter.before);
  const ways = waysToLead(filter, hasParam, hasTag);
  const counts =
    ways.length === 1 ? [] : await session.all(countsAsked(ways, filter, place).map(({ sql, values }): Sql => [`${sql} AS counted`, ...values]));
  const leads = rarest(ways, () => counts.map(([row]) => row?.[0] as number));
  if (leads.length === 0) return [];
  const pages = await session.all(leads.map((lead) => pageOf(lead, filter, place, sqlLimit(limit))));
  const found = pages.flat().map((row) => ({ run: rows.runOf(row), number: row.at(-1) as number }));
  if (pages.length > 1) found.sort((a, b) => b.run.createdAt - a.run.createdAt || b.number - a.number);
  return found.slice(0, limit).map(({ run }) => run);
}

function pageOf(lead: Lead, filter: RunFilter, place: readonly SqlValue[] | undefined, limit: number | null): Sql {
  const conditions = [within(lead, filter, place), ...lead.rest].filter(({ sql }) => sql !== '');
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
  // OFFSET 0: the planner is not to read all of a common tag, and then all runs, for one page in the tag's order.
  const from =
    lead.table === 'run' ? 'run' : `${lead.table} CROSS JOIN LATERAL (SELECT * FROM run WHERE run.number = ${lead.table}.run OFFSET 0) run`;
  const sql = `SELECT ${SELECTION}, run.number FROM ${from}${where} ORDER BY ${lead.table}.created_at DESC, ${numberIn(lead)} DESC LIMIT ?`;
  return [sql, ...conditions.flatMap(({ values }) => values), limit];
}

/** OFFSET 0: to be looked up for each run of the page, not by gathering all that have it. */
function hasTag(tag: string): Condition {
  return { sql: 'EXISTS (SELECT 1 FROM run_tag o WHERE o.tag = ? AND o.created_at = run.created_at AND o.run = run.number OFFSET 0)', values: [tag] };
}

/** By the run's own row, which has values whole. */
function hasParam(name: string, texts: readonly string[]): Condition {
  const values = texts.map(() => '?').join(', ');
  // An empty list has no place in SQL.
  const isOne = texts.length === 0 ? 'false' : `o.value IN (${values})`;
  return { sql: `EXISTS (SELECT 1 FROM json_each_text(run.params::json) o WHERE o.key = ? AND ${isOne})`, values: [name, ...texts] };
}

async function placeOf(session: Session, id: string): Promise<readonly SqlValue[]> {
  const [row] = await session.rows('SELECT created_at, number FROM run WHERE id = ?', id);
  if (row === undefined) throw runUnknown(id);
  return row;
}
