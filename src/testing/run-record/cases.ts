import type { RunRecord } from '../../runs/run-record.js';

type Check = (record: RunRecord, another: () => Promise<RunRecord>) => Promise<void>;

/** By name, what a case does with a fresh record. `another` opens a second connection to it, where that makes sense. */
export type RunRecordCases = Readonly<Record<string, Check>>;
