import type { RunRecord } from '../runs/run-record.js';
import type { RunRecordCases } from './run-record/cases.js';
import { claimsAndLeases } from './run-record/claims-and-leases.js';
import { code } from './run-record/code.js';
import { entries } from './run-record/entries.js';
import { handingOn } from './run-record/handing-on.js';
import { logs } from './run-record/logs.js';
import { removal } from './run-record/removal.js';
import { runs } from './run-record/runs.js';
import { sideResults } from './run-record/side-results.js';
import { taskRuns } from './run-record/task-runs.js';
import { writing } from './run-record/writing.js';

/** One case of a contract suite: any test runner can host it. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

export interface RunRecordUnderTest {
  /** Fresh and empty. */
  readonly record: RunRecord;
  /** Opens a second connection to the same record, where that makes sense. */
  readonly second?: () => Promise<RunRecord>;
  /** Called when the case is over and all records are closed. */
  readonly cleanUp?: () => Promise<void> | void;
}

/**
 * What every `RunRecord` must do.
 *
 * @example
 * ```ts
 * for (const { name, run } of runRecordContract(async () => ({ record: memoryRecord() }))) test(name, run);
 * ```
 */
export function runRecordContract(make: () => Promise<RunRecordUnderTest>): readonly ContractCase[] {
  return Object.entries(CASES).map(([name, check]) => ({
    name,
    async run() {
      const { record, second, cleanUp } = await make();
      const others: RunRecord[] = [];
      const another = async (): Promise<RunRecord> => {
        const other = (await second?.()) ?? record;
        others.push(other);
        return other;
      };
      try {
        await check(record, another);
      } finally {
        for (const open of [...others, record]) await open[Symbol.asyncDispose]();
        await cleanUp?.();
      }
    },
  }));
}

const CASES: RunRecordCases = {
  ...runs,
  ...writing,
  ...taskRuns,
  ...entries,
  ...claimsAndLeases,
  ...logs,
  ...sideResults,
  ...removal,
  ...handingOn,
  ...code,
};
