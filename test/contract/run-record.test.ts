import { describe, it } from 'vitest';
import { memoryRecord } from '../../src/runs/memory-record.js';
import { type RunRecordUnderTest, runRecordContract } from '../../src/testing/run-record-contract.js';
import { databases } from '../fixtures/runs/databases.js';

const memory = { kind: 'memory', make: async (): Promise<RunRecordUnderTest> => ({ record: memoryRecord() }) };

describe.each([...databases('contract'), memory])('run record in $kind', ({ make }) => {
  for (const { name, run } of runRecordContract(make)) it(name, run);
});
