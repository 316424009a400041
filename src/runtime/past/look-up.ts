import { describe, MillraceError } from '../../base/error.js';
import { nearest, nearestFew } from '../../base/nearest.js';
import { outermostMaps } from '../../engine/map-fold.js';
import type { RunRow } from '../../model/records.js';
import type { RunRecord, TaskRunDetails } from '../../runs/run-record.js';

const RUNS_SEARCHED = 500;
const GUESSES = 3;

/** What an id may look like; whatever else comes, from a page or a script, is never asked for. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_.~:+-]{0,199}$/;

function mayBeRun(run: string): boolean {
  return run.endsWith('/latest') || (ID.test(run) && !run.includes('..'));
}

/**
 * @param run an id, `<flow>/latest`, or, as the client writes it, `<flow>/<id>`
 * @throws MillraceError `RUN_UNKNOWN`, with the ids that may have been meant; `RUN_ID_INVALID`
 */
export async function findRun(record: RunRecord, run: string): Promise<RunRow> {
  const found = mayBeRun(run) ? await record.run(run) : undefined;
  if (found) return found;
  const [, ofFlow, id = ''] = /^([^/]+)\/([^/]+)$/.exec(run) ?? [];
  if (ofFlow !== undefined && id !== 'latest' && (await record.runs({ flow: ofFlow, limit: 1 })).length > 0)
    return await findOfFlow(record, ofFlow, id);
  const known = await record.runs({ limit: RUNS_SEARCHED });
  const flow = /^(.*)\/latest$/.exec(run)?.[1] ?? ofFlow;
  if (flow === undefined && !mayBeRun(run))
    throw new MillraceError('RUN_ID_INVALID', `expected the id of a run, or <flow>/latest; got ${describe(run)}`, {
      hint: runHint(run, flow, known),
    });
  const what = flow === undefined ? `there is no run '${run}'` : `flow '${flow}' has no runs`;
  throw new MillraceError('RUN_UNKNOWN', `${what} in ${record.location}`, { hint: runHint(run, flow, known) });
}

async function findOfFlow(record: RunRecord, flow: string, id: string): Promise<RunRow> {
  const run = await findRun(record, id);
  if (run.flow === flow) return run;
  throw new MillraceError('RUN_UNKNOWN', `flow '${flow}' has no run ${run.id}`, { hint: `It is one of flow '${run.flow}'.` });
}

/** What a path of the command line, or of the client, leads to. */
export interface Located {
  readonly run: RunRow;
  /** The rest of the path. */
  readonly task: string | undefined;
}

/**
 * By `<run>` or `<flow>/latest`, or as the client writes it, `<flow>/<run>`; with a task behind it.
 * @throws MillraceError `RUN_UNKNOWN`, `RUN_ID_INVALID`
 */
export async function locate(record: RunRecord, path: string): Promise<Located> {
  const [first = '', second, ...rest] = path.split('/');
  const at = (run: RunRow, behind: readonly string[]): Located => ({ run, task: behind.length > 0 ? behind.join('/') : undefined });
  if (second === undefined) return at(await findRun(record, first), []);
  const byId = mayBeRun(first) ? await record.run(first) : undefined;
  if (byId !== undefined) return at(byId, [second, ...rest]);
  const isFlow = second === 'latest' || (await record.runs({ flow: first, limit: 1 })).length > 0;
  return isFlow ? at(await findRun(record, `${first}/${second}`), rest) : at(await findRun(record, first), [second, ...rest]);
}

function runHint(run: string, flow: string | undefined, known: readonly RunRow[]): string {
  if (known.length === 0) return 'there are no runs yet; start one with: millrace run <file>';
  const flows = [...new Set(known.map((row) => row.flow))];
  const guesses = flow === undefined ? nearestFew(run, [...known.map((row) => row.id), ...flows], GUESSES) : nearestFew(flow, flows, GUESSES);
  const meant = guesses.map((guess) => (flows.includes(guess) ? `${guess}/latest` : guess));
  return meant.length > 0 ? `did you mean ${meant.join(' or ')}?` : `millrace runs lists them; the newest is ${known[0]?.id}`;
}

/**
 * The task run with this id (`clean#2`), or the only one of the task with this name; or, as the client writes it, by task and id or place
 * (`clean/2`).
 * @throws MillraceError `TASK_RUN_UNKNOWN`, with the ids that may have been meant; `TASK_RUN_AMBIGUOUS`
 */
export function findTaskRun(taskRuns: readonly TaskRunDetails[], wanted: string, run: string): TaskRunDetails {
  const byId = taskRuns.find((taskRun) => taskRun.id === wanted);
  if (byId) return byId;
  // The children of a map bear the task's name too; by that name, the map is meant.
  const inMap = outermostMaps(taskRuns);
  const [named, another] = taskRuns.filter((taskRun) => taskRun.task === wanted && !inMap.has(taskRun.index));
  if (named && !another) return named;
  const byPlace = atPlace(taskRuns, wanted);
  if (byPlace) return byPlace;
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

/** `train/0` is the first task run of the task, but for its maps; `train/train#0` is that one by its id. */
function atPlace(taskRuns: readonly TaskRunDetails[], wanted: string): TaskRunDetails | undefined {
  const [, task, place = ''] = /^(.+)\/([^/]+)$/.exec(wanted) ?? [];
  const ofTask = taskRuns.filter((taskRun) => taskRun.task === task);
  if (!/^\d+$/.test(place)) return ofTask.find(({ id }) => id === place);
  const maps = new Set(outermostMaps(ofTask).values());
  return ofTask.filter(({ index }) => !maps.has(index))[Number(place)];
}

const LISTED = 8;

function listSome(ids: readonly string[]): string {
  return ids.length > LISTED ? `${ids.slice(0, LISTED).join(', ')} … (${ids.length})` : ids.join(', ');
}
