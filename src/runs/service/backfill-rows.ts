import type { NewDueRun } from '../../model/due-run.js';
import { newRunId } from '../../model/run-id.js';
import type { ScheduledTime } from '../../model/schedule.js';
import { STILL_OPEN } from '../sqlite/leases.js';
import { type Backfill, type InstantOutcome, outcomesBetween, type Reprocess } from './backfills.js';
import { GOING_ON } from './cancelling.js';
import type { ServiceSession } from './database.js';
import { addDue, flowLock } from './due-runs.js';
import { interruptedBackfills, NEWEST_OF_INSTANT } from './interrupted.js';
import { IS_LATER_TRY } from './tries.js';

/** The runs of backfills (S36): which instants still want one, how far they have come, and what is left when it is over. */

/** Of these instants, those that are to be run: what is on its way already never is. In their order. */
export function wantedInstants<T extends ScheduledTime>(
  instants: readonly T[],
  outcomes: readonly InstantOutcome[],
  reprocess: Reprocess,
): readonly T[] {
  const known = new Map(outcomes.map(({ at, outcome }) => [at, outcome]));
  return instants.filter(({ at }) => {
    const outcome = known.get(at);
    if (outcome === undefined) return true;
    return outcome === 'failed' ? reprocess !== 'none' : outcome === 'success' && reprocess === 'all';
  });
}

export interface BackfillChunk {
  readonly backfill: Backfill;
  /** In the order in which they are to run. */
  readonly instants: readonly ScheduledTime[];
  /** None come after these. */
  readonly isLast: boolean;
  readonly now: number;
}

/** Inside a transaction: adds what is missing. A second time it adds nothing. @returns how many were added */
export async function fillBackfill(session: ServiceSession, { backfill, instants, isLast, now }: BackfillChunk): Promise<number> {
  await session.lock(flowLock(backfill.flow));
  const times = instants.map(({ at }) => at);
  let added = 0;
  if (times.length > 0) {
    const [first, last] = [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))];
    const own = await session.rows(
      'SELECT DISTINCT scheduled_at FROM due_run WHERE backfill = ? AND scheduled_at >= ? AND scheduled_at <= ?',
      backfill.id,
      first,
      last,
    );
    const isOwn = new Set(own.map(([at]) => at as number));
    const outcomes = await outcomesBetween(session, backfill.flow, first, last);
    const wanted = wantedInstants(instants, outcomes, backfill.reprocess).filter(({ at }) => !isOwn.has(at));
    // One by one, so that they stand in their order.
    for (const instant of wanted) {
      const row = dueRow(backfill, instant, now);
      // An instant that was passed over, or whose run is to be done again, has its key already.
      const [run] = await addDue(session, [row]);
      added += run === undefined ? (await addDue(session, [{ ...row, key: `${row.key}#${backfill.id}` }])).length : 1;
    }
  }
  if (isLast) await session.rows('UPDATE backfill SET filled_at = ? WHERE id = ? AND filled_at IS NULL', now, backfill.id);
  return added;
}

/** Due since the backfill was asked for, so that those of one stand in their order. */
function dueRow({ id, flow, schedule, params, createdAt }: Backfill, scheduled: ScheduledTime, now: number): NewDueRun {
  return {
    flow,
    key: `${schedule}@${new Date(scheduled.at).toISOString()}`,
    run: newRunId(now),
    cause: 'backfill',
    schedule,
    backfill: id,
    params,
    tags: [],
    scheduled: { at: scheduled.at, from: scheduled.from },
    dueAt: createdAt,
    createdAt: now,
  };
}

/** How many instants of a backfill are where. */
export interface BackfillCounts {
  readonly total: number;
  readonly waiting: number;
  readonly running: number;
  readonly success: number;
  readonly failed: number;
  /** Ended by somebody, or with their process. */
  readonly stopped: number;
  /** Will not run: the flow refused their parameters, say, or the backfill was cancelled. */
  readonly left: number;
}

export async function backfillCounts(session: ServiceSession, id: string): Promise<BackfillCounts> {
  const rows = await session.rows(
    `SELECT due_run.state, CASE WHEN run.state <> 'success' AND EXISTS (SELECT 1 FROM run later WHERE later.flow = run.flow
AND later.scheduled_at = run.scheduled_at AND later.state = 'success' AND later.created_at > run.created_at) THEN 'success'
WHEN run.state IN ('failed', 'timed-out') AND EXISTS (SELECT 1 FROM run later WHERE later.flow = run.flow AND later.scheduled_at = run.scheduled_at
AND later.cause = 'backfill' AND later.created_at > run.created_at AND later.${STILL_OPEN}) THEN 'running' ELSE run.state END AS outcome, count(*)
FROM due_run LEFT JOIN run ON run.id = due_run.run WHERE due_run.backfill = ? AND ${NEWEST_OF_INSTANT} GROUP BY due_run.state, outcome`,
    id,
  );
  const counts = { total: 0, waiting: 0, running: 0, success: 0, failed: 0, stopped: 0, left: 0 };
  for (const [due, run, count] of rows) {
    counts.total += Number(count);
    counts[placeOf(due as string, (run ?? undefined) as string | undefined)] += Number(count);
  }
  return counts;
}

function placeOf(due: string, run: string | undefined): Exclude<keyof BackfillCounts, 'total'> {
  if (due === 'skipped' || due === 'refused') return 'left';
  if (run === undefined) return due === 'waiting' ? 'waiting' : due === 'claimed' ? 'running' : 'stopped';
  if (run === 'success') return 'success';
  if (run === 'failed' || run === 'timed-out') return 'failed';
  return run === 'crashed' || run === 'cancelled' ? 'stopped' : 'running';
}

const IS_OVER = `state = 'active' AND filled_at IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM due_run WHERE due_run.backfill = backfill.id AND due_run.state IN ('waiting', 'claimed'))
AND NOT EXISTS (SELECT 1 FROM due_run JOIN run ON run.id = due_run.run WHERE due_run.backfill = backfill.id AND ${GOING_ON})
AND NOT EXISTS (SELECT 1 FROM run WHERE run.flow = backfill.flow AND run.cause = 'backfill' AND ${GOING_ON} AND ${IS_LATER_TRY})`;

/** Active backfills of which nothing waits and nothing runs. */
export async function backfillsOver(session: ServiceSession): Promise<readonly string[]> {
  return (await session.rows(`SELECT id FROM backfill WHERE ${IS_OVER}`)).map(([id]) => id as string);
}

/** Inside a transaction. @returns whether it has ended with this */
export async function endBackfill(session: ServiceSession, id: string, at: number): Promise<boolean> {
  if ((await interruptedBackfills(session, id)).length > 0) return false;
  const ended = await session.rows(`UPDATE backfill SET state = 'done', finished_at = ? WHERE id = ? AND ${IS_OVER} RETURNING id`, at, id);
  return ended.length > 0;
}

/** Inside a transaction: nothing of it starts any more; what runs goes on. @returns whether that changed anything */
export async function cancelBackfill(session: ServiceSession, id: string, at: number): Promise<boolean> {
  const moved = await session.rows(
    "UPDATE backfill SET state = 'cancelled', finished_at = ? WHERE id = ? AND state IN ('active', 'paused') RETURNING id",
    at,
    id,
  );
  if (moved.length === 0) return false;
  await session.rows("UPDATE due_run SET state = 'skipped', why = 'the backfill was cancelled' WHERE backfill = ? AND state = 'waiting'", id);
  return true;
}
