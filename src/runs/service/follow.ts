import type { NewDueRun } from '../../model/due-run.js';
import type { ServiceSession } from './database.js';
import { addDue } from './due-runs.js';

/** Up to when the schedules of flows have been followed: the runs of all instants before are in the record, or were passed over (S35). */

/** By schedule, as text: milliseconds since the epoch. */
export async function cursorsOf(session: ServiceSession, flow: string): Promise<ReadonlyMap<string, number>> {
  const rows = await session.rows('SELECT schedule, followed_until FROM schedule_cursor WHERE flow = ?', flow);
  return new Map(rows.map(([schedule, until]) => [schedule as string, until as number]));
}

export interface FollowedSchedule {
  readonly flow: string;
  readonly schedule: string;
  /** As the caller read it, or undefined where there was none: when another service has moved it since, nothing is written. */
  readonly from: number | undefined;
  readonly until: number;
  readonly due: readonly NewDueRun[];
  /** Schedules that the flow had before this one: their cursors go, so that they are not gone on with from there, should they come back. */
  readonly replaces?: readonly string[];
}

/** Inside a transaction. @returns whether it was this call that moved it */
export async function follow(session: ServiceSession, { flow, schedule, from, until, due, replaces = [] }: FollowedSchedule): Promise<boolean> {
  const moved =
    from === undefined
      ? await session.rows(
          'INSERT INTO schedule_cursor (flow, schedule, followed_until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING flow',
          flow,
          schedule,
          until,
        )
      : await session.rows(
          'UPDATE schedule_cursor SET followed_until = ? WHERE flow = ? AND schedule = ? AND followed_until = ? RETURNING flow',
          until,
          flow,
          schedule,
          from,
        );
  if (moved.length === 0) return false;
  for (const former of replaces) await session.rows('DELETE FROM schedule_cursor WHERE flow = ? AND schedule = ?', flow, former);
  await addDue(session, due);
  return true;
}
