import type { RunRow } from '../../model/records.js';
import { latestOf, runLimit, runUnknown } from '../look.js';
import type { RunFilter } from '../run-record.js';
import type { SqliteConnection } from './connection.js';
import { sqlLimit } from './look-ups.js';
import { paramKey } from './params.js';
import * as rows from './rows.js';
import type { SqlValue } from './statement.js';

const SELECTION = rows.selection('run', rows.RUN_COLUMNS);

export function findRun(connection: SqliteConnection, id: string): RunRow | undefined {
  const flow = latestOf(id);
  if (flow !== undefined) return findRuns(connection, { flow, limit: 1 })[0];
  const row = connection.prepare(`SELECT ${SELECTION} FROM run WHERE id = ?`).get([id]);
  return row && rows.runOf(row);
}

/** Names are skipped through, one seek each: the newest run of each flow is then one more. */
const FLOWS = `
WITH RECURSIVE name(flow) AS (
  SELECT min(flow) FROM run
  UNION ALL
  SELECT (SELECT min(run.flow) FROM run WHERE run.flow > name.flow) FROM name WHERE name.flow IS NOT NULL
)
SELECT flow FROM name WHERE flow IS NOT NULL`;

export function findFlows(connection: SqliteConnection): readonly RunRow[] {
  const names = connection.prepare(FLOWS).all();
  return names.flatMap(([flow]) => findRuns(connection, { flow: flow as string, limit: 1 }));
}

/** A part of a WHERE, with the values it needs. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** A table whose index gives runs of one kind in order of time, so that a page costs its length and not that of the history. */
export interface Lead {
  readonly table: 'run' | 'run_tag' | 'run_param';
  /** What the index is asked for, but for times. */
  readonly kind: Condition;
  /** What of the filter is left to be looked at, run by run. */
  readonly rest: readonly Condition[];
}

/**
 * Whatever is asked for, the rarest of its parts leads: what is left is looked at run by run, and rare ones are soon through. Without that, a
 * page of failed runs among a hundred thousand of one tag would read them all.
 */
export function findRuns(connection: SqliteConnection, filter: RunFilter): readonly RunRow[] {
  const limit = runLimit(filter.limit);
  const place = filter.before === undefined ? undefined : placeOf(connection, filter.before);
  const leads = rarest(waysToLead(filter), (ways) =>
    countsAsked(ways, filter, place).map(({ sql, values }) => connection.prepare(sql).get(values)?.[0] as number),
  );
  const pages = leads.map((lead) => {
    const { sql, values } = within(lead, filter, place);
    const conditions = [{ sql, values }, ...lead.rest];
    const where = conditions.map((condition) => condition.sql).filter((text) => text !== '');
    // CROSS: the planner is not to start from the runs, which would read all of them for a rare tag.
    const from = lead.table === 'run' ? 'run' : `${lead.table} CROSS JOIN run ON run.number = ${lead.table}.run`;
    const order = `ORDER BY ${lead.table}.created_at DESC, ${numberIn(lead)} DESC`;
    return connection
      .prepare(`SELECT ${SELECTION}, run.number FROM ${from}${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''} ${order} LIMIT ?`)
      .all([...conditions.flatMap((condition) => condition.values), sqlLimit(limit)])
      .map((row) => ({ run: rows.runOf(row), number: row.at(-1) as number }));
  });
  const [only, ...others] = pages;
  if (others.length === 0) return (only ?? []).map(({ run }) => run);
  const all = pages.flat().sort((a, b) => b.run.createdAt - a.run.createdAt || b.number - a.number);
  return all.slice(0, limit).map(({ run }) => run);
}

