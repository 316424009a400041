import { TASK_STATES, type TaskState } from '../../model/states.js';
import type { SqliteConnection } from './connection.js';
import { COUNTED, countReused } from './reused.js';
import type { SqlRow } from './statement.js';

/** How many task runs of a run, by its number, are in which state: of a task, or of all. */
export function countTaskRuns(connection: SqliteConnection, run: number, task?: string): ReadonlyMap<TaskState, number> {
  const [ofTask, values] = task === undefined ? ['', [run]] : ['AND task = ?', [run, task]];
  const groups = connection.prepare(`SELECT state, count(*) FROM task_run WHERE run = ? ${ofTask} GROUP BY state`).all(values);
  return countsOf([...groups, countReused(connection, run, task)]);
}

/** The same of a run that crashed, as runs count them: without its maps. */
export function countCrashed(connection: SqliteConnection, run: number): ReadonlyMap<TaskState, number> {
  const groups = connection.prepare(`SELECT state, count(*) FROM task_run WHERE run = ? AND ${COUNTED} GROUP BY state`).all([run]);
  return countsOf([...groups, countReused(connection, run)]);
}

/** Of rows of the number of a state and a count; in the order of the states. */
export function countsOf(groups: readonly SqlRow[]): ReadonlyMap<TaskState, number> {
  const counts = new Map<number, number>();
  for (const [code, count] of groups) if ((count as number) > 0) counts.set(code as number, (counts.get(code as number) ?? 0) + (count as number));
  return new Map([...counts].sort(([one], [other]) => one - other).map(([code, count]) => [TASK_STATES[code] as TaskState, count]));
}
