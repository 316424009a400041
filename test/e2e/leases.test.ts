import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { fixture, type RecordedRun, type Spawned, shellIn, spawnNode, statesOf } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-leases-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Does not run out by itself, however busy the machine is: tests let it lapse. */
const LONG_MS = 600_000;
/** Runs out while a test waits for it. */
const SHORT_MS = 1_500;
/** Of an owner that is to be seen keeping it up. */
const KEPT_MS = 6_000;
/** What the body of a task says, and nobody else. */
const BEGUN = 'the body has begun';

interface Row {
  readonly id: string;
  readonly state: string;
  readonly epoch: number;
  readonly lease_until: number | null;
  readonly lease_until_here: number | null;
}

const started = new Set<Spawned>();
// What a test that failed has left waiting, or stopped.
afterEach(() => {
  for (const { child } of started) child.kill('SIGKILL');
  started.clear();
});

/** A project of its own. */
function project({ leaseMs = LONG_MS } = {}) {
  const folder = mkdtempSync(join(root, 'project-'));
  const shell = shellIn(folder, { MILLRACE_LEASE_MS: String(leaseMs) });
  const withDatabase = <T>(use: (database: InstanceType<typeof Database>) => T): T => {
    const database = new Database(join(folder, '.millrace', 'millrace.db'), { timeout: 5_000 });
    try {
      return use(database);
    } finally {
      database.close();
    }
  };
  const row = (): Row =>
    withDatabase((database) => {
      const found = database.prepare('SELECT id, state, epoch, lease_until, lease_until_here FROM run').get() as Row;
      const { id, state, epoch, lease_until, lease_until_here } = found;
      return { id, state, epoch, lease_until, lease_until_here };
    });
  return {
    ...shell,
    run(flow: string): Spawned {
      const spawned = shell.start('run', fixture('leases.ts'), flow);
      started.add(spawned);
      return spawned;
    },
    /** Makes a file that a body waits for. */
    make: (name: 'block' | 'release') => writeFileSync(join(folder, '.millrace', name), ''),
    row,
    count: () => withDatabase((database) => (database.prepare('SELECT count(*) AS runs FROM run').get() as { runs: number }).runs),
    setOwner: (change: Record<string, unknown>) =>
      withDatabase((database) => {
        const { id, owner } = database.prepare('SELECT id, owner FROM run').get() as { id: string; owner: string };
        database.prepare('UPDATE run SET owner = ? WHERE id = ?').run(JSON.stringify({ ...JSON.parse(owner), ...change }), id);
      }),
    /** The lease of the first run has run out. */
    lapse: () => withDatabase((database) => void database.prepare('UPDATE run SET lease_until = 1, lease_until_here = 1 WHERE number = 1').run()),
    state: async (): Promise<string> => (await shell.json<readonly RecordedRun[]>('runs'))[0]?.state ?? 'none',
    /** It has sent a heartbeat. */
    heartbeat: async (): Promise<Row> => await until(row, ({ lease_until_here }) => lease_until_here !== null),
    /** It sends another one. */
    async nextHeartbeat(): Promise<void> {
      const last = row();
      await until(row, ({ lease_until_here }) => (lease_until_here ?? 0) > (last.lease_until_here ?? 0));
    },
  };
}