/** Each way is of one lead, or of several where a parameter may have one of several values. */
export function waysToLead(
  filter: RunFilter,
  hasParam: (name: string, texts: readonly string[]) => Condition = ownParam,
  hasTag: (tag: string) => Condition = ownTag,
): readonly (readonly Lead[])[] {
  const flow: Condition[] = filter.flow === undefined ? [] : [{ sql: 'run.flow = ?', values: [filter.flow] }];
  const state: Condition[] = filter.state === undefined ? [] : [{ sql: 'run.state = ?', values: [filter.state] }];
  const parent: Condition[] = filter.parentRun === undefined ? [] : [{ sql: 'run.parent_run = ?', values: [filter.parentRun] }];
  const tags = [...new Set(filter.tags)].map((tag) => ({ tag, condition: hasTag(tag) }));
  const params = Object.entries(filter.params ?? {}).map(([name, texts]) => ({ name, texts, condition: hasParam(name, texts) }));
  const rest = (left: { readonly tag?: string; readonly param?: string }): readonly Condition[] => [
    ...tags.filter(({ tag }) => tag !== left.tag).map(({ condition }) => condition),
    ...params.filter(({ name }) => name !== left.param).map(({ condition }) => condition),
  ];
  const byRun: Lead = { table: 'run', kind: joined([...flow, ...state, ...parent]), rest: rest({}) };
  const byTag = tags.map(({ tag }): readonly Lead[] => [
    { table: 'run_tag', kind: { sql: 'run_tag.tag = ?', values: [tag] }, rest: [...flow, ...state, ...parent, ...rest({ tag })] },
  ]);
  const byParam = params.map(({ name, texts, condition }) =>
    texts.map((text): Lead => {
      const inFlow = filter.flow === undefined ? [] : [{ sql: 'run_param.flow = ?', values: [filter.flow] }];
      const kind = joined([...inFlow, { sql: 'run_param.name = ? AND run_param.value = ?', values: [name, paramKey(text)] }]);
      const whole = paramKey(text) === text ? [] : [condition];
      return { table: 'run_param', kind, rest: [...whole, ...state, ...parent, ...rest({ param: name })] };
    }),
  );
  return [[byRun], ...byTag, ...byParam];
}

/** Counting further tells nothing: so many are gone through in some ten milliseconds. */
const COUNTED = 4_000;

/** How many runs each lead has, asked of the index alone; for `rarest`. */
export function countsAsked(ways: readonly (readonly Lead[])[], filter: RunFilter, place: readonly SqlValue[] | undefined): readonly Condition[] {
  return ways.flat().map((lead) => {
    const { sql, values } = within(lead, filter, place);
    return {
      sql: `SELECT count(*) FROM (SELECT 1 FROM ${lead.table}${sql === '' ? '' : ` WHERE ${sql}`} LIMIT ?)`,
      values: [...values, COUNTED],
    };
  });
}

/**
 * The way that fewest runs lie on; of one way alone nothing is counted.
 * @param counts of all leads of these ways, in order
 */
export function rarest(ways: readonly (readonly Lead[])[], counts: (ways: readonly (readonly Lead[])[]) => readonly number[]): readonly Lead[] {
  const [first = [], ...others] = ways;
  if (others.length === 0) return first;
  const left = [...counts(ways)];
  const sums = ways.map((leads) => left.splice(0, leads.length).reduce((sum, count) => sum + count, 0));
  // Of equals not the runs themselves, which come first: others' indexes give what is looked for alone.
  return ways[sums.lastIndexOf(Math.min(...sums))] as readonly Lead[];
}

/** What the lead's own index answers. */
export function within(lead: Lead, { since, until }: RunFilter, place: readonly SqlValue[] | undefined): Condition {
  const at = `${lead.table}.created_at`;
  return joined([
    lead.kind,
    ...(since === undefined ? [] : [{ sql: `${at} >= ?`, values: [since] }]),
    ...(until === undefined ? [] : [{ sql: `${at} < ?`, values: [until] }]),
    ...(place === undefined ? [] : [{ sql: `(${at}, ${numberIn(lead)}) < (?, ?)`, values: place }]),
  ]);
}

export function numberIn({ table }: Lead): string {
  return table === 'run' ? 'run.number' : `${table}.run`;
}

function joined(conditions: readonly Condition[]): Condition {
  const sql = conditions.map((condition) => condition.sql).filter((text) => text !== '');
  return { sql: sql.join(' AND '), values: conditions.flatMap(({ values }) => values) };
}

function ownTag(tag: string): Condition {
  return {
    sql: 'EXISTS (SELECT 1 FROM run_tag o WHERE o.tag = ? AND o.created_at = run.created_at AND o.run = run.number)',
    values: [tag],
  };
}

/** By the run's own row, which has values whole. */
function ownParam(name: string, texts: readonly string[]): Condition {
  const values = texts.map(() => '?').join(', ');
  return { sql: `EXISTS (SELECT 1 FROM json_each(run.params) o WHERE o.key = ? AND o.value IN (${values}))`, values: [name, ...texts] };
}

function placeOf(connection: SqliteConnection, id: string): readonly SqlValue[] {
  const row = connection.prepare('SELECT created_at, number FROM run WHERE id = ?').get([id]);
  if (row === undefined) throw runUnknown(id);
  return row;
}
