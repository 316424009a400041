import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresRecord } from '../../src/runs/postgres/postgres-record.js';
import { runRow } from '../fixtures/runs/rows.js';
import { onServer } from '../postgres/fresh-schema.js';
import { canMakeClusters, type OwnCluster, ownCluster } from '../postgres/own-cluster.js';
import { fixture, type RecordedRun, type Shell, shellIn, statesOf } from './spawned.js';

const SHARED = fixture('shared-work.ts');
const SUM = Array.from({ length: 60 }, (_, n) => n * n).reduce((a, b) => a + b, 0);

describe.skipIf(!canMakeClusters)('a server that goes, and comes back', () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-restart-'));
  let cluster: OwnCluster;
  beforeAll(async () => {
    cluster = await ownCluster();
  });
  afterAll(async () => {
    await cluster?.remove();
    rmSync(root, { recursive: true, force: true });
  });

  let places = 0;
  function place(): { readonly url: string; readonly shell: Shell; readonly ledger: string } {
    const url = `${cluster.url}?schema=restart_${++places}`;
    const folder = mkdtempSync(join(root, 'project-'));
    const ledger = join(folder, 'ledger');
    return { url, ledger, shell: shellIn(folder, { MILLRACE_DATABASE_URL: url, LEDGER: ledger, PAUSE: '50' }) };
  }
  const worked = (ledger: string): readonly string[] => readFileSync(ledger, 'utf8').trim().split('\n');

  it('S19: it is restarted while a run goes on: the run ends well, and its record is whole', async () => {
    const { shell, ledger } = place();
    const running = shell.start('run', SHARED);
    await running.printed('works on 10');
    await cluster.stop();
    await cluster.start();
    const { code, err } = await running.ended;
    expect({ code, err }).toMatchObject({ code: 0 });
    const run = await shell.json<RecordedRun>('inspect', 'shared/latest', '--all');
    expect([run.state, Object.values(statesOf(run)).every((state) => state === 'success')]).toEqual(['success', true]);
    expect([run.taskRuns.filter(({ id }) => id.startsWith('work#0[')).length, worked(ledger).length]).toEqual([60, 60]);
    // All of it is found again.
    expect((await shell.json<{ result: number }>('run', SHARED)).result).toBe(SUM);
    expect(worked(ledger)).toHaveLength(60);
  });

  it('S19: its connections are killed again and again while a run goes on: nothing is lost, nothing is there twice', async () => {
    const { shell, ledger } = place();
    const running = shell.start('run', SHARED);
    await running.printed('works on');
    let isOver = false;
    void running.ended.then(() => {
      isOver = true;
    });
    let killed = 0;
    while (!isOver) {
      const rows = await onServer(cluster.url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace'");
      killed += rows.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(killed).toBeGreaterThan(0);
    expect((await running.ended).code).toBe(0);
    const run = await shell.json<RecordedRun>('inspect', 'shared/latest', '--all');
    expect(new Set(run.taskRuns.map(({ id }) => id)).size).toBe(run.taskRuns.length);
    expect([run.state, worked(ledger).length]).toEqual(['success', 60]);
    expect((await shell.millrace('preview', SHARED)).out).toContain('sum#0 (complete)');
  });

  it('look-ups wait for it too; when it stays away they say so, after a bounded time', async () => {
    const { url } = place();
    const record = await openPostgresRecord(url);
    await record.open(runRow());
    await cluster.stop();
    const asked = [record.run('r1'), record.runs(), record.logs('r1')];
    await cluster.start();
    const [run, runs, logs] = await Promise.all(asked);
    expect([run, runs, logs]).toEqual([expect.objectContaining({ id: 'r1' }), [expect.objectContaining({ id: 'r1' })], []]);
    await record[Symbol.asyncDispose]();
    await using hasty = await openPostgresRecord(url, { patienceMs: 300 });
    await cluster.stop();
    const startedAt = performance.now();
    await expect(hasty.runs()).rejects.toMatchObject({ code: 'RECORD_UNREACHABLE', hint: expect.stringContaining('MILLRACE_DATABASE_URL') });
    await expect(hasty.append({ run: 'r1', epoch: 0, change: { state: 'success' } })).rejects.toMatchObject({ code: 'RECORD_UNREACHABLE' });
    // Each would have waited as long, had it not been told to be hasty.
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await cluster.start();
    // It is no dead end: the same record goes on when the server is back.
    await hasty.append({ run: 'r1', epoch: 0, change: { state: 'success' } });
    expect((await hasty.run('r1'))?.state).toBe('success');
  });

  it('S31: it stays away: the run fails in the end with RECORD_UNREACHABLE, and is resumed when it is back', async () => {
    const { shell, ledger } = place();
    const running = shell.start('run', SHARED);
    await running.printed('works on 10');
    await cluster.stop();
    const { code, err } = await running.ended;
    expect([code, err]).toEqual([1, expect.stringContaining('RECORD_UNREACHABLE')]);
    expect((await shell.millrace('runs')).err).toContain('RECORD_UNREACHABLE');
    await cluster.start();
    const left = await shell.json<RecordedRun>('inspect', 'shared/latest', '--all');
    expect(left.state).toBe('crashed');
    const recorded = left.taskRuns.filter(({ id, state }) => id.startsWith('work#0[') && state === 'success').length;
    const before = worked(ledger).length;
    expect((await shell.millrace('resume', SHARED)).code).toBe(0);
    expect(worked(ledger).length).toBe(before + 60 - recorded);
  });
});
