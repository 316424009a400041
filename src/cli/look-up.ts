import { MillraceError } from '../base/error.js';
import { outermostMaps } from '../engine/map-fold.js';
import type { TaskRunDetails } from '../runs/run-record.js';
import { nearest } from './nearest.js';

export { findRun } from '../runs/find-run.js';

/** `<run>` or `<run>/<task>`, where a run is its id or `<flow>/latest`. */
export interface RunPath {
  /** As the record understands it. */
  readonly run: string;
  readonly task: string | undefined;
}

export function parseRunPath(path: string): RunPath {
  const [first = '', second, ...rest] = path.split('/');
  if (second === 'latest') return { run: `${first}/latest`, task: rest.length > 0 ? rest.join('/') : undefined };
  return { run: first, task: second === undefined ? undefined : [second, ...rest].join('/') };
}

/**
 * The task run with this id (`clean#2`), or the only one of the task with this name.
 * @throws MillraceError `TASK_RUN_UNKNOWN`, with the ids that may have been meant; `TASK_RUN_AMBIGUOUS`
 */
export function findTaskRun(taskRuns: readonly TaskRunDetails[], wanted: string, run: string): TaskRunDetails {
  const byId = taskRuns.find((taskRun) => taskRun.id === wanted);
  if (byId) return byId;
  // The children of a map bear the task's name too; by that name, the map is meant.
  const inMap = outermostMaps(taskRuns);
  const [named, another] = taskRuns.filter((taskRun) => taskRun.task === wanted && !inMap.has(taskRun.index));
  if (named && !another) return named;
  const ids = taskRuns.map((taskRun) => taskRun.id);
  if (named) {
    const same = taskRuns.filter((taskRun) => taskRun.task === wanted && !inMap.has(taskRun.index)).map((taskRun) => taskRun.id);
    throw new MillraceError('TASK_RUN_AMBIGUOUS', `task '${wanted}' ran ${same.length} times in run ${run}`, {
      hint: `name one of them: ${listSome(same)}`,
    });
  }
  const guess = nearest(wanted, [...ids, ...new Set(taskRuns.map((taskRun) => taskRun.task))]);
  const hint = guess !== undefined ? `did you mean ${run}/${guess}?` : ids.length > 0 ? `it has ${listSome(ids)}` : 'no task of it is recorded';
  throw new MillraceError('TASK_RUN_UNKNOWN', `run ${run} has no task '${wanted}'`, { hint });
}

const LISTED = 8;

function listSome(ids: readonly string[]): string {
  return ids.length > LISTED ? `${ids.slice(0, LISTED).join(', ')} … (${ids.length})` : ids.join(', ');
}
