import { isFinalTaskState } from '../model/states.js';
import type { MetricFilter, MetricSeries, RunArtifact, RunRecord, TaskRunDetails } from './run-record.js';

/** What was given beside the results: by the flow's body, by the files among its parameters, and by the attempts that count. */
export interface SideResults {
  readonly artifacts: readonly RunArtifact[];
  readonly metrics: readonly MetricSeries[];
}

export interface SideResultsFilter extends Pick<MetricFilter, 'points'> {
  /** Only of this task run, or of `BODY_PLACE`. */
  readonly index?: number;
  /** Those of each last attempt, although it failed. @default false */
  readonly lastAttempt?: boolean;
}

/**
 * The artifacts and metrics of a run that are to be shown (S13): of the attempt that succeeded, or that is running now; of a reused task run, those
 * of its origin, under the place of who reused them.
 * @param taskRuns of the run: all, or those that matter
 */
export async function sideResultsOf(
  record: RunRecord,
  run: string,
  taskRuns: readonly TaskRunDetails[],
  filter: SideResultsFilter = {},
): Promise<SideResults> {
  const { index, points = false, lastAttempt = false } = filter;
  const known = new Map(taskRuns.map((taskRun) => [taskRun.index, taskRun]));
  const counts = ({ index: place, attempt }: Place): boolean => {
    const taskRun = known.get(place);
    return place < 0 || (taskRun !== undefined && attempt === taskRun.attempts && (lastAttempt || isShown(taskRun)));
  };
  const own = await lookUp(record, run, index, points);
  const artifacts = own.artifacts.filter(counts);
  const metrics = own.metrics.filter(counts);
  for (const [origin, heirs] of byOrigin(taskRuns.filter((taskRun) => index === undefined || taskRun.index === index))) {
    const theirs = await lookUp(record, origin, onlyOf(heirs), points);
    if (theirs.artifacts.length + theirs.metrics.length === 0) continue;
    const made = await record.taskRuns(origin, { indexes: [...heirs.keys()] });
    const attempts = new Map(made.map((taskRun) => [taskRun.index, taskRun.attempts]));
    artifacts.push(...inherited(theirs.artifacts, heirs, attempts));
    metrics.push(...inherited(theirs.metrics, heirs, attempts));
  }
  return { artifacts: artifacts.sort(inOrder), metrics: metrics.sort(inOrder) };
}

/** Of the task runs of a run, those that may have given something: all who did, and those that were reused. For `sideResultsOf`. */
export async function giversOf(record: RunRecord, run: string): Promise<readonly TaskRunDetails[]> {
  const own = await lookUp(record, run, undefined, false);
  const indexes = [...new Set([...own.artifacts, ...own.metrics].map(({ index }) => index))].filter((index) => index >= 0);
  const gave = indexes.length === 0 ? [] : await record.taskRuns(run, { indexes });
  const reused = await record.taskRuns(run, { state: 'cached' });
  return [...gave.filter(({ state }) => state !== 'cached'), ...reused];
}

type Place = Pick<RunArtifact, 'index' | 'attempt' | 'name'>;

async function lookUp(record: RunRecord, run: string, index: number | undefined, points: boolean): Promise<SideResults> {
  const place = index === undefined ? {} : { index };
  return { artifacts: await record.runArtifacts(run, place), metrics: await record.metrics(run, { ...place, points }) };
}

/** A running attempt has not failed, and its curves are what one wants to see. */
function isShown({ state }: TaskRunDetails): boolean {
  return state === 'success' || state === 'cached' || (!isFinalTaskState(state) && state !== 'retrying');
}

/** By the run they came from, and there by place: who reused it. */
type Heirs = Map<number, TaskRunDetails[]>;

function byOrigin(taskRuns: readonly TaskRunDetails[]): ReadonlyMap<string, Heirs> {
  const origins = new Map<string, Heirs>();
  for (const taskRun of taskRuns) {
    if (taskRun.origin === undefined) continue;
    const { run, index } = taskRun.origin;
    const heirs: Heirs = origins.get(run) ?? new Map();
    origins.set(run, heirs.set(index, [...(heirs.get(index) ?? []), taskRun]));
  }
  return origins;
}

/** The one that is asked for, where it is one. */
function onlyOf(heirs: Heirs): number | undefined {
  return heirs.size === 1 ? [...heirs.keys()][0] : undefined;
}

/** Only what succeeded is reused, and its last attempt did. */
function inherited<Row extends Place>(rows: readonly Row[], heirs: Heirs, attempts: ReadonlyMap<number, number>): readonly Row[] {
  return rows
    .filter(({ index, attempt }) => attempt === attempts.get(index))
    .flatMap((row) => (heirs.get(row.index) ?? []).map(({ index }) => ({ ...row, index })));
}

/** By place; rows of one place are in order already. */
function inOrder(a: Place, b: Place): number {
  return a.index - b.index;
}
