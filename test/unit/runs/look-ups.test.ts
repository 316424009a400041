import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogRow } from '../../../src/model/records.js';
import type { LogFilter, RunFilter } from '../../../src/runs/run-record.js';
import { amendRun } from '../../../src/runs/sqlite/amend-run.js';
import { SqliteConnection } from '../../../src/runs/sqlite/connection.js';
import { findEntries, findLatestEntry } from '../../../src/runs/sqlite/entries.js';
import { findLogs } from '../../../src/runs/sqlite/find-logs.js';
import { findFlows, findRun, findRuns } from '../../../src/runs/sqlite/find-runs.js';
import { findTaskRuns } from '../../../src/runs/sqlite/look-ups.js';
import { markGoneRuns } from '../../../src/runs/sqlite/mark-crashed.js';
import { migrate } from '../../../src/runs/sqlite/migrations.js';
import { removeRuns } from '../../../src/runs/sqlite/removal.js';
import { Statement } from '../../../src/runs/sqlite/statement.js';
import { writeBatch, writeRun } from '../../../src/runs/sqlite/write-batch.js';
import { runRow, taskRow } from '../../fixtures/runs/rows.js';

let folder: string;
let connection: SqliteConnection;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-look-'));
  connection = await SqliteConnection.open({ path: join(folder, 'record.db') });
  await migrate(connection);
  await connection.write(() => {
    for (let n = 0; n < 3_000; n += 1) {
      const tags = n % 1_000 === 7 ? ['rare', 'common'] : ['common'];
      writeRun(
        connection,
        runRow({
          id: `r${n}`,
          flow: `flow ${n % 10}`,
          state: n % 500 === 3 ? 'failed' : 'success',
          createdAt: n,
          tags,
          params: { common: '1', x: String(n % 100) },
        }),
      );
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
  { params: { x: ['7'] } },
  { params: { x: ['7', '"7"'] }, flow: 'flow 7', until: 2_000 },
  { params: { x: ['7'], common: ['1'] }, flow: 'flow 7', state: 'failed', tags: ['common'], before: 'r2000' },
];

/** A page of all runs goes through the index from its end; the parameters of one run are no table. */
function isScan(step: string): boolean {
  return step.startsWith('SCAN') && !/^SCAN (run USING (COVERING )?INDEX run_by_\w+$|o VIRTUAL TABLE|\(subquery|\d|CONSTANT ROW)/.test(step);
}

describe('a look costs what it shows, not what the history holds', () => {
  it.each(FILTERS)('runs %o: in order of an index, without sorting', async (filter) => {
    const steps = await plans(() => findRuns(connection, filter));
    expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
    expect(steps.filter(isScan)).toEqual([]);
  });

  it('the rarest of what is asked for leads, so that few runs are looked at one by one', async () => {
    const all = Array.from({ length: 3_000 }, (_, n) => 2_999 - n);
    const expected = (isMeant: (n: number) => boolean) => all.filter(isMeant).map((n) => `r${n}`);
    const found = (filter: RunFilter) => findRuns(connection, { ...filter, limit: 50 }).map(({ id }) => id);
    expect(found({ tags: ['common'], state: 'failed' })).toEqual(expected((n) => n % 500 === 3));
    expect(found({ params: { common: ['1'] }, tags: ['rare'] })).toEqual(expected((n) => n % 1_000 === 7));
    expect(found({ params: { x: ['7'], common: ['1'] }, flow: 'flow 7' })).toEqual(expected((n) => n % 100 === 7));
    expect((await plans(() => found({ params: { x: ['7'], common: ['1'] } }))).some((step) => step.includes('run_param_by_value'))).toBe(true);
  });

  it.each([
    ['run', () => findRun(connection, 'r5')],
    ['latest run', () => findRun(connection, 'flow 1/latest')],
    ['task runs', () => findTaskRuns(connection, 'r5', {})],
    ['task runs of a task', () => findTaskRuns(connection, 'r5', { task: 'clean', state: 'success' })],
    ['log', () => findLogs(connection, 'r5', { node: 'clean', level: 'warn', after: 3 })],
    ['whole log', () => findLogs(connection, 'r5', { after: 3 })],
    ['log of a level', () => findLogs(connection, 'r5', { level: 'warn' })],
    ['end of a log', () => findLogs(connection, 'r5', { last: 10, attempt: 2 })],
    ['end of a log of a level', () => findLogs(connection, 'r5', { last: 10, level: 'error' })],
    ['entries', () => findEntries(connection, ['ab'])],
    ['latest entry', () => findLatestEntry(connection, 'clean')],
    ['task runs by place', () => findTaskRuns(connection, 'r5', { indexes: [1, 2] })],
    ['a task run by its id', () => findTaskRuns(connection, 'r5', { id: 'clean#1' })],
    ['tags and notes', () => amendRun(connection, 'r5', { addTags: ['new'], removeTags: ['common'], addNote: { at: 1, text: 'odd' } })],
    ['runs whose process is gone', () => markGoneRuns(connection)],
  ])('%s: by search, never by scan', async (_, look) => {
    const steps = await plans(look);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.filter((step) => (step.startsWith('SCAN') && !/ VIRTUAL TABLE /.test(step)) || step.includes('TEMP B-TREE'))).toEqual([]);
  });

  it('a removal reads what it removes, and what was taken from that', async () => {
    await connection.write(() => {
      const hits = (count: number) => Array.from({ length: count }, (_, n) => taskRow(n, { state: 'cached', origin: { run: 'r5', index: n } }));
      writeBatch(connection, { run: 'r6', epoch: 0, taskRuns: hits(2) });
      writeBatch(connection, { run: 'r8', epoch: 0, taskRuns: hits(12) });
    });
    const steps = await plans(() => removeRuns(connection, { runs: ['r5', 'r6'], keepBytes: true, deleteFile: () => false }));
    expect(steps.length).toBeGreaterThan(20);
    // Claims, and what is being resumed, are those of runs that go on: never many.
    expect(steps.filter((step) => step.startsWith('SCAN') && !/ VIRTUAL TABLE |CONSTANT ROW|^SCAN (claim|resumed)$/.test(step))).toEqual([]);
    expect(findRun(connection, 'r5')).toBeUndefined();
  });

  it('flows: one seek each', async () => {
    const steps = await plans(() => findFlows(connection));
    expect(steps.filter((step) => /^SCAN run\b/.test(step) && !step.includes('INDEX'))).toEqual([]);
    expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
    expect(findFlows(connection).map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, n) => `r${2_990 + n}`));
  });
});

