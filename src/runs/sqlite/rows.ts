import type { ArtifactRef } from '../../model/artifact.js';
import type { AssetRenewal } from '../../model/asset.js';
import type { RunCause } from '../../model/due-run.js';
import type { ArtifactRow, AttemptRow, ForcedTasks, RunNote, RunRow, TaskRunRow } from '../../model/records.js';
import { type RunState, TASK_STATE_CODE, TASK_STATES, type TaskState } from '../../model/states.js';
import { digestBytes } from '../digests.js';
import type { SqlRow, SqlValue } from './statement.js';

/**
 * Rows of the model as rows of tables and back, one pair per table: the only place that knows the order of columns (but for what is packed). `put…` adds to a list
 * of parameters rather than making one per row, since several rows go into one statement.
 */

export const DIGESTS: ReadonlySet<string> = new Set(['node_key', 'cache_key', 'content_digest', 'value_digest', 'code_package']);

/** Columns for a SELECT. Digests are turned into text by the database: bytes cost the driver 2 µs each, text a tenth of that. */
export function selection(table: string, columns: readonly string[]): string {
  return columns.map((column) => (DIGESTS.has(column) ? `lower(hex(${table}.${column}))` : `${table}.${column}`)).join(', ');
}

export const RUN_COLUMNS = (
  'id, flow, name, state, params, tags, created_at, started_at, finished_at, error, parent_run, origin_run, owner, epoch, counts, result, ' +
  'notes, system_tags, forced, codes, cause, scheduled_at, scheduled_from, only_tasks, code_package'
).split(', ');

export function runValues(row: RunRow): SqlValue[] {
  return [
    row.id,
    row.flow,
    row.name ?? null,
    row.state,
    JSON.stringify(row.params),
    JSON.stringify(row.tags),
    row.createdAt,
    row.startedAt ?? null,
    row.finishedAt ?? null,
    json(row.error),
    row.parentRun ?? null,
    row.originRun ?? null,
    JSON.stringify(row.owner),
    row.epoch,
    JSON.stringify(row.counts),
    json(row.result),
    json(row.notes),
    json(row.systemTags),
    json(row.forced),
    json(row.codes),
    row.cause ?? null,
    row.scheduled?.at ?? null,
    row.scheduled?.from ?? null,
    json(row.only),
    row.codePackage === undefined ? null : digestBytes('contentDigest', row.codePackage),
  ];
}

export function runOf(row: SqlRow): RunRow {
  return {
    id: row[0] as string,
    flow: row[1] as string,
    name: text(row[2]),
    state: row[3] as RunState,
    params: parse(row[4]),
    tags: parse(row[5]),
    createdAt: row[6] as number,
    startedAt: number(row[7]),
    finishedAt: number(row[8]),
    error: parseMaybe(row[9]),
    parentRun: text(row[10]),
    originRun: text(row[11]),
    owner: parse(row[12]),
    epoch: row[13] as number,
    counts: parse(row[14]),
    result: parseMaybe(row[15]),
    ...(row[16] == null ? undefined : { notes: parse<readonly RunNote[]>(row[16]) }),
    ...(row[17] == null ? undefined : { systemTags: parse<readonly string[]>(row[17]) }),
    ...(row[18] == null ? undefined : { forced: parse<ForcedTasks>(row[18]) }),
    ...(row[19] == null ? undefined : { codes: parse<Record<string, string>>(row[19]) }),
    ...(row[20] == null ? undefined : { cause: row[20] as RunCause }),
    ...(row[21] == null ? undefined : { scheduled: { at: row[21] as number, from: row[22] as number } }),
    ...(row[23] == null ? undefined : { only: parse<readonly string[]>(row[23]) }),
    ...(digest(row[24]) === undefined ? undefined : { codePackage: digest(row[24]) }),
  };
}

export const TASK_RUN_COLUMNS = (
  'run, place, id, task, label, parent, state, node_key, cache_key, attempts, reason, created_at, started_at, finished_at, error, upstream, ' +
  'inputs, origin_run, origin_place, checks'
).split(', ');

