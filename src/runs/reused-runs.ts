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
export function rowsOf({ task, index, ...columns }: ReusedRuns): readonly TaskRunRow[] {
  const byName: Readonly<Record<string, readonly unknown[]>> = columns;
  return hitRows(task, index, <T>(column: string, at: number) => byName[column]?.[at] as T);
}

/** Rows of hits of one task. @param value of a column, what it has for the task run that comes `at` that place in the list */
export function hitRows(task: string, places: readonly number[], value: <T>(column: string, at: number) => T): TaskRunRow[] {
  return places.map((index, at) => {
    const run = value<string | undefined>('originRun', at);
    return {
      index,
      id: value('id', at),
      task,
      label: value('label', at),
      parent: value('parent', at),
      state: 'cached',
      nodeKey: value('nodeKey', at),
      cacheKey: value('cacheKey', at),
      attempts: value<number | undefined>('attempts', at) ?? 0,
      reason: value('reason', at),
      createdAt: value('createdAt', at),
      startedAt: value('startedAt', at),
      finishedAt: value('finishedAt', at),
      error: value('error', at),
      upstream: value('upstream', at),
      inputs: value('inputs', at),
      // A cached result is not checked again.
      checks: undefined,
      origin: run === undefined ? undefined : { run, index: value('originIndex', at) },
    };
  });
}