describe('a page of the log of a run that printed 300,000 lines', () => {
  const LINES = 300_000;
  const RARE = 5_000;

  async function logged(): Promise<void> {
    // Long stretches of one task, and stretches where three take turns; a warning now and then.
    const lineAt = (seq: number): LogRow => ({
      seq,
      at: 1_000 + seq / 4,
      level: seq % RARE === 0 ? 'warn' : 'info',
      text: `line ${seq} of what the task has to say`,
      node: seq % 50_000 < 25_000 ? `t#${Math.floor(seq / 50_000)}` : `u#${seq % 3}`,
      attempt: 1,
    });
    for (let from = 0; from < LINES; from += 8_192) {
      const logs = Array.from({ length: Math.min(8_192, LINES - from) }, (_, n) => lineAt(from + n));
      await connection.write(() => writeBatch(connection, { run: 'r5', epoch: 0, logs }));
    }
  }

  const PAGES: readonly (readonly [LogFilter, number, number])[] = [
    [{ limit: 100 }, 0, 99],
    [{ after: 150_000, limit: 100 }, 150_001, 150_100],
    [{ last: 100 }, LINES - 100, LINES - 1],
    [{ node: 't#5', limit: 10 }, 250_000, 250_009],
    [{ node: 't#0', last: 10 }, 24_990, 24_999],
    [{ node: 'u#1', after: 200_000, limit: 2 }, 225_001, 225_004],
    [{ level: 'warn', after: 200_000, limit: 3 }, 205_000, 215_000],
    [{ level: 'warn', last: 2 }, LINES - 2 * RARE, LINES - RARE],
    [{ level: 'warn', node: 't#1', limit: 9 }, 50_000, 70_000],
  ];

  it('costs few rows of some hundreds, whatever is asked for', async () => {
    await logged();
    for (const [filter, first, last] of PAGES) {
      const rows = vi.spyOn(Statement.prototype, 'all');
      const found = findLogs(connection, 'r5', filter);
      const read = rows.mock.results.reduce((sum, { value }) => sum + (value as readonly unknown[]).length, 0);
      rows.mockRestore();
      expect([found[0]?.seq, found.at(-1)?.seq], JSON.stringify(filter)).toEqual([first, last]);
      expect(read, JSON.stringify(filter)).toBeLessThan(20);
    }
  });
});
