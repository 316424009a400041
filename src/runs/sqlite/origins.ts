import type { CacheEntryRow, TaskRunRow } from '../../model/records.js';
import { rowsOf } from '../reused-runs.js';
import type { RecordBatch } from '../run-record.js';
import type { SqliteConnection } from './connection.js';
import { findEntriesOfRun, forgetEntries, writeEntries } from './entries.js';
import { type Moved, repointReused } from './reused.js';
import { HANDED_ON, LAST_ATTEMPT } from './side-results.js';

/** Who took results from whom, and what becomes of these when the run that made them is removed. */

/** Inside a transaction. */
export function writeOrigins(connection: SqliteConnection, run: number, origins: ReadonlySet<string>): void {
  for (const origin of origins) writeOrigin(connection, origin, run);
}

function writeOrigin(connection: SqliteConnection, origin: string, run: number): void {
  connection.prepare('INSERT INTO run_origin (origin, run) VALUES (?, ?) ON CONFLICT DO NOTHING').run([origin, run]);
}

/**
 * Inside a transaction. A run that goes on may have taken a result from one that was removed since: it is told who has it now.
 * @returns what is to be written
 */
export function withMoved(connection: SqliteConnection, { taskRuns = [], reused = [] }: TaskRunsTold): Required<TaskRunsTold> {
  const exists = connection.prepare('SELECT 1 FROM run WHERE id = ?');
  const gone = new Set<string>();
  for (const run of originsOf({ taskRuns, reused })) if (exists.get([run]) === undefined) gone.add(run);
  if (gone.size === 0) return { taskRuns, reused };
  const moved = connection.prepare('SELECT run, place FROM moved WHERE origin = ? AND origin_place = ?');
  const latest = (origin: Heir): Heir => {
    const [run, index] = moved.get([origin.run, origin.index]) ?? [];
    // It may have been removed in turn.
    return run === undefined ? origin : latest({ run: run as string, index: index as number });
  };
  return { taskRuns: rowsMoved({ taskRuns, reused }, gone, latest), reused: [] };
}

/** What a batch says of task runs. */
export type TaskRunsTold = Pick<RecordBatch, 'taskRuns' | 'reused'>;

/** All as rows, with what was taken from runs that are gone taken from whoever has it now. */
export function rowsMoved(
  { taskRuns = [], reused = [] }: TaskRunsTold,
  gone: ReadonlySet<string>,
  latest: (origin: Heir) => Heir,
): readonly TaskRunRow[] {
  return [...taskRuns, ...reused.flatMap(rowsOf)].map((row) =>
    row.origin !== undefined && gone.has(row.origin.run) ? { ...row, origin: latest(row.origin) } : row,
  );
}

/** The runs that results were taken from. */
export function originsOf({ taskRuns = [], reused = [] }: TaskRunsTold): ReadonlySet<string> {
  const origins = new Set<string>();
  let last: string | undefined;
  const add = (run: string | undefined): void => {
    if (run === undefined || run === last) return;
    last = run;
    origins.add(run);
  };
  for (const { origin } of taskRuns) add(origin?.run);
  for (const { originRun } of reused) for (const run of originRun) add(run);
  return origins;
}

