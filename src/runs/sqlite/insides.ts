import { UNFINISHED } from '../crash.js';
import { insideOf, insidesOf } from '../insides.js';
import type { SqliteConnection } from './connection.js';
import { findTaskRuns } from './look-ups.js';
import { writeTaskRuns } from './write-batch.js';

/** Runs that took results from one, newest first: number, id and state. By its id and number. */
export const TAKERS =
  'SELECT run.number, run.id, run.state FROM run_origin o JOIN run ON run.number = o.run WHERE o.origin = ? AND run.number <> ? ORDER BY run.number DESC';
/** Whether anything may lie inside anything, by the number of the run, twice. */
export const MAY_HAVE_INSIDE =
  'SELECT 1 WHERE EXISTS (SELECT 1 FROM task_run WHERE run = ? AND parent IS NOT NULL) OR EXISTS (SELECT 1 FROM reused WHERE run = ?)';
/** The first place at which a run has nothing, by its number, three times. */
export const FREE_PLACE = `SELECT max(coalesce(place, -1)) + 1 FROM (
  SELECT max(place) AS place FROM task_run WHERE run = ? UNION ALL SELECT max(last_place) FROM reused WHERE run = ? UNION ALL SELECT max(place) FROM artifact WHERE run = ?
) AS held`;

/**
 * Inside a transaction: a run is about to be removed. The newest of those that took one of its sub-flows as a whole gets what is inside; its results
 * are then handed on as all others are.
 * @returns a run that goes on and took one: it is still to give its own task runs their places
 */
export function handOnInsides(connection: SqliteConnection, id: string, number: number): string | undefined {
  const takers = connection.prepare(TAKERS).all([id, number]);
  if (takers.length === 0 || connection.prepare(MAY_HAVE_INSIDE).get([number, number]) === undefined) return undefined;
  const insides = new Map(insidesOf(findTaskRuns(connection, id, {})));
  for (const [taker, takerId, state] of takers) {
    for (const task of new Set([...insides.values()].map(({ around }) => around.task))) {
      for (const row of findTaskRuns(connection, takerId as string, { task })) {
        const inside = row.origin?.run === id && row.artifacts.length === 0 ? insides.get(row.origin.index) : undefined;
        if (inside === undefined) continue;
        if (UNFINISHED.includes(state as never)) return takerId as string;
        const free = connection.prepare(FREE_PLACE).get([taker as number, taker as number, taker as number])?.[0] as number;
        writeTaskRuns(connection, taker as number, { taskRuns: insideOf(row, inside, id, free) });
        insides.delete(inside.around.index);
      }
    }
  }
  return undefined;
}
