import type { NewDueRun } from '../../model/due-run.js';
import { newRunId } from '../../model/run-id.js';
import type { RunState } from '../../model/states.js';
import { type Backfill, findBackfills } from './backfills.js';
import type { ServiceSession } from './database.js';
import { addDue, flowLock } from './due-runs.js';
import { IS_LAST_TRY, tryOf } from './tries.js';

/** Runs of backfills that were cut off, and are gone on with (S30, S36). */

/** Of rows for the same instant, the last counts: it goes on with the one before. */
export const NEWEST_OF_INSTANT =
  'NOT EXISTS (SELECT 1 FROM due_run newer WHERE newer.backfill = due_run.backfill AND newer.scheduled_at = due_run.scheduled_at AND newer.number > due_run.number)';

/** Which runs of a backfill are gone on with. */
export interface Revival {
  /** Those that ended so. */
  readonly states: readonly RunState[];
  /** Only those that have not gone on with another themselves: what is interrupted again and again is left to people. @default false */
  readonly once?: boolean;
}

/** Of those that crash with their process, each is taken up again by itself, once. */
const INTERRUPTED = Object.freeze<Revival>({ states: ['crashed'], once: true });

/** A due run that came to no good end, and the run that was the last to try. */
interface EndedRow {
  readonly key: string;
  readonly schedule: string;
  readonly params: string;
  readonly at: number;
  readonly from: number;
  readonly run: string;
}

/** Those that nobody has gone on with, in their order. Found by the runs that ended so: of a backfill there may be tens of thousands. */
async function endedRows(session: ServiceSession, { id, flow }: Backfill, { states, once = false }: Revival): Promise<readonly EndedRow[]> {
  const ended = await session.rows(
    `SELECT run.id FROM run WHERE run.flow = ? AND run.state IN (${states.map(() => '?').join(', ')}) AND run.cause = 'backfill' AND ${IS_LAST_TRY}`,
    flow,
    ...states,
  );
  const found: { readonly row: EndedRow; readonly dueAt: number; readonly number: number }[] = [];
  for (const [run] of ended as readonly (readonly [string])[]) {
    const [row] = await session.rows(
      `SELECT key, schedule, params, scheduled_at, scheduled_from, due_at, number FROM due_run
WHERE run = ? AND backfill = ? AND ${NEWEST_OF_INSTANT}${once ? ' AND resumes IS NULL' : ''}`,
      (await tryOf(session, run))?.due ?? '',
      id,
    );
    if (row === undefined) continue;
    const [key, schedule, params, at, from, dueAt, number] = row as readonly [string, string, string, number, number, number, number];
    found.push({ row: { key, schedule, params, at: Number(at), from: Number(from), run }, dueAt: Number(dueAt), number: Number(number) });
  }
  return found.sort((a, b) => a.dueAt - b.dueAt || a.number - b.number).map(({ row }) => row);
}

/** Inside a transaction: what was cut off is due again, to be resumed (S30). @returns how many */
export async function reviveRuns(session: ServiceSession, backfill: Backfill, revival: Revival & { readonly now: number }): Promise<number> {
  const { id, flow, createdAt } = backfill;
  await session.lock(flowLock(flow));
  const due = (await endedRows(session, backfill, revival)).map(({ key, schedule, params, at, from, run }): NewDueRun => {
    const count = Number(/~(\d+)$/.exec(key)?.[1] ?? 1) + 1;
    return {
      flow,
      key: `${key.replace(/~\d+$/, '')}~${count}`,
      run: newRunId(revival.now),
      cause: 'backfill',
      schedule,
      backfill: id,
      params: JSON.parse(params),
      tags: [],
      resumes: run,
      scheduled: { at, from },
      // Before the others: what was begun is ended first.
      dueAt: createdAt - 1,
      createdAt: revival.now,
    };
  });
  return (await addDue(session, due)).length;
}

/** Inside a transaction: what crashed of it is due again, where that is the first time (S36). @returns how many */
export async function takeUpInterrupted(session: ServiceSession, backfill: Backfill, now: number): Promise<number> {
  return await reviveRuns(session, backfill, { ...INTERRUPTED, now });
}

/** Active backfills of which something is to be taken up. @param only the one of this id */
export async function interruptedBackfills(session: ServiceSession, only?: string): Promise<readonly Backfill[]> {
  const found: Backfill[] = [];
  for (const backfill of await findBackfills(session, { state: 'active', ...(only === undefined ? {} : { id: only }) }))
    if ((await endedRows(session, backfill, INTERRUPTED)).length > 0) found.push(backfill);
  return found;
}
