import type { AssetRenewal } from '../../model/asset.js';
import type { ArtifactRow, AttemptRow, RunChange, RunRow, TaskRunRow } from '../../model/records.js';
import { FINAL_RUN_STATES, isFinalTaskCode, type RunState, TASK_STATE_CODE } from '../../model/states.js';
import { digestBytes } from '../digests.js';
import { checkEpoch, runExists, runUnknown } from '../look.js';
import type { RecordBatch } from '../run-record.js';
import { replacing } from '../sqlite/insert.js';
import * as rows from '../sqlite/rows.js';
import type { SqlRow } from '../sqlite/statement.js';
import { changedColumns, NOT_FINAL } from '../sqlite/write-batch.js';
import { releaseAll, releaseOf, takenFrom } from './claims.js';
import { CodeWriting } from './code.js';
import { EntryWriting } from './entries.js';
import { inserted, insertInto } from './insert.js';
import { firstLease } from './leases.js';
import { LogWriting } from './log-packs.js';
import { OriginWriting, origins } from './origins.js';
import { ReusedWriting } from './reused.js';
import type { Session, Sql } from './session.js';
import { sideResults } from './side-results.js';
import { paramsOf, tagsOf } from './tags.js';

const TASK_RUNS = insertInto('task_run', rows.TASK_RUN_COLUMNS, `${replacing(['run', 'place'], rows.TASK_RUN_COLUMNS)} WHERE task_run.${NOT_FINAL}`);
const ATTEMPTS = insertInto(
  'attempt',
  rows.ATTEMPT_COLUMNS,
  `${replacing(['run', 'place', 'attempt'], rows.ATTEMPT_COLUMNS)} WHERE attempt.${NOT_FINAL}`,
);
const ARTIFACTS = insertInto('artifact', rows.ARTIFACT_COLUMNS, replacing(['run', 'place', 'name'], rows.ARTIFACT_COLUMNS));
const RENEWALS = insertInto('asset_renewal', rows.RENEWAL_COLUMNS, 'DO NOTHING');
/** Held until the commit: renewals are seen in the order of their numbers, so that who follows them by number misses none. */
const LOCK_RENEWALS = "SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended('asset renewals', 0))) held";
const CONTENTS = insertInto('content', rows.CONTENT_COLUMNS, 'DO NOTHING', 'digest');

/** The row stays locked until the batch is committed: nobody takes the run from its owner in between. */
const LOCK_RUN = 'SELECT number, epoch, state FROM run WHERE id = ? FOR NO KEY UPDATE';

/** A snapshot of which transactions have ended, for `findEntriesSince`. */
const SNAPSHOT = 'SELECT pg_current_snapshot()::text';

/**
 * Inside a transaction. @param isAgain the server went in the middle, and may have kept it all the same
 * @returns the snapshot after which others' entries are news
 * @throws MillraceError `RUN_EXISTS`
 */
export async function writeRun(session: Session, run: RunRow, leaseMs: number | undefined, isAgain: boolean): Promise<string> {
  const columns = rows.RUN_COLUMNS.join(', ');
  const [made = [], , , [snapshot] = []] = await session.all([
    [
      `INSERT INTO run (${columns}) VALUES (${rows.RUN_COLUMNS.map(() => '?').join(', ')}) ON CONFLICT (id) DO NOTHING RETURNING number`,
      ...rows.runValues(run),
    ],
    tagsOf(run),
    paramsOf(run),
    [SNAPSHOT],
    ...(leaseMs === undefined ? [] : [firstLease(run.id, leaseMs)]),
  ]);
  if (made.length === 0 && !(isAgain && (await isSame(session, run)))) throw runExists(run.id);
  return snapshot?.[0] as string;
}

async function isSame(session: Session, run: RunRow): Promise<boolean> {
  return (
    (await session.rows('SELECT 1 FROM run WHERE id = ? AND owner = ? AND created_at = ?', run.id, JSON.stringify(run.owner), run.createdAt)).length >
    0
  );
}

/**
 * Inside a transaction, which it commits: what must be known first is one round trip, what is written another. Writing the same batch again
 * changes nothing.
 * @throws MillraceError `RUN_UNKNOWN`, `OWNER_FENCED`, `DIGEST_INVALID`, `RECORD_VALUE_INVALID`
 */
