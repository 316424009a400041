import type { CacheEntryRow } from '../model/records.js';
import type { TaskRunDetails } from '../runs/run-record.js';
import { hiddenDigest, type InputDigests, sameDigests } from './inputs.js';

/** A run that is gone on with, as it was recorded. */
export interface EarlierRun {
  readonly id: string;
  /** With the artifacts of what it reused. */
  readonly taskRuns: readonly TaskRunDetails[];
}

/** One call, as earlier runs may know it. */
export interface CallToMatch {
  readonly task: string;
  /** Its name from run to run (S9). */
  readonly nodeKey: string;
  readonly inputs: InputDigests;
}

/**
 * Which finished task run of earlier runs stands for a call (S30): nothing is looked up for it. The same call of the program goes first: the one of the same node key, if
 * it had the same inputs. Where no run knows such a call, since parameters or lists have changed, another call of the task with the same inputs
 * does, each for one call only: of two equal calls the first is taken for the first, the second for the second.
 */
export class TakeOver {
  readonly #runs: readonly IndexedRun[];
  /** What stands for a call of this run already. */
  readonly #taken = new Set<string>();
  /** Recorded as finished, but their results are gone. */
  readonly #lost = new Set<string>();

  /** @param runs newest first: what a later one came to counts */
  constructor(runs: readonly EarlierRun[]) {
    this.#runs = runs.map((run) => new IndexedRun(run));
  }

  /** @param among only so many of the newest runs count */
  find(call: CallToMatch, among = this.#runs.length): CacheEntryRow | undefined {
    const runs = this.#runs.slice(0, among);
    const same = runs.map((run) => run.callOf(call)).filter((row) => row !== undefined && !this.#lost.has(makerText(row)));
    const found = same.length > 0 ? same.find((row) => row !== undefined && isFinished(row)) : this.#another(runs, call);
    return found && entryOf(found);
  }

  /** The answer stands for a call from now on. */
  take({ run, index }: Pick<CacheEntryRow, 'run' | 'index'>): void {
    this.#taken.add(`${run} ${index}`);
  }

  /** The result of an answer is gone: it is none any more. */
  lose({ run, index }: Pick<CacheEntryRow, 'run' | 'index'>): void {
    this.#lost.add(`${run} ${index}`);
  }

  #another(runs: readonly IndexedRun[], call: CallToMatch): Row | undefined {
    for (const run of runs) {
      const row = run.callsLike(call).find((one) => !this.#taken.has(makerText(one)) && !this.#lost.has(makerText(one)));
      if (row !== undefined) return row;
    }
    return undefined;
  }
}

/** A row, and the run it is a row of. */
interface Row extends TaskRunDetails {
  readonly run: string;
}

class IndexedRun {
  readonly #byKey = new Map<string, Row>();
  /** Finished ones by task and inputs, in order. */
  readonly #byCall = new Map<string, Row[]>();

  constructor({ id, taskRuns }: EarlierRun) {
    for (const taskRun of taskRuns) {
      const row: Row = { ...taskRun, run: id };
      const known = row.nodeKey === undefined ? undefined : this.#byKey.get(row.nodeKey);
      // What was lost and computed anew stands for the call that it was made for.
      if (row.nodeKey !== undefined && (known === undefined || !isFinished(known))) this.#byKey.set(row.nodeKey, row);
      if (!isFinished(row)) continue;
      const call = callText(row.task, row.inputs);
      const same = this.#byCall.get(call);
      if (same) same.push(row);
      else this.#byCall.set(call, [row]);
    }
  }

  callOf({ task, nodeKey, inputs }: CallToMatch): Row | undefined {
    const row = this.#byKey.get(nodeKey);
    // One that was not come to, or was handed what has no digest, has no inputs to compare.
    return row !== undefined && row.task === task && row.inputs !== undefined && sameDigests(row.inputs, inputs) ? row : undefined;
  }

  callsLike({ task, inputs }: CallToMatch): readonly Row[] {
    return this.#byCall.get(callText(task, inputs)) ?? [];
  }
}

type Finished = Row & { readonly inputs: InputDigests };

function isFinished(row: Row): row is Finished {
  return (row.state === 'success' || row.state === 'cached') && row.artifacts.length > 0 && row.inputs !== undefined;
}

/** Where a result was computed. */
function makerOf({ run, index, origin }: Row): { readonly run: string; readonly index: number } {
  return origin ?? { run, index };
}

function makerText(row: Row): string {
  const { run, index } = makerOf(row);
  return `${run} ${index}`;
}

function callText(task: string, inputs: InputDigests): string {
  return `${task}\n${Object.entries(inputs)
    .map(([name, { digest }]) => `${name}=${hiddenDigest(digest)}`)
    .join('\n')}`;
}

/** As an answer has it. Without a key of its own it is one to nobody but this call. */
function entryOf(row: Row): CacheEntryRow {
  const { run, index } = makerOf(row);
  return {
    taskVersion: '',
    key: row.cacheKey ?? '',
    task: row.task,
    run,
    index,
    createdAt: row.finishedAt ?? row.createdAt,
    code: '',
    version: undefined,
    inputs: row.inputs ?? {},
    artifacts: row.artifacts.map(({ name, ref }) => ({ name, ref })),
    inRecord: row.artifacts.every(({ ref }) => ref.uri.startsWith('record:')),
  };
}
