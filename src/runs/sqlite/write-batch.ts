import type { ArtifactRow, RunChange, RunRow } from '../../model/records.js';
import { FINAL_RUN_STATES, isFinalTaskCode, type RunState, TASK_STATES } from '../../model/states.js';
import { digestBytes } from '../digests.js';
import { checkEpoch, runExists, runUnknown } from '../look.js';
import type { RecordBatch } from '../run-record.js';
import { releaseAllClaims, releaseClaims } from './claims.js';
import { writeCode } from './code.js';
import type { SqliteConnection } from './connection.js';
import { writeEntries } from './entries.js';
import { insertInto, insertRows, replacing } from './insert.js';
import { writeLogs } from './log-packs.js';
import { originsOf, type TaskRunsTold, withMoved, writeOrigins } from './origins.js';
import { writeParams } from './params.js';
import { writeReused, writeReusedColumns } from './reused.js';
import * as rows from './rows.js';
import { writeSideResults } from './side-results.js';
import type { SqlValue } from './statement.js';
import { writeTag } from './tags.js';

/** A final state never changes (S10): a late row of a task run or an attempt that has one is passed over. */
export const NOT_FINAL = `state < ${TASK_STATES.findIndex((_, code) => isFinalTaskCode(code))}`;

const RUN = `INSERT INTO run (${rows.RUN_COLUMNS.join(', ')}) VALUES (${rows.RUN_COLUMNS.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING RETURNING number`;
const TASK_RUNS = insertInto('task_run', rows.TASK_RUN_COLUMNS, `${replacing(['run', 'place'], rows.TASK_RUN_COLUMNS)} WHERE task_run.${NOT_FINAL}`);
const ATTEMPTS = insertInto(
  'attempt',
  rows.ATTEMPT_COLUMNS,
  `${replacing(['run', 'place', 'attempt'], rows.ATTEMPT_COLUMNS)} WHERE attempt.${NOT_FINAL}`,
);
const ARTIFACTS = insertInto('artifact', rows.ARTIFACT_COLUMNS, replacing(['run', 'place', 'name'], rows.ARTIFACT_COLUMNS));
const RENEWALS = insertInto('asset_renewal', rows.RENEWAL_COLUMNS, 'DO NOTHING');
const CONTENTS = insertInto('content', rows.CONTENT_COLUMNS, 'DO NOTHING');

/** Inside a transaction. @throws MillraceError `RUN_EXISTS` */
export function writeRun(connection: SqliteConnection, run: RunRow): void {
  const number = connection.prepare(RUN).get(rows.runValues(run))?.[0] as number | undefined;
  if (number === undefined) throw runExists(run.id);
  for (const tag of new Set([...run.tags, ...(run.systemTags ?? [])])) writeTag(connection, tag, run.createdAt, number);
  writeParams(connection, number, run);
}

/**
 * Inside a transaction. Writing the same batch again changes nothing.
 * @throws MillraceError `RUN_UNKNOWN`, `OWNER_FENCED`, `DIGEST_INVALID`, `RECORD_VALUE_INVALID`
 */
export function writeBatch(connection: SqliteConnection, batch: RecordBatch): void {
  const found = connection.prepare('SELECT number, epoch, state FROM run WHERE id = ?').get([batch.run]);
  if (found === undefined) throw runUnknown(batch.run);
  const run = found[0] as number;
  checkEpoch(batch.run, batch.epoch, found[1] as number);
  writeTaskRuns(connection, run, withMoved(connection, batch));
  if (batch.attempts) insertRows(connection, ATTEMPTS, batch.attempts, (into, row) => rows.putAttempt(into, run, row));
  if (batch.artifacts) writeArtifacts(connection, run, batch.artifacts);
  const taken = releaseClaims(connection, run, batch.released ?? []);
  if (batch.entries) writeEntries(connection, taken.size === 0 ? batch.entries : batch.entries.filter(({ key }) => !taken.has(key)));
  if (batch.logs) writeLogs(connection, run, batch.logs);
  if (batch.runArtifacts) writeContents(connection, batch.runArtifacts);
  writeSideResults(connection, run, batch);
  if (batch.code) writeCode(connection, run, batch.code);
  if (batch.renewals) insertRows(connection, RENEWALS, batch.renewals, rows.putRenewal);
  if (batch.change && !FINAL_RUN_STATES.has(found[2] as RunState)) changeRun(connection, run, batch.change);
}

/** Inside a transaction. */
export function writeTaskRuns(connection: SqliteConnection, run: number, { taskRuns = [], reused = [] }: TaskRunsTold): void {
  writeOrigins(connection, run, originsOf({ taskRuns, reused }));
  const asRows = [...writeReusedColumns(connection, run, reused), ...taskRuns];
  insertRows(connection, TASK_RUNS, writeReused(connection, run, asRows), (into, row) => rows.putTaskRun(into, run, row));
}

function writeArtifacts(connection: SqliteConnection, run: number, artifacts: readonly ArtifactRow[]): void {
  insertRows(connection, ARTIFACTS, artifacts, (into, row) => rows.putArtifact(into, run, row));
  writeContents(connection, artifacts);
}

function writeContents(connection: SqliteConnection, artifacts: readonly Pick<ArtifactRow, 'ref' | 'inline'>[]): void {
  const inline = artifacts.filter((row) => row.inline !== undefined);
  insertRows(connection, CONTENTS, inline, (into, row) => into.push(digestBytes('contentDigest', row.ref.contentDigest), row.inline as Uint8Array));
}

/** What a change sets, by column. */
export function changedColumns(change: RunChange): readonly (readonly [column: string, value: SqlValue])[] {
  const values: Readonly<Record<string, SqlValue | undefined>> = {
    state: change.state,
    started_at: change.startedAt,
    finished_at: change.finishedAt,
    error: change.error && rows.json(change.error),
    counts: change.counts && rows.json(change.counts),
    result: change.result && rows.json(change.result),
    codes: change.codes && rows.json(change.codes),
  };
  return Object.entries(values).filter((pair): pair is [string, SqlValue] => pair[1] !== undefined);
}

function changeRun(connection: SqliteConnection, run: number, change: RunChange): void {
  const given = changedColumns(change);
  if (given.length === 0) return;
  const assignments = given.map(([column]) => `${column} = ?`).join(', ');
  connection.prepare(`UPDATE run SET ${assignments} WHERE number = ?`).run([...given.map(([, value]) => value), run]);
  if (change.state !== undefined && FINAL_RUN_STATES.has(change.state)) releaseAllClaims(connection, run);
}