async function until<T>(look: () => T | Promise<T>, isReached: (seen: T) => boolean): Promise<T> {
  for (const end = Date.now() + 40_000; ; ) {
    const seen = await look();
    if (isReached(seen)) return seen;
    if (Date.now() > end) throw new Error(`never reached; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('S31: a run whose owner is gone or silent', () => {
  it('is shown as crashed by the first look after a kill, and by every other', async () => {
    const { run, row, json, millrace, heartbeat } = project();
    const victim = run('waiting');
    await victim.printed(BEGUN);
    await heartbeat();
    const { id } = row();
    victim.child.kill('SIGKILL');
    await victim.ended;
    const listed = await json<readonly RecordedRun[]>('runs');
    expect(listed[0]).toMatchObject({ id, state: 'crashed', error: { code: 'RUN_CRASHED', message: expect.stringContaining('is gone') } });
    const inspected = await json<RecordedRun>('inspect', id);
    expect([inspected.state, statesOf(inspected)]).toEqual(['crashed', { 'waits#0': 'crashed' }]);
    expect((await millrace('inspect', 'waiting/latest')).out).toContain('crashed');
  });

  it('what it had claimed is free at once for another run, without a look at the runs', async () => {
    const { run, make } = project();
    const victim = run('waiting');
    await victim.printed(BEGUN);
    victim.child.kill('SIGKILL');
    await victim.ended;
    const other = run('waiting');
    await other.printed(BEGUN);
    make('release');
    expect((await other.ended).code).toBe(0);
  });

  it('stopped past its lease: taken from it; let go on, it notices, and starts nothing more', async () => {
    const { run, row, state, make, heartbeat, nextHeartbeat } = project({ leaseMs: SHORT_MS });
    const owner = run('waiting');
    await owner.printed(BEGUN);
    await heartbeat();
    await nextHeartbeat();
    owner.child.kill('SIGSTOP');
    await until(state, (seen) => seen === 'crashed');
    const taken = row();
    expect(taken.epoch).toBe(2);
    owner.child.kill('SIGCONT');
    await owner.printed('was taken from this process');
    make('release');
    const { code, out, err } = await owner.ended;
    expect([code, out + err]).toEqual([1, expect.stringContaining('OWNER_FENCED')]);
    expect(err).not.toContain('a task after it');
    expect(row()).toEqual(taken);
  });

  it('stopped past its lease: taken from it; what it comes to before it notices counts for nothing', async () => {
    const { run, row, state, json, make, heartbeat, lapse, millrace } = project();
    const owner = run('waiting');
    await owner.printed(BEGUN);
    await heartbeat();
    const { id } = row();
    owner.child.kill('SIGSTOP');
    lapse();
    expect(await state()).toBe('crashed');
    const taken = row();
    make('release');
    owner.child.kill('SIGCONT');
    const { code, out, err } = await owner.ended;
    expect([code, out + err]).toEqual([1, expect.stringContaining('OWNER_FENCED')]);
    expect(row()).toEqual(taken);
    const inspected = await json<RecordedRun>('inspect', id);
    expect(statesOf(inspected)).toEqual({ 'waits#0': 'crashed' });
    expect(inspected.error?.message).toContain('gives no sign of life');
    expect((await millrace('logs', id)).out).not.toContain('a late line');
    // Its late result answers no call.
    const next = run('waiting');
    await next.printed(BEGUN);
    expect((await next.ended).code).toBe(0);
  });

  it('S24: stopped with a key that another waits for: that one computes it, and nothing late of the first counts', async () => {
    const { run, make, heartbeat, lapse, count, json } = project();
    const owner = run('waiting');
    await owner.printed(BEGUN);
    await heartbeat();
    const other = run('waiting');
    await until(count, (runs) => runs === 2);
    owner.child.kill('SIGSTOP');
    lapse();
    await other.printed(BEGUN);
    make('release');
    expect((await other.ended).code).toBe(0);
    owner.child.kill('SIGCONT');
    // Nobody has taken the run itself from it.
    expect((await owner.ended).code).toBe(0);
    const [second] = await json<readonly RecordedRun[]>('runs');
    const third = await run('waiting').ended;
    expect({ code: third.code, isComputed: third.err.includes(BEGUN) }).toEqual({ code: 0, isComputed: false });
    const { taskRuns } = await json<{ readonly taskRuns: readonly { readonly id: string; readonly origin?: { readonly run: string } }[] }>(
      'inspect',
      'waiting/latest',
    );
    expect(taskRuns.find(({ id }) => id === 'waits#0')?.origin?.run).toBe(second?.id);
  });

  it('stopped for less than its lease, it goes on as if nothing had been', async () => {
    const { run, make, heartbeat, state } = project();
    const owner = run('waiting');
    await owner.printed(BEGUN);
    await heartbeat();
    owner.child.kill('SIGSTOP');
    expect(await state()).toBe('running');
    owner.child.kill('SIGCONT');
    make('release');
    expect((await owner.ended).code).toBe(0);
    expect(await state()).toBe('success');
  });

  it('stopped past its lease with nobody looking, it goes on too', async () => {
    const { run, row, make, heartbeat, nextHeartbeat, state } = project({ leaseMs: SHORT_MS });
    const owner = run('waiting');
    await owner.printed(BEGUN);
    await heartbeat();
    await nextHeartbeat();
    owner.child.kill('SIGSTOP');
    const stopped = row();
    await until(
      () => Date.now(),
      (now) => now > (stopped.lease_until ?? 0) + 100,
    );
    expect(row()).toEqual(stopped);
    owner.child.kill('SIGCONT');
    await nextHeartbeat();
    make('release');
    expect((await owner.ended).code).toBe(0);
    expect(await state()).toBe('success');
  });

  it('of another machine: alive until its lease ends', async () => {
    const { run, state, setOwner, heartbeat, lapse } = project();
    const owner = run('waiting');
    await owner.printed(BEGUN);
    await heartbeat();
    setOwner({ host: 'another-host', bootId: 'another-boot' });
    owner.child.kill('SIGKILL');
    await owner.ended;
    expect(await state()).toBe('running');
    lapse();
    expect(await state()).toBe('crashed');
  });

  it('a long synchronous body does not look dead, from here or from elsewhere', async () => {
    const { run, row, make, heartbeat, json, setOwner } = project({ leaseMs: KEPT_MS });
    const owner = run('blocking');
    await owner.printed(BEGUN);
    const first = await heartbeat();
    make('block');
    await owner.printed('the body blocks');
    const seen = new Set<string>();
    const look = async (): Promise<void> => void seen.add((await json<readonly RecordedRun[]>('runs'))[0]?.state ?? 'none');
    await look();
    setOwner({ host: 'another-host', bootId: 'another-boot' });
    await until(
      async () => {
        await look();
        return row().lease_until ?? 0;
      },
      (leaseUntil) => leaseUntil > (first.lease_until ?? 0) + KEPT_MS,
    );
    expect([...seen]).toEqual(['running']);
    make('release');
    expect((await owner.ended).code).toBe(0);
  });

  it('a pid that another process has by now does not keep it alive', async () => {
    const { run, setOwner, state } = project();
    const owner = run('waiting');
    await owner.printed(BEGUN);
    owner.child.kill('SIGKILL');
    await owner.ended;
    setOwner({ pid: process.pid });
    expect(await state()).toBe('crashed');
  });

  it('the thread keeps no process alive', async () => {
    const { folder } = project();
    const env = { MILLRACE_LEASE_MS: String(SHORT_MS) };
    const { code, out } = await spawnNode([fixture('leases-script.mjs')], { cwd: folder, env }).ended;
    expect([code, JSON.parse(out)]).toEqual([0, { beats: true, holding: [] }]);
  });

  it('a short run starts no thread', async () => {
    const { run, row } = project();
    expect((await run('short').ended).code).toBe(0);
    expect(row()).toMatchObject({ state: 'success', lease_until_here: null });
  });
});