export async function writeBatch(session: Session, batch: RecordBatch): Promise<void> {
  const reused = new ReusedWriting(batch.run, batch);
  const entries = new EntryWriting(batch.entries ?? []);
  const from = new OriginWriting(batch);
  const logs = new LogWriting(batch.run, batch.logs ?? []);
  const code = new CodeWriting(batch.code);
  const release = releaseOf(batch.run, batch.released ?? []);
  const [found = [], ...answers] = await session.all([
    [LOCK_RUN, batch.run],
    ...release,
    ...from.questions,
    ...reused.questions,
    ...logs.questions,
    ...code.questions,
    ...entries.questions,
  ]);
  const { run, state } = openRun(batch, found[0]);
  const taken = takenFrom(batch.released ?? [], answers.splice(0, release.length));
  const told = await from.decide(session, answers.splice(0, from.questions.length));
  const { packs, rest } = reused.decide(run, answers.splice(0, reused.questions.length), told);
  const lines = logs.decide(run, answers.splice(0, logs.questions.length));
  const coded = code.decide(run, answers.splice(0, code.questions.length));
  await session.allAndCommit([
    ...packs,
    ...inserted(TASK_RUNS, settled(rest, placeOf), (into, row) => rows.putTaskRun(into, run, row)),
    ...inserted(ATTEMPTS, settled(batch.attempts ?? [], tryOf), (into, row) => rows.putAttempt(into, run, row)),
    ...origins(run, told),
    ...artifacts(run, batch.artifacts ?? []),
    ...contents([...(batch.artifacts ?? []), ...(batch.runArtifacts ?? [])]),
    ...sideResults(run, batch),
    ...renewals(batch.renewals ?? []),
    ...(await entries.decide(session, answers, taken)),
    ...lines,
    ...coded,
    ...(batch.change && !FINAL_RUN_STATES.has(state) ? changes(run, batch.change) : []),
  ]);
}

/** Inside a transaction: rows that nobody else writes. */
export function taskRunsInto(run: number, taskRuns: readonly TaskRunRow[]): readonly Sql[] {
  return [...inserted(TASK_RUNS, taskRuns, (into, row) => rows.putTaskRun(into, run, row)), ...origins(run, { taskRuns })];
}

function openRun(batch: RecordBatch, found: SqlRow | undefined): { readonly run: number; readonly state: RunState } {
  if (found === undefined) throw runUnknown(batch.run);
  const [number, epoch, state] = found as readonly [number, number, RunState];
  checkEpoch(batch.run, batch.epoch, epoch);
  return { run: number, state };
}

function placeOf({ index }: TaskRunRow): string {
  return `${index}`;
}

function tryOf({ index, attempt }: AttemptRow): string {
  return `${index} ${attempt}`;
}

/** One statement may write a row once, so of those for one row the last counts, or the first that is final (S10). */
function settled<Row extends TaskRunRow | AttemptRow>(all: readonly Row[], keyOf: (row: Row) => string): readonly Row[] {
  const byKey = new Map<string, Row>();
  for (const row of all) {
    const key = keyOf(row);
    const before = byKey.get(key);
    if (before === undefined || !isFinalTaskCode(TASK_STATE_CODE[before.state])) byKey.set(key, row);
  }
  return byKey.size === all.length ? all : [...byKey.values()];
}

function artifacts(run: number, all: readonly ArtifactRow[]): readonly Sql[] {
  const last = [...new Map(all.map((row) => [`${row.index} ${row.name}`, row])).values()];
  return inserted(ARTIFACTS, last, (into, row) => rows.putArtifact(into, run, row));
}

function contents(all: readonly Pick<ArtifactRow, 'ref' | 'inline'>[]): readonly Sql[] {
  const inline = all.filter((row) => row.inline !== undefined);
  return inserted(CONTENTS, inline, (into, row) => into.push(digestBytes('contentDigest', row.ref.contentDigest), row.inline as Uint8Array));
}

function renewals(all: readonly AssetRenewal[]): readonly Sql[] {
  return all.length === 0 ? [] : [[LOCK_RENEWALS], ...inserted(RENEWALS, all, rows.putRenewal)];
}

function changes(run: number, change: RunChange): readonly Sql[] {
  const given = changedColumns(change);
  if (given.length === 0) return [];
  const update: Sql = [
    `UPDATE run SET ${given.map(([column]) => `${column} = ?`).join(', ')} WHERE number = ?`,
    ...given.map(([, value]) => value),
    run,
  ];
  return change.state !== undefined && FINAL_RUN_STATES.has(change.state) ? [update, releaseAll(run)] : [update];
}
