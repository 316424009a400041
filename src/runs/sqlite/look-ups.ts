import type { ArtifactRow, AttemptRow, TaskRunRow } from '../../model/records.js';
import { TASK_STATE_CODE } from '../../model/states.js';
import type { ChosenAddress, TaskRunDetails, TaskRunFilter } from '../run-record.js';
import type { SqliteConnection } from './connection.js';
import { findReused } from './reused.js';
import * as rows from './rows.js';
import { runNumber } from './run-number.js';
import { findProgress } from './side-results.js';
import type { SqlRow, SqlValue } from './statement.js';

const ALL = -1;

export function findTaskRuns(connection: SqliteConnection, id: string, filter: TaskRunFilter): readonly TaskRunDetails[] {
  const run = runNumber(connection, id);
  if (run === undefined) return [];
  const { within, limit = Number.POSITIVE_INFINITY } = filter;
  const asked: { readonly sql: string; readonly value: SqlValue }[] = taskRunConditions(filter);
  if (within !== undefined) asked.push({ sql: 't.place >= ?', value: within[0] }, { sql: 't.place <= ?', value: within[1] });
  if (filter.indexes !== undefined) asked.push({ sql: 't.place IN (SELECT value FROM json_each(?))', value: JSON.stringify(filter.indexes) });
  const where = `WHERE ${['t.run = ?', ...asked.map(({ sql }) => sql)].join(' AND ')}`;
  const found = connection
    .prepare(`SELECT ${rows.selection('t', rows.TASK_RUN_COLUMNS)} FROM task_run t ${where} ORDER BY t.place LIMIT ?`)
    .all([run, ...asked.map(({ value }) => value), sqlLimit(limit)])
    .map(rows.taskRunOf);
  const reused = findReused(connection, run, filter);
  // Made of two lists that are in order: sorting them is one walk.
  const taskRuns = reused.length === 0 ? found : [...found, ...reused].sort((a, b) => a.index - b.index).slice(0, limit);
  // Without a filter the table's own key is scanned; with one, the rows of the chosen task runs are looked up.
  const isWhole = asked.length === 0 && limit === Number.POSITIVE_INFINITY;
  const places = isWhole ? '' : JSON.stringify(taskRuns.map(({ index }) => index));
  const select = (table: string, columns: readonly string[], inside: string): readonly SqlRow[] => {
    const chosen = isWhole ? '' : 'AND x.place IN (SELECT value FROM json_each(?))';
    const sql = `SELECT ${rows.selection('x', columns)} FROM ${table} x WHERE x.run = ? ${chosen} ORDER BY x.place, x.${inside}`;
    return connection.prepare(sql).all(isWhole ? [run] : [run, places]);
  };
  const attempts = select('attempt', rows.ATTEMPT_COLUMNS, 'attempt').map(rows.attemptOf);
  const artifacts = select('artifact', rows.ARTIFACT_COLUMNS, 'name').map(rows.artifactOf);
  return withProgress(joined(taskRuns, attempts, artifacts), findProgress(connection, run, isWhole ? undefined : taskRuns));
}

/** What a filter asks of task runs as `t`; but for their places, which each database takes in its own way. */
export function taskRunConditions({ task, state, id }: TaskRunFilter): { sql: string; value: SqlValue }[] {
  return [
    ...(task === undefined ? [] : [{ sql: 't.task = ?', value: task }]),
    ...(state === undefined ? [] : [{ sql: 't.state = ?', value: TASK_STATE_CODE[state] }]),
    ...(id === undefined ? [] : [{ sql: 't.id = ?', value: id }]),
  ];
}

/** @param progress by the place of the task run */
export function withProgress(
  details: readonly TaskRunDetails[],
  progress: ReadonlyMap<number, NonNullable<TaskRunDetails['progress']>>,
): readonly TaskRunDetails[] {
  if (progress.size === 0) return details;
  return details.map((row) => {
    const last = progress.get(row.index);
    return last === undefined ? row : { ...row, progress: last };
  });
}

/** All three lists are in order of index, so one walk joins them. */
export function joined(
  taskRuns: readonly TaskRunRow[],
  attempts: readonly AttemptRow[],
  artifacts: readonly Omit<ArtifactRow, 'inline'>[],
): readonly TaskRunDetails[] {
  const nextAttempts = groupsOf(attempts);
  const nextArtifacts = groupsOf(artifacts);
  return taskRuns.map((row) => ({ ...row, attemptRows: nextAttempts(row.index), artifacts: nextArtifacts(row.index) }));
}

/** Gives the rows of one index after the other; asked with rising indices. */
function groupsOf<Row extends { readonly index: number }>(sorted: readonly Row[]): (index: number) => readonly Row[] {
  let at = 0;
  return (index) => {
    while (at < sorted.length && (sorted[at] as Row).index < index) at += 1;
    const from = at;
    while (at < sorted.length && (sorted[at] as Row).index === index) at += 1;
    return sorted.slice(from, at);
  };
}

/** Small results lie in the record, others under their digests: what is left was chosen. */
export function findChosenAddresses(connection: SqliteConnection): readonly ChosenAddress[] {
  const sql = "SELECT DISTINCT uri, address FROM artifact WHERE uri NOT GLOB 'record:*' AND address NOT GLOB 'results/[0-9a-f][0-9a-f]/*'";
  return connection
    .prepare(sql)
    .all()
    .map(([uri, key]) => ({ uri: uri as string, key: key as string }));
}

/** For a LIMIT. */
export function sqlLimit(limit: number): number {
  return limit === Number.POSITIVE_INFINITY ? ALL : limit;
}