export function putTaskRun(into: SqlValue[], run: number, row: TaskRunRow): void {
  into.push(
    run,
    row.index,
    row.id,
    row.task,
    row.label ?? null,
    row.parent ?? null,
    TASK_STATE_CODE[row.state],
    row.nodeKey === undefined ? null : digestBytes('nodeKey', row.nodeKey),
    row.cacheKey === undefined ? null : digestBytes('cacheKey', row.cacheKey),
    row.attempts,
    json(row.reason),
    row.createdAt,
    row.startedAt ?? null,
    row.finishedAt ?? null,
    json(row.error),
    row.upstream.length === 0 ? '[]' : JSON.stringify(row.upstream),
    json(row.inputs),
    row.origin?.run ?? null,
    row.origin?.index ?? null,
    json(row.checks),
  );
}

export function taskRunOf(row: SqlRow): TaskRunRow {
  return {
    index: row[1] as number,
    id: row[2] as string,
    task: row[3] as string,
    label: text(row[4]),
    parent: number(row[5]),
    state: taskState(row[6]),
    nodeKey: digest(row[7]),
    cacheKey: digest(row[8]),
    attempts: row[9] as number,
    reason: parseMaybe(row[10]),
    createdAt: row[11] as number,
    startedAt: number(row[12]),
    finishedAt: number(row[13]),
    error: parseMaybe(row[14]),
    upstream: row[15] === '[]' ? [] : parse(row[15]),
    inputs: parseMaybe(row[16]),
    origin: row[17] == null ? undefined : { run: row[17] as string, index: row[18] as number },
    checks: parseMaybe(row[19]),
  };
}

export const ATTEMPT_COLUMNS = 'run, place, attempt, state, changes, started_at, finished_at, error'.split(', ');

export function putAttempt(into: SqlValue[], run: number, row: AttemptRow): void {
  into.push(run, row.index, row.attempt, TASK_STATE_CODE[row.state], row.changes, row.startedAt, row.finishedAt ?? null, json(row.error));
}

export function attemptOf(row: SqlRow): AttemptRow {
  return {
    index: row[1] as number,
    attempt: row[2] as number,
    state: taskState(row[3]),
    changes: row[4] as string,
    startedAt: row[5] as number,
    finishedAt: number(row[6]),
    error: parseMaybe(row[7]),
  };
}

export const ARTIFACT_COLUMNS = 'run, place, name, uri, address, content_digest, value_digest, bytes, format'.split(', ');

export function putArtifact(into: SqlValue[], run: number, { index, name, ref }: ArtifactRow): void {
  const content = digestBytes('contentDigest', ref.contentDigest);
  into.push(run, index, name, ref.uri, ref.key, content, digestBytes('valueDigest', ref.valueDigest), ref.bytes, ref.format);
}

export function artifactOf(row: SqlRow): Omit<ArtifactRow, 'inline'> {
  return { index: row[1] as number, name: row[2] as string, ref: refOf(row, 3) };
}

/** From the column `uri` on. */
export function refOf(row: SqlRow, uri: number): ArtifactRef {
  const [location, key, contentDigest, valueDigest, bytes, format] = row.slice(uri);
  return { uri: location, key, contentDigest, valueDigest, bytes, format } as ArtifactRef;
}

export const CONTENT_COLUMNS = ['digest', 'bytes'];

/** A missing version as text: NULLs would all differ from one another under a UNIQUE. */
export function versionText(version: string | undefined): string {
  return version === undefined ? '' : `=${version}`;
}

export function versionOf(stored: string): string | undefined {
  return stored === '' ? undefined : stored.slice(1);
}

export function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function parse<T>(value: SqlValue | undefined): T {
  return JSON.parse(value as string) as T;
}

function parseMaybe<T>(value: SqlValue | undefined): T | undefined {
  return value == null ? undefined : parse<T>(value);
}

function text(value: SqlValue | undefined): string | undefined {
  return (value as string | null) ?? undefined;
}

function number(value: SqlValue | undefined): number | undefined {
  return (value as number | null) ?? undefined;
}

/** `hex` makes an empty text of NULL. */
function digest(value: SqlValue | undefined): string | undefined {
  return (value as string) || undefined;
}

function taskState(value: SqlValue | undefined): TaskState {
  return TASK_STATES[value as number] as TaskState;
}

export const RENEWAL_COLUMNS = ['asset', 'flow', 'run', 'task', 'digest', 'at'] as const;

export function putRenewal(into: SqlValue[], { asset, flow, run, task, digest, at }: AssetRenewal): void {
  into.push(asset, flow, run, task, digest ?? null, at);
}
