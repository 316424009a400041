import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunFilter } from '../../../src/runs/run-record.js';
import { SqliteConnection } from '../../../src/runs/sqlite/connection.js';
import { findEntries, findLatestEntry } from '../../../src/runs/sqlite/entries.js';
import { findLogs, findRun, findRuns, findTaskRuns } from '../../../src/runs/sqlite/look-ups.js';
import { markGoneRuns } from '../../../src/runs/sqlite/mark-crashed.js';
import { migrate } from '../../../src/runs/sqlite/migrations.js';
import { writeRun } from '../../../src/runs/sqlite/write-batch.js';
import { runRow } from '../../fixtures/runs/rows.js';

let folder: string;
let connection: SqliteConnection;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-look-'));
  connection = await SqliteConnection.open({ path: join(folder, 'record.db') });
  await migrate(connection);
  await connection.write(() => {
    for (let n = 0; n < 3_000; n += 1) {
      const tags = n % 1_000 === 7 ? ['rare', 'common'] : ['common'];
      writeRun(connection, runRow({ id: `r${n}`, flow: `flow ${n % 10}`, state: n % 500 === 3 ? 'failed' : 'success', createdAt: n, tags }));
    }
  });
});
afterEach(async () => {
  connection.close();
  await rm(folder, { recursive: true });
});

/** How SQLite goes about each statement that `look` prepares, one line a step. */
async function plans(look: () => unknown): Promise<readonly string[]> {
  const prepare = vi.spyOn(connection, 'prepare');
  await look();
  const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
  prepare.mockRestore();
  return [...statements].flatMap((sql) => {
    const parameters = Array<null>(sql.split('?').length - 1).fill(null);
    return connection
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(parameters)
      .map((row) => String(row[3]));
  });
}

const FILTERS: readonly RunFilter[] = [
  {},
  { flow: 'flow 1' },
  { state: 'failed' },
  { flow: 'flow 1', state: 'failed' },
  { since: 5, before: 'r9' },
  { flow: 'flow 1', state: 'failed', since: 5, before: 'r9' },
  { tags: ['rare'] },
  { tags: ['common', 'rare'], flow: 'flow 1', before: 'r9', since: 1 },
];

describe('a look costs what it shows, not what the history holds', () => {
  it.each(FILTERS)('runs %o: in order of an index, without sorting', async (filter) => {
    const steps = await plans(() => findRuns(connection, filter));
    expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
    expect(steps.filter((step) => step.startsWith('SCAN') && step !== 'SCAN run USING INDEX run_by_time')).toEqual([]);
  });

  it.each([
    ['run', () => findRun(connection, 'r5')],
    ['latest run', () => findRun(connection, 'flow 1/latest')],
    ['task runs', () => findTaskRuns(connection, 'r5', {})],
    ['task runs of a task', () => findTaskRuns(connection, 'r5', { task: 'clean', state: 'success' })],
    ['log', () => findLogs(connection, 'r5', { node: 'clean', level: 'warn', after: 3 })],
    ['entries', () => findEntries(connection, ['ab'])],
    ['latest entry', () => findLatestEntry(connection, 'clean')],
    ['runs whose process is gone', () => markGoneRuns(connection)],
  ])('%s: by search, never by scan', async (_, look) => {
    const steps = await plans(look);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.filter((step) => step.startsWith('SCAN') || step.includes('TEMP B-TREE'))).toEqual([]);
  });
});
