import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { memoryRecord } from '../../src/runs/memory-record.js';
import { openPostgresRecord } from '../../src/runs/postgres/postgres-record.js';
import { openSqliteRecord } from '../../src/runs/sqlite/sqlite-record.js';
import { type RunRecordUnderTest, runRecordContract } from '../../src/testing/run-record-contract.js';
import { freshSchema } from '../postgres/fresh-schema.js';

async function sqlite(): Promise<RunRecordUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-record-'));
  const open = () => openSqliteRecord({ path: join(folder, 'record.db') });
  return { record: await open(), second: open, cleanUp: () => rm(folder, { recursive: true }) };
}

let schemas = 0;
const server = process.env.MILLRACE_TEST_POSTGRES_URL;

async function postgres(): Promise<RunRecordUnderTest> {
  const { url, drop } = freshSchema(server as string, `contract_${process.pid}_${++schemas}`);
  return { record: await openPostgresRecord(url), second: () => openPostgresRecord(url), cleanUp: drop };
}

describe.each([
  { kind: 'sqlite', make: sqlite },
  { kind: 'memory', make: async () => ({ record: memoryRecord() }) },
])('run record in $kind', ({ make }) => {
  for (const { name, run } of runRecordContract(make)) it(name, run);
});

// `npm test` starts a server, and says so where it cannot.
describe.skipIf(server === undefined)('run record in postgres', () => {
  for (const { name, run } of runRecordContract(postgres)) it(name, run);
});
