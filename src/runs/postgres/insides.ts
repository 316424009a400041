import { UNFINISHED } from '../crash.js';
import { insideOf, insidesOf } from '../insides.js';
import type { TaskRunDetails, TaskRunFilter } from '../run-record.js';
import { FREE_PLACE, MAY_HAVE_INSIDE, TAKERS } from '../sqlite/insides.js';
import { taskRunsAsked, taskRunsOf } from './look-ups.js';
import type { Session } from './session.js';
import { taskRunsInto } from './write-batch.js';

/** As in SQLite: what is inside a sub-flow goes to the newest run that took it as a whole. @returns a run that goes on and took one */
export async function handOnInsides(session: Session, id: string, number: number): Promise<string | undefined> {
  const [takers = [], may = []] = await session.all([
    [TAKERS, id, number],
    [MAY_HAVE_INSIDE, number, number],
  ]);
  if (takers.length === 0 || may.length === 0) return undefined;
  const insides = new Map(insidesOf(await find(session, id, {})));
  for (const [taker, takerId, state] of takers) {
    for (const task of new Set([...insides.values()].map(({ around }) => around.task))) {
      for (const row of await find(session, takerId as string, { task })) {
        const inside = row.origin?.run === id && row.artifacts.length === 0 ? insides.get(row.origin.index) : undefined;
        if (inside === undefined) continue;
        if (UNFINISHED.includes(state as never)) return takerId as string;
        const [[free] = []] = await session.rows(FREE_PLACE, taker as number, taker as number, taker as number);
        await session.all(taskRunsInto(taker as number, insideOf(row, inside, id, free as number)));
        insides.delete(inside.around.index);
      }
    }
  }
  return undefined;
}

async function find(session: Session, run: string, filter: TaskRunFilter): Promise<readonly TaskRunDetails[]> {
  return taskRunsOf(await session.all(taskRunsAsked(run, filter)), filter);
}
