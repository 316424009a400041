import { TASK_STATE_CODE } from '../../model/states.js';
import { type AttemptSample, durationsOf, ENDS_SAMPLED, RUNS_SAMPLED, type TaskDurations } from '../durations.js';
import type { SqliteConnection } from './connection.js';
import type { SqlRow } from './statement.js';

/** Both ends of each run are ranges of the table's own key, so that a run of a million costs what one of two thousand does. */
const SAMPLES = `
WITH recent AS (
  SELECT r.number, (SELECT max(l.place) FROM task_run l WHERE l.run = r.number) AS last
  FROM run r WHERE r.flow = ? ORDER BY r.created_at DESC, r.number DESC LIMIT ?
), sampled AS (
  SELECT t.run, t.place, t.task, t.parent, recent.last FROM recent CROSS JOIN task_run t ON t.run = recent.number AND t.place < ?
  UNION ALL
  SELECT t.run, t.place, t.task, t.parent, recent.last FROM recent CROSS JOIN task_run t ON t.run = recent.number AND t.place >= max(?, recent.last - ?)
)
SELECT s.run, s.last, s.task, s.place, s.parent, a.started_at, a.finished_at
FROM sampled s CROSS JOIN attempt a ON a.run = s.run AND a.place = s.place AND a.state = ? AND a.finished_at IS NOT NULL`;

export function findDurations(connection: SqliteConnection, flow: string): TaskDurations {
  const values = [flow, RUNS_SAMPLED, ENDS_SAMPLED, ENDS_SAMPLED, ENDS_SAMPLED - 1, TASK_STATE_CODE.success];
  return durationsOf(connection.prepare(SAMPLES).all(values).map(sampleOf));
}

export function sampleOf([run, last, task, index, parent, startedAt, finishedAt]: SqlRow): AttemptSample {
  return {
    run: run as number,
    isWholeRun: (last as number) < 2 * ENDS_SAMPLED,
    task: task as string,
    index: index as number,
    parent: (parent as number | null) ?? undefined,
    startedAt: startedAt as number,
    finishedAt: finishedAt as number,
  };
}
