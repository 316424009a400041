import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { memoryRecord } from '../../src/runs/memory-record.js';
import { openSqliteRecord } from '../../src/runs/sqlite/sqlite-record.js';
import { type RunRecordUnderTest, runRecordContract } from '../../src/testing/run-record-contract.js';

async function sqlite(): Promise<RunRecordUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-record-'));
  const open = () => openSqliteRecord({ path: join(folder, 'record.db') });
  return { record: await open(), second: open, cleanUp: () => rm(folder, { recursive: true }) };
}

describe.each([
  { kind: 'sqlite', make: sqlite },
  { kind: 'memory', make: async () => ({ record: memoryRecord() }) },
])('run record in $kind', ({ make }) => {
  for (const { name, run } of runRecordContract(make)) it(name, run);
});
