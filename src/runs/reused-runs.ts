import type { EdgeRow, InputDigest, TaskRunRow } from '../model/records.js';

/**
 * Task runs of one task that earlier results stand for, column by column: each column has a value for each of them, under the name that it has in a
 * row. They are final when they are first told of and have little to say, and in a run that is repeated there are thousands: kept as they came,
 * no row is made of any.
 */
export interface ReusedRuns {
  readonly task: string;
  readonly index: readonly number[];
  readonly id: readonly string[];
  readonly parent: readonly TaskRunRow['parent'][];
  readonly nodeKey: readonly TaskRunRow['nodeKey'][];
  readonly cacheKey: readonly TaskRunRow['cacheKey'][];
  readonly createdAt: readonly number[];
  readonly finishedAt: readonly number[];
  readonly upstream: readonly (readonly EdgeRow[])[];
  readonly inputs: readonly (Readonly<Record<string, InputDigest>> | undefined)[];
  /** Where their results come from: both of `TaskRunRow.origin`. */
  readonly originRun: readonly string[];
  readonly originIndex: readonly number[];
}

/** To be added to. */
export type GrowingReusedRuns = { readonly [Column in keyof ReusedRuns]: ReusedRuns[Column] extends readonly (infer Value)[] ? Value[] : string };

export function reusedRuns(task: string): GrowingReusedRuns {
  return {
    task,
    index: [],
    id: [],
    parent: [],
    nodeKey: [],
    cacheKey: [],
    createdAt: [],
    finishedAt: [],
    upstream: [],
    inputs: [],
    originRun: [],
    originIndex: [],
  };
}

/** The same as rows. */
export function rowsOf(reused: ReusedRuns): readonly TaskRunRow[] {
  const { task, id, parent, nodeKey, cacheKey, createdAt, finishedAt, upstream, inputs, originRun, originIndex } = reused;
  return reused.index.map((index, at) => ({
    index,
    id: id[at] as string,
    task,
    label: undefined,
    parent: parent[at],
    state: 'cached',
    nodeKey: nodeKey[at],
    cacheKey: cacheKey[at],
    attempts: 0,
    reason: undefined,
    createdAt: createdAt[at] as number,
    startedAt: undefined,
    finishedAt: finishedAt[at],
    error: undefined,
    upstream: upstream[at] as readonly EdgeRow[],
    inputs: inputs[at],
    checks: undefined,
    origin: { run: originRun[at] as string, index: originIndex[at] as number },
  }));
}
