import type { ChosenAddress, TaskRunDetails, TaskRunFilter } from '../run-record.js';
import { joined, taskRunConditions, withProgress } from '../sqlite/look-ups.js';
import { unpackReused } from '../sqlite/reused.js';
import * as rows from '../sqlite/rows.js';
import { progressOf } from '../sqlite/side-results.js';
import type { SqlRow } from '../sqlite/statement.js';
import { reusedOf } from './reused.js';
import type { Session, Sql } from './session.js';
import type { Parameter } from './values.js';

/** Columns for a SELECT; digests as text. */
export function selection(table: string, columns: readonly string[]): string {
  return columns.map((column) => (rows.DIGESTS.has(column) ? `encode(${table}.${column}, 'hex')` : `${table}.${column}`)).join(', ');
}

export const NUMBER = '(SELECT number FROM run WHERE id = ?)';

/** One state of the database, one round trip. For `taskRunsOf`. */
export function taskRunsAsked(run: string, filter: TaskRunFilter): readonly Sql[] {
  const { within, indexes, limit } = filter;
  const asked: { readonly sql: string; readonly value: Parameter }[] = taskRunConditions(filter);
  if (within !== undefined) asked.push({ sql: 't.place >= ?', value: within[0] }, { sql: 't.place <= ?', value: within[1] });
  if (indexes !== undefined) asked.push({ sql: 't.place = ANY(?::bigint[])', value: indexes });
  const limited = limit === undefined ? '' : ' LIMIT ?';
  const values: readonly Parameter[] = [run, ...asked.map(({ value }) => value), ...(limit === undefined ? [] : [limit])];
  const where = `WHERE ${[`t.run = ${NUMBER}`, ...asked.map(({ sql }) => sql)].join(' AND ')}`;
  // Of packed task runs nobody knows the places before they are unpacked: with a filter, all that packs can have is read.
  const isPacked = 'NOT EXISTS (SELECT 1 FROM task_run t WHERE t.run = x.run AND t.place = x.place)';
  const isMeant = values.length === 1 ? '' : ` AND (x.place IN (SELECT t.place FROM task_run t ${where} ORDER BY t.place${limited}) OR ${isPacked})`;
  const isWithin = within === undefined ? '' : ' AND x.place >= ? AND x.place <= ?';
  const part = (table: string, columns: readonly string[], inside: string): Sql => [
    `SELECT ${selection('x', columns)} FROM ${table} x WHERE x.run = ${NUMBER}${isWithin}${isMeant} ORDER BY x.place, x.${inside}`,
    run,
    ...(within ?? []),
    ...(values.length === 1 ? [] : values),
  ];
  return [
    [`SELECT ${selection('t', rows.TASK_RUN_COLUMNS)} FROM task_run t ${where} ORDER BY t.place${limited}`, ...values],
    reusedOf(run, filter),
    part('attempt', rows.ATTEMPT_COLUMNS, 'attempt'),
    part('artifact', rows.ARTIFACT_COLUMNS, 'name'),
    [`SELECT x.place, attempt, fraction, message, at FROM progress x WHERE x.run = ${NUMBER}${isWithin}`, run, ...(within ?? [])],
  ];
}

/** @param answers of what `taskRunsAsked` asks */
export function taskRunsOf(answers: readonly (readonly SqlRow[])[], filter: TaskRunFilter): readonly TaskRunDetails[] {
  const [found = [], packs = [], attempts = [], artifacts = [], said = []] = answers;
  const reused = unpackReused(packs, filter);
  const taskRuns = [...found.map(rows.taskRunOf), ...reused];
  // Made of two lists that are in order: sorting them is one walk.
  if (reused.length > 0) taskRuns.sort((a, b) => a.index - b.index);
  const wanted = filter.limit === undefined ? taskRuns : taskRuns.slice(0, filter.limit);
  return withProgress(joined(wanted, attempts.map(rows.attemptOf), artifacts.map(rows.artifactOf)), progressOf(said));
}

/** Small results lie in the record, others under their digests: what is left was chosen. */
export async function findChosenAddresses(session: Session): Promise<readonly ChosenAddress[]> {
  const sql = "SELECT DISTINCT uri, address FROM artifact WHERE uri NOT LIKE 'record:%' AND address !~ '^results/[0-9a-f][0-9a-f]/'";
  return (await session.rows(sql)).map(([uri, key]) => ({ uri: uri as string, key: key as string }));
}

/** No limit is NULL. */
export function sqlLimit(limit: number): number | null {
  return limit === Number.POSITIVE_INFINITY ? null : limit;
}
