import { describe, MillraceError } from '../../base/error.js';
import { nearest, nearestFew } from '../../base/nearest.js';
import { outermostMaps } from '../../engine/map-fold.js';
import type { RunRow } from '../../model/records.js';
import type { RunRecord, TaskRunDetails } from '../../runs/run-record.js';

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

const RUNS_SEARCHED = 500;
const GUESSES = 3;

/** What an id may look like; whatever else comes, from a page or a script, is never asked for. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_.~:+-]{0,199}$/;

function mayBeRun(run: string): boolean {
  return run.endsWith('/latest') || (ID.test(run) && !run.includes('..'));
}

/** @param run an id, or `<flow>/latest` @throws MillraceError `RUN_UNKNOWN`, with the ids that may have been meant; `RUN_ID_INVALID` */
export async function findRun(record: RunRecord, run: string): Promise<RunRow> {
  const found = mayBeRun(run) ? await record.run(run) : undefined;
  if (found) return found;
  const known = await record.runs({ limit: RUNS_SEARCHED });
  const flow = /^(.*)\/latest$/.exec(run)?.[1];
  if (!mayBeRun(run))
    throw new MillraceError('RUN_ID_INVALID', `expected the id of a run, or <flow>/latest; got ${describe(run)}`, {
      hint: runHint(run, flow, known),
    });
  const what = flow === undefined ? `there is no run '${run}'` : `flow '${flow}' has no runs`;
  throw new MillraceError('RUN_UNKNOWN', `${what} in ${record.location}`, { hint: runHint(run, flow, known) });
}

function runHint(run: string, flow: string | undefined, known: readonly RunRow[]): string {
  if (known.length === 0) return 'there are no runs yet; start one with: millrace run <file>';
  const flows = [...new Set(known.map((row) => row.flow))];
  const guesses = flow === undefined ? nearestFew(run, [...known.map((row) => row.id), ...flows], GUESSES) : nearestFew(flow, flows, GUESSES);
  const meant = guesses.map((guess) => (flows.includes(guess) ? `${guess}/latest` : guess));
  return meant.length > 0 ? `did you mean ${meant.join(' or ')}?` : `millrace runs lists them; the newest is ${known[0]?.id}`;
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
