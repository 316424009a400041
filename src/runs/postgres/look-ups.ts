import type { LogRow, RunRow } from '../../model/records.js';
import { TASK_STATE_CODE, type TaskState } from '../../model/states.js';
import { LOG_LEVELS, latestOf, logLimit, runLimit, runUnknown } from '../look.js';
import type { ChosenAddress, LogFilter, RunFilter, TaskRunDetails } from '../run-record.js';
import { joined } from '../sqlite/look-ups.js';
import * as rows from '../sqlite/rows.js';
import type { SqlRow, SqlValue } from '../sqlite/statement.js';
import { reusedOf, unpackReused } from './reused.js';
import type { Session, Sql } from './session.js';

const ALL = -1;

/** Columns for a SELECT; digests as text. */
function selection(table: string, columns: readonly string[]): string {
  return columns.map((column) => (rows.DIGESTS.has(column) ? `encode(${table}.${column}, 'hex')` : `${table}.${column}`)).join(', ');
}

const RUNS = `SELECT ${selection('run', rows.RUN_COLUMNS)} FROM`;

export async function findRun(session: Session, id: string): Promise<RunRow | undefined> {
  const flow = latestOf(id);
  if (flow !== undefined) return (await findRuns(session, { flow, limit: 1 }))[0];
  const [row] = await session.rows(`${RUNS} run WHERE id = ?`, id);
  return row && rows.runOf(row);
}

/** Whatever is asked for, one index gives the rows in order, so that a page costs its length and not that of the history. */
export async function findRuns(session: Session, filter: RunFilter): Promise<readonly RunRow[]> {
  const limit = sqlLimit(runLimit(filter.limit));
  const [tag, ...otherTags] = filter.tags ?? [];
  const key = tag === undefined ? ['run.created_at', 'run.number'] : ['run_tag.created_at', 'run_tag.run'];
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const where = (condition: string, ...given: readonly SqlValue[]): void => {
    conditions.push(condition);
    values.push(...given);
  };
  if (tag !== undefined) where('run_tag.tag = ?', tag);
  if (filter.flow !== undefined) where('run.flow = ?', filter.flow);
  if (filter.state !== undefined) where('run.state = ?', filter.state);
  if (filter.since !== undefined) where(`${key[0]} >= ?`, filter.since);
  for (const other of otherTags)
    where('EXISTS (SELECT 1 FROM run_tag o WHERE o.tag = ? AND o.created_at = run.created_at AND o.run = run.number)', other);
  if (filter.before !== undefined) where(`(${key.join(', ')}) < (?, ?)`, ...(await placeOf(session, filter.before)));
  const from = tag === undefined ? 'run' : 'run_tag JOIN run ON run.number = run_tag.run';
  const sql = `${RUNS} ${from}${conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''} ORDER BY ${key[0]} DESC, ${key[1]} DESC LIMIT ?`;
  return (await session.rows(sql, ...values, limit)).map(rows.runOf);
}

async function placeOf(session: Session, id: string): Promise<SqlRow> {
  const [row] = await session.rows('SELECT created_at, number FROM run WHERE id = ?', id);
  if (row === undefined) throw runUnknown(id);
  return row;
}

export interface TaskRunFilter {
  readonly task?: string;
  readonly state?: TaskState;
}

const NUMBER = '(SELECT number FROM run WHERE id = ?)';

/** One state of the database, one round trip. For `taskRunsOf`. */
export function taskRunsAsked(run: string, filter: TaskRunFilter): readonly Sql[] {
  const conditions = [`t.run = ${NUMBER}`];
  const values: SqlValue[] = [run];
  if (filter.task !== undefined) {
    conditions.push('t.task = ?');
    values.push(filter.task);
  }
  if (filter.state !== undefined) {
    conditions.push('t.state = ?');
    values.push(TASK_STATE_CODE[filter.state]);
  }
  const where = `WHERE ${conditions.join(' AND ')}`;
  // Of packed task runs nobody knows the places before they are unpacked: with a filter, all that packs can have is read.
  const isMeant =
    values.length === 1
      ? ''
      : ` AND (EXISTS (SELECT 1 FROM task_run t ${where} AND t.place = x.place) OR NOT EXISTS (SELECT 1 FROM task_run t WHERE t.run = x.run AND t.place = x.place))`;
  const part = (table: string, columns: readonly string[], within: string): Sql => [
    `SELECT ${selection('x', columns)} FROM ${table} x WHERE x.run = ${NUMBER}${isMeant} ORDER BY x.place, x.${within}`,
    run,
    ...(values.length === 1 ? [] : values),
  ];
  return [
    [`SELECT ${selection('t', rows.TASK_RUN_COLUMNS)} FROM task_run t ${where} ORDER BY t.place`, ...values],
    reusedOf(run, filter),
    part('attempt', rows.ATTEMPT_COLUMNS, 'attempt'),
    part('artifact', rows.ARTIFACT_COLUMNS, 'name'),
  ];
}

export function taskRunsOf([found = [], packs = [], attempts = [], artifacts = []]: readonly (readonly SqlRow[])[]): readonly TaskRunDetails[] {
  const reused = unpackReused(packs);
  const taskRuns = [...found.map(rows.taskRunOf), ...reused];
  // Made of two lists that are in order: sorting them is one walk.
  if (reused.length > 0) taskRuns.sort((a, b) => a.index - b.index);
  return joined(taskRuns, attempts.map(rows.attemptOf), artifacts.map(rows.artifactOf));
}

/** Small results lie in the record, others under their digests: what is left was chosen. */
export async function findChosenAddresses(session: Session): Promise<readonly ChosenAddress[]> {
  const sql = "SELECT DISTINCT uri, address FROM artifact WHERE uri NOT LIKE 'record:%' AND address !~ '^results/[0-9a-f][0-9a-f]/'";
  return (await session.rows(sql)).map(([uri, key]) => ({ uri: uri as string, key: key as string }));
}

export async function findLogs(session: Session, run: string, filter: LogFilter): Promise<readonly LogRow[]> {
  const limit = sqlLimit(logLimit(filter.limit));
  const conditions = [`run = ${NUMBER}`, 'seq > ?', 'level >= ?'];
  const values: (SqlValue | readonly SqlValue[])[] = [run, filter.after ?? ALL, filter.level === undefined ? 0 : LOG_LEVELS.indexOf(filter.level)];
  if (filter.node !== undefined) {
    const [packs = []] = await session.all([reusedOf(run, { task: filter.node })]);
    conditions.push(`(node = ? OR node = ANY(?::text[]) OR node IN (SELECT id FROM task_run WHERE run = ${NUMBER} AND task = ?))`);
    values.push(
      filter.node,
      unpackReused(packs).map(({ id }) => id),
      run,
      filter.node,
    );
  }
  const sql = `SELECT ${rows.LOG_COLUMNS.join(', ')} FROM log WHERE ${conditions.join(' AND ')} ORDER BY seq LIMIT ?`;
  return (await session.rows(sql, ...values, limit)).map(rows.logOf);
}

/** No limit is NULL. */
function sqlLimit(limit: number): number | null {
  return limit === Number.POSITIVE_INFINITY ? null : limit;
}
