import { median } from '../base/median.js';

/** How long things took lately: what an estimate of the time left is made of. */
export interface TaskDurations {
  /** Median of the recent successful attempts by name of the task, in milliseconds. */
  readonly byTask: ReadonlyMap<string, number>;
  /** How many went on at the same time, on average over whole runs; undefined when no whole run was looked at. */
  readonly parallelism: number | undefined;
}

/** How far back is looked: enough for a median, and some ten milliseconds of reading, however large the runs are. */
export const RUNS_SAMPLED = 5;
/** So many task runs from either end of a run: what lies between are mostly the children of one map. */
export const ENDS_SAMPLED = 250;

/** One successful attempt. Times are milliseconds since the epoch. */
export interface AttemptSample {
  /** Tells the runs apart. */
  readonly run: number;
  readonly isWholeRun: boolean;
  readonly task: string;
  readonly index: number;
  readonly parent: number | undefined;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** What only waits for what is inside it, a sub-flow, has no time of its own and is left out. */
export function durationsOf(samples: readonly AttemptSample[]): TaskDurations {
  const placeOf = (run: number, index: number): string => `${run}:${index}`;
  const around = new Set(samples.flatMap(({ run, parent }) => (parent === undefined ? [] : [placeOf(run, parent)])));
  const own = samples.filter(({ run, index }) => !around.has(placeOf(run, index)));
  const times = new Map<string, number[]>();
  for (const { task, startedAt, finishedAt } of own) {
    const known = times.get(task);
    if (known) known.push(finishedAt - startedAt);
    else times.set(task, [finishedAt - startedAt]);
  }
  return {
    byTask: new Map([...times].map(([task, all]) => [task, median(all)])),
    parallelism: parallelismOf(own.filter(({ isWholeRun }) => isWholeRun)),
  };
}

function parallelismOf(samples: readonly AttemptSample[]): number | undefined {
  const runs = new Map<number, { busy: number; first: number; last: number }>();
  for (const { run, startedAt, finishedAt } of samples) {
    const sum = runs.get(run) ?? { busy: 0, first: startedAt, last: finishedAt };
    runs.set(run, sum);
    sum.busy += finishedAt - startedAt;
    sum.first = Math.min(sum.first, startedAt);
    sum.last = Math.max(sum.last, finishedAt);
  }
  let [busy, span] = [0, 0];
  for (const sum of runs.values()) [busy, span] = [busy + sum.busy, span + sum.last - sum.first];
  return span > 0 ? busy / span : undefined;
}
