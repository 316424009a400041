import { TASK_STATE_CODE } from '../../model/states.js';
import { durationsOf, ENDS_SAMPLED, RUNS_SAMPLED, type TaskDurations } from '../durations.js';
import { sampleOf } from '../sqlite/task-durations.js';
import type { Session } from './session.js';

/** Both ends of each run are ranges of the table's own key, so that a run of a million costs what one of two thousand does. */
const SAMPLES = `
WITH recent AS (
  SELECT r.number, (SELECT max(l.place) FROM task_run l WHERE l.run = r.number) AS last
  FROM run r WHERE r.flow = ? ORDER BY r.created_at DESC, r.number DESC LIMIT ?
), sampled AS (
  SELECT t.run, t.place, t.task, t.parent, recent.last FROM recent JOIN task_run t ON t.run = recent.number AND t.place < ?
  UNION ALL
  SELECT t.run, t.place, t.task, t.parent, recent.last FROM recent JOIN task_run t ON t.run = recent.number AND t.place >= greatest(?, recent.last - ?)
)
SELECT s.run, s.last, s.task, s.place, s.parent, a.started_at, a.finished_at
FROM sampled s JOIN attempt a ON a.run = s.run AND a.place = s.place AND a.state = ? AND a.finished_at IS NOT NULL`;

export async function findDurations(session: Session, flow: string): Promise<TaskDurations> {
  const found = await session.rows(SAMPLES, flow, RUNS_SAMPLED, ENDS_SAMPLED, ENDS_SAMPLED, ENDS_SAMPLED - 1, TASK_STATE_CODE.success);
  return durationsOf(found.map(sampleOf));
}