/** Inside a transaction. */
export function rememberMoved(connection: SqliteConnection, origin: string, heirs: Heirs): void {
  const insert = connection.prepare('INSERT INTO moved (origin, origin_place, run, place) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
  for (const [place, heir] of heirs) insert.run([origin, place, heir.run, heir.index]);
}

/** By the place of a result, the task run that has it from now on. */
export type Heirs = ReadonlyMap<number, Heir>;

export interface Heir {
  readonly run: string;
  readonly index: number;
}

/**
 * Inside a transaction: a run is about to be removed, and others have taken results from it. Of these the newest becomes the one that has the
 * result, and that answers for it in the cache; the rest are told that it lies there.
 */
export function handOn(connection: SqliteConnection, id: string, number: number): Heirs {
  const dependents = connection
    .prepare(
      'SELECT run.number, run.id FROM run_origin o CROSS JOIN run ON run.number = o.run WHERE o.origin = ? AND run.number <> ? ORDER BY run.number DESC',
    )
    .all([id, number]);
  const heirs = new Map<number, Heir>();
  if (dependents.length === 0) return heirs;
  for (const [dependent, dependentId] of dependents) {
    const moved = moving(connection, number, dependent as number, dependentId as string, heirs);
    repointRows(connection, dependent as number, id, moved);
    repointReused(connection, dependent as number, id, moved);
  }
  handOnEntries(connection, id, heirs);
  return heirs;
}

/** What was given beside a result goes with it: by the run and place it goes to, and those it comes from. */
const SIDE_RESULTS_HANDED_ON = HANDED_ON.map(
  ({ table, columns }) =>
    `INSERT INTO ${table} (run, place, attempt, ${columns}) SELECT ?, ?, 0, ${columns} FROM ${table} AS x WHERE run = ? AND place = ? AND ${LAST_ATTEMPT} ON CONFLICT DO NOTHING`,
);

/** Decides for one task run after another where its result lies from now on; undefined where that is the task run itself, or nowhere. */
function moving(connection: SqliteConnection, from: number, dependent: number, dependentId: string, heirs: Map<number, Heir>): Moved {
  const copy = connection.prepare(
    `INSERT INTO artifact (run, place, name, uri, address, content_digest, value_digest, bytes, format)
    SELECT ?, ?, name, uri, address, content_digest, value_digest, bytes, format FROM artifact WHERE run = ? AND place = ? ON CONFLICT DO NOTHING`,
  );
  const beside = SIDE_RESULTS_HANDED_ON.map((sql) => connection.prepare(sql));
  const elsewhere = connection.prepare('SELECT origin_run, origin_place FROM task_run WHERE run = ? AND place = ? AND origin_run IS NOT NULL');
  return (place, originPlace) => {
    const heir = heirs.get(originPlace);
    if (heir !== undefined) {
      writeOrigin(connection, heir.run, dependent);
      return heir;
    }
    if (copy.run([dependent, place, from, originPlace]) > 0) {
      for (const statement of beside) statement.run([dependent, place, from, originPlace]);
      heirs.set(originPlace, { run: dependentId, index: place });
      return undefined;
    }
    // It had taken the result from a third one itself.
    const [run, index] = elsewhere.get([from, originPlace]) ?? [];
    if (run === undefined) return undefined;
    writeOrigin(connection, run as string, dependent);
    return { run: run as string, index: index as number };
  };
}

function repointRows(connection: SqliteConnection, run: number, origin: string, moved: Moved): void {
  const rows = connection.prepare('SELECT place, origin_place FROM task_run WHERE run = ? AND origin_run = ?').all([run, origin]);
  const update = connection.prepare('UPDATE task_run SET origin_run = ?, origin_place = ? WHERE run = ? AND place = ?');
  for (const [place, originPlace] of rows as readonly (readonly [number, number])[]) {
    const now = moved(place, originPlace);
    if (now !== undefined) update.run([now.run, now.index, run, place]);
  }
}

function handOnEntries(connection: SqliteConnection, id: string, heirs: ReadonlyMap<number, Heir>): void {
  const handed = findEntriesOfRun(connection, id).flatMap((entry): readonly CacheEntryRow[] => {
    const heir = heirs.get(entry.index);
    if (heir === undefined) return [];
    const { taskVersion, key, task, createdAt, code, codeParts, version, inputs, artifacts, reads } = entry;
    return [{ taskVersion, key, task, run: heir.run, index: heir.index, createdAt, code, codeParts, version, inputs, artifacts, reads }];
  });
  writeEntries(connection, handed);
  forgetEntries(
    connection,
    [...heirs.keys()].map((index) => ({ run: id, index })),
  );
}
