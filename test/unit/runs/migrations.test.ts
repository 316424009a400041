import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SqliteConnection } from '../../../src/runs/sqlite/connection.js';
import { findRuns } from '../../../src/runs/sqlite/find-runs.js';
import { MIGRATIONS, migrate } from '../../../src/runs/sqlite/migrations.js';
import { runRow } from '../../fixtures/runs/rows.js';

let folder: string;
let connection: SqliteConnection;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-migrate-'));
  connection = await SqliteConnection.open({ path: join(folder, 'record.db') });
});
afterEach(async () => {
  connection.close();
  await rm(folder, { recursive: true });
});

/** A run as version 2 had it, with a hit of its own row and some that are packed. */
function writeOldRun(number: number): void {
  const { params: _, owner, ...row } = runRow({ id: `r${number}`, createdAt: number });
  const values = [number, row.id, row.flow, 'success', JSON.stringify({ x: String(number % 2) }), number, JSON.stringify(owner)];
  connection
    .prepare("INSERT INTO run (number, id, flow, state, params, tags, created_at, owner, epoch, counts) VALUES (?, ?, ?, ?, ?, '[]', ?, ?, 0, '{}')")
    .run(values);
  connection
    .prepare(
      "INSERT INTO task_run (run, place, id, task, state, attempts, created_at, upstream, origin_run, origin_place) VALUES (?, 0, 'a#0', 'a', 6, 0, 0, '[]', 'one', 0)",
    )
    .run([number]);
  const columns = JSON.stringify({ id: ['b#0', 'b#1', 'b#2'], originRun: [null, 'one', 'two'], originIndex: [null, 1, 2] });
  connection
    .prepare("INSERT INTO reused (run, task, first_place, last_place, places, columns) VALUES (?, 'b', 1, 3, '[1,2,3]', ?)")
    .run([number, columns]);
}

it('runs of an older record are found by their parameters, and known to have taken results from others', async () => {
  await migrate(connection, MIGRATIONS.slice(0, 2));
  await connection.write(() => {
    for (let number = 1; number <= 6; number += 1) writeOldRun(number);
  });
  await migrate(connection);
  expect(await readdir(folder)).toContain('record.db.v2.bak');
  expect(findRuns(connection, { flow: 'flow', params: { x: ['1'] } }).map(({ id }) => id)).toEqual(['r5', 'r3', 'r1']);
  expect(connection.prepare('SELECT origin FROM run_origin WHERE run = 3 ORDER BY origin').all()).toEqual([['one'], ['two']]);
  expect(findRuns(connection, { limit: 1 })[0]).toMatchObject({ id: 'r6', tags: [] });
});
