import type { EarlierWork } from '../engine/resumption.js';
import type { EarlierRun } from '../engine/take-over.js';
import type { ForcedTasks, RunRow } from '../model/records.js';
import type { RunRecord, TaskRunDetails } from '../runs/run-record.js';
import { withOrigins } from '../runs/with-origins.js';

/** What a run goes on with that resumes another. */
export interface ResumedWork {
  readonly origin: RunRow;
  readonly work: EarlierWork;
  /** What the earlier runs were told to execute, and may not have come to. */
  readonly owed: readonly ForcedTasks[];
}

/** All that the run has finished, and those that it resumed: what either came to is taken over (S30). */
export async function loadEarlierWork(record: RunRecord, origin: RunRow): Promise<ResumedWork> {
  const rows = await chainOf(record, origin);
  return { origin, owed: rows.flatMap(({ forced }) => forced ?? []), work: await loadWork(record, rows) };
}

/** So many of the newest runs of a flow are looked through for results of tasks that are not to be executed. */
const NEWEST = 10;

/** What the newest runs of a flow have come to, however they ended. */
export async function loadNewestWork(record: RunRecord, flow: string): Promise<EarlierWork> {
  const rows = await record.runs({ flow, limit: NEWEST });
  return await loadWork(
    record,
    rows.map((row) => ({ ...row, forced: undefined })),
  );
}

/** @param rows newest first */
async function loadWork(record: RunRecord, rows: readonly RunRow[]): Promise<EarlierWork> {
  const rowsOf = remembering(async (run: string) => (await record.taskRuns(run)).map(asHolder));
  const runs: EarlierRun[] = [];
  for (const { id } of rows) runs.push({ id, taskRuns: await withOrigins({ taskRuns: rowsOf }, await rowsOf(id)) });
  const makers = new Set(runs.flatMap(({ id, taskRuns }) => [id, ...taskRuns.map((row) => row.origin?.run ?? id)]));
  // What was inside a sub-flow that was taken over is recorded where it ran.
  for (const maker of makers) {
    if (!runs.some(({ id }) => id === maker)) runs.push({ id: maker, taskRuns: await withOrigins({ taskRuns: rowsOf }, await rowsOf(maker)) });
  }
  const codes = new Map<string, RunRow['codes']>(rows.map((row) => [row.id, row.codes]));
  const inside = new Map<string, readonly TaskRunDetails[]>();
  for (const maker of makers) {
    if (!codes.has(maker)) codes.set(maker, (await record.run(maker))?.codes);
    inside.set(maker, await rowsOf(maker));
  }
  const newestForced = rows.findIndex(({ forced }) => forced !== undefined);
  return {
    runs,
    forcedSince: newestForced < 0 ? undefined : newestForced + 1,
    codesOf: (run) => codes.get(run) ?? {},
    tasksInside: (run, index) => tasksIn(inside.get(run) ?? [], index),
  };
}

/** Whoever was handed the result of a removed run has it now: to be taken from there, not from where it was computed. */
function asHolder(row: TaskRunDetails): TaskRunDetails {
  return row.origin !== undefined && row.artifacts.length > 0 ? { ...row, origin: undefined } : row;
}

/** Newest first. A run that succeeded has finished all there was to do, unless it was limited to a part: what came before it is of no use. */
async function chainOf(record: RunRecord, origin: RunRow): Promise<readonly RunRow[]> {
  const chain: RunRow[] = [];
  for (let row: RunRow | undefined = origin; row !== undefined; ) {
    chain.push(row);
    row = row.originRun === undefined || (row.state === 'success' && row.only === undefined) ? undefined : await record.run(row.originRun);
  }
  // And what it was told to execute, it has.
  const last = chain.at(-1) as RunRow;
  return last.state === 'success' ? [...chain.slice(0, -1), { ...last, forced: undefined }] : chain;
}

function* tasksIn(taskRuns: readonly TaskRunDetails[], around: number): Generator<string> {
  const inside = new Set([around]);
  // What is inside comes after what it is inside of.
  for (const { index, parent, task } of taskRuns) {
    if (parent === undefined || !inside.has(parent)) continue;
    inside.add(index);
    yield task;
  }
}

function remembering<K, V>(look: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const known = new Map<K, Promise<V>>();
  return (key) => {
    const found = known.get(key) ?? look(key);
    known.set(key, found);
    return found;
  };
}
