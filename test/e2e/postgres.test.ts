import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freshSchema, onServer } from '../postgres/fresh-schema.js';
import { fixture, type RecordedRun, type Shell, shellIn, statesOf } from './spawned.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const root = mkdtempSync(join(tmpdir(), 'millrace-postgres-e2e-'));
const drops: (() => Promise<void>)[] = [];
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  for (const drop of drops) await drop();
});

const SUM = Array.from({ length: 60 }, (_, n) => n * n).reduce((a, b) => a + b, 0);
const SHARED = fixture('shared-work.ts');

/** A folder and a record on the server. */
function place(): { readonly url: string; readonly ledger: string; readonly shell: Shell; readonly local: Shell } {
  const { url, drop } = freshSchema(server, `e2e_${process.pid}_${drops.length}`);
  drops.push(drop);
  const folder = mkdtempSync(join(root, 'project-'));
  const ledger = join(folder, 'ledger');
  return { url, ledger, shell: shellIn(folder, { MILLRACE_DATABASE_URL: url, LEDGER: ledger }), local: shellIn(folder, { LEDGER: ledger }) };
}

async function until<T>(look: () => Promise<T>, isReached: (seen: T) => boolean): Promise<T> {
  for (const end = Date.now() + 40_000; ; ) {
    const seen = await look();
    if (isReached(seen)) return seen;
    if (Date.now() > end) throw new Error(`never reached; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const worked = (ledger: string): readonly string[] => readFileSync(ledger, 'utf8').trim().split('\n');

describe.skipIf(server === '')('the command line over a record in PostgreSQL', () => {
  it('runs, finds all of it again, and computes nothing twice', async () => {
    const { shell, ledger, url } = place();
    expect((await shell.millrace('runs')).err).toContain(`there are no runs in ${url.replace('millrace@', '')}`);
    expect(existsSync(join(shell.folder, '.millrace'))).toBe(false);
    expect((await shell.json<{ result: number }>('run', SHARED)).result).toBe(SUM);
    expect((await shell.json<{ result: number }>('run', SHARED)).result).toBe(SUM);
    expect(worked(ledger)).toHaveLength(60);
    expect(existsSync(join(shell.folder, '.millrace', 'millrace.db'))).toBe(false);
    const runs = await shell.json<{ counts: object }[]>('runs');
    expect(runs.map(({ counts }) => counts)).toEqual([{ cached: 61 }, { success: 61 }]);
    expect((await shell.millrace('logs', 'shared/latest')).err).toContain('has no log lines');
    expect((await shell.millrace('preview', SHARED)).out).toContain('sum#0 (complete)');
    expect((await shell.millrace('invalidate', SHARED, '-t', 'sum')).out).toContain('sum#0');
    expect((await shell.millrace('preview', SHARED)).out).toContain('sum#0 (pending');
    const status = await shell.json<object>('db', 'status');
    expect(status).toMatchObject({ kind: 'postgres', runs: 2, location: url.replace('millrace@', '') });
  });

  it('S24: four processes at once, in folders of their own, compute each key once', async () => {
    const { url, ledger } = place();
    const shells = Array.from({ length: 4 }, () => shellIn(mkdtempSync(join(root, 'machine-')), { MILLRACE_DATABASE_URL: url, LEDGER: ledger }));
    for (const { result } of await Promise.all(shells.map((shell) => shell.json<{ result: number }>('run', SHARED)))) expect(result).toBe(SUM);
    expect([worked(ledger).length, new Set(worked(ledger)).size]).toEqual([60, 60]);
  });

  it('S31: a run that was killed is crashed at the next look; what it had claimed, another computes', async () => {
    const { shell, ledger } = place();
    const victim = shell.start('run', SHARED);
    await victim.printed('works on 40');
    victim.child.kill('SIGKILL');
    await victim.ended;
    const crashed = await shell.json<RecordedRun>('inspect', 'shared/latest', '--all');
    expect(crashed.state).toBe('crashed');
    const recorded = crashed.taskRuns.filter(({ id, state }) => id.startsWith('work#0[') && state === 'success').length;
    const before = worked(ledger).length;
    expect((await shell.json<{ result: number }>('run', SHARED)).result).toBe(SUM);
    // What was recorded as done is not done again, all else is.
    expect(worked(ledger).length).toBe(before + 60 - recorded);
  });

  it('S31: process.exit in a task: its last words reach the server', async () => {
    const { shell } = place();
    const { code } = await shell.millrace('run', fixture('endings.ts'), 'exits', '--quiet');
    expect(code).toBe(1);
    const run = await shell.json<RecordedRun>('inspect', 'exits/latest');
    expect([run.state, run.error?.message]).toEqual(['crashed', expect.stringContaining('process.exit')]);
    expect(statesOf(run)).toEqual({ 'first#0': 'success', 'exit#0': 'crashed' });
  });

  it('S31: a run on another machine is alive while its thread sends heartbeats, and crashed when its lease has run out', async () => {
    const { shell, url, ledger } = place();
    const schema = new URL(url).searchParams.get('schema');
    // Who it connects as, the environment says: the thread is to know that too.
    const bare = new URL(url);
    const { username } = bare;
    bare.username = '';
    const there = shellIn(shell.folder, {
      MILLRACE_DATABASE_URL: bare.href,
      PGUSER: username,
      MILLRACE_LEASE_MS: '6000',
      LEDGER: ledger,
    });
    const victim = there.start('run', fixture('leases.ts'), 'waiting');
    await victim.printed('the body has begun');
    const lease = async (): Promise<number> => {
      const [row] = await onServer(server, `SELECT lease_until_here FROM ${schema}.run`);
      return (row?.lease_until_here as number | null) ?? 0;
    };
    const first = await until(lease, (at) => at > 0);
    await onServer(server, `UPDATE ${schema}.run SET owner = (owner::jsonb || '{"host":"elsewhere","bootId":"another"}')::text`);
    await until(lease, (at) => at > first);
    const state = async (): Promise<string | undefined> => (await there.json<readonly RecordedRun[]>('runs'))[0]?.state;
    expect(await state()).toBe('running');
    victim.child.kill('SIGKILL');
    expect(await until(state, (seen) => seen !== 'running')).toBe('crashed');
  });

  it('logs -f: lines as another process records them, to the end of the run', async () => {
    const { url } = place();
    const folder = mkdtempSync(join(root, 'logs-'));
    const release = join(folder, 'release');
    const { start } = shellIn(folder, { MILLRACE_DATABASE_URL: url, RELEASE: release });
    const run = start('run', fixture('logs.ts'), 'talks', '-q');
    await run.printed('it has begun');
    const follower = start('logs', 'talks/latest', '-f');
    await follower.printed('one');
    writeFileSync(release, '');
    const { code, out, err } = await follower.ended;
    const texts = out.trim().split('\n');
    expect(texts.map((line) => line.slice(line.indexOf(': ') + 2))).toEqual(['one', 'two', 'three', 'try 1', 'try 2', 'try 3']);
    expect([code, err]).toEqual([0, expect.stringMatching(/^run \S+ has ended: success\n$/)]);
    expect((await run.ended).code).toBe(0);
  });

  it('S30, S31: a run that was killed is resumed, and reported; what it had recorded is not done again', async () => {
    const { shell, ledger } = place();
    const victim = shell.start('run', SHARED);
    await victim.printed('works on 40');
    victim.child.kill('SIGKILL');
    await victim.ended;
    const crashed = await shell.json<RecordedRun>('inspect', 'shared/latest', '--all');
    const recorded = crashed.taskRuns.filter(({ id, state }) => id.startsWith('work#0[') && state === 'success').length;
    const before = worked(ledger).length;
    const { code, err } = await shell.millrace('resume', SHARED);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(worked(ledger).length).toBe(before + 60 - recorded);
    const resumed = await shell.json<RecordedRun & { readonly originRun: string }>('inspect', 'shared/latest');
    expect([resumed.state, resumed.originRun]).toEqual(['success', crashed.id]);
    expect((await shell.millrace('report', 'shared/latest', '-o', 'report.html')).code).toBe(0);
    expect(readFileSync(join(shell.folder, 'report.html'), 'utf8')).toContain(crashed.id);
  });

  it('MILLRACE_RETENTION and runs rm: runs go, and what others took from them stays', async () => {
    const { shell, url, ledger } = place();
    for (let n = 0; n < 3; n += 1) await shell.json('run', SHARED);
    const tidy = shellIn(shell.folder, { MILLRACE_DATABASE_URL: url, LEDGER: ledger, MILLRACE_RETENTION: 'keep=2' });
    await until(
      async () => await tidy.json<readonly RecordedRun[]>('runs'),
      (runs) => runs.length === 2,
    );
    const [, older] = await shell.json<readonly RecordedRun[]>('runs');
    const removal = await shell.json<{ readonly removed: readonly string[] }>('runs', 'rm', older?.id as string);
    expect(removal.removed).toEqual([older?.id]);
    expect((await shell.json<{ result: number }>('run', SHARED)).result).toBe(SUM);
    expect(worked(ledger)).toHaveLength(60);
  });

  it('db move: runs, their insides and what they computed are there as before', async () => {
    const { shell, local, ledger, url } = place();
    await local.millrace('run', SHARED);
    const [before, inside] = [await local.json<object[]>('runs'), await local.json<RecordedRun>('inspect', 'shared/latest', '--all')];
    const moved = await local.millrace('db', 'move', url);
    expect({ code: moved.code, err: moved.err }).toEqual({ code: 0, err: '' });
    expect(moved.out).toContain('moved 1 run');
    expect(moved.out).toContain('next: set MILLRACE_DATABASE_URL');
    expect(await shell.json<object[]>('runs')).toEqual(before);
    expect(await shell.json<RecordedRun>('inspect', 'shared/latest', '--all')).toEqual(inside);
    expect((await shell.json<{ result: number }>('run', SHARED)).result).toBe(SUM);
    expect(worked(ledger)).toHaveLength(60);
    const again = await shell.millrace('db', 'move');
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('RECORD_NOT_EMPTY')]);
  });

  it('the password of the address is told to nobody', async () => {
    const { shell } = place();
    const url = 'postgres://someone:geheim-42@127.0.0.1:1/runs';
    const broken = shellIn(shell.folder, { MILLRACE_DATABASE_URL: url });
    for (const args of [['runs'], ['run', SHARED, '--debug'], ['db', 'status'], ['db', 'move', url]]) {
      const { code, out, err } = await broken.millrace(...args);
      expect(code).toBe(1);
      expect(out + err).not.toContain('geheim');
    }
    expect((await broken.millrace('runs')).err).toContain('RECORD_UNREACHABLE');
  });
});
