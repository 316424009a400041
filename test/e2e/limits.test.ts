import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { freshSchema } from '../postgres/fresh-schema.js';
import { fixture, type RecordedRun, type Spawned, shellIn } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-limits-'));
const started = new Set<Spawned>();
// What a test that failed has left waiting.
afterEach(() => {
  for (const { child } of started) child.kill('SIGKILL');
  started.clear();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const server = process.env.MILLRACE_TEST_POSTGRES_URL;
/** Does not run out by itself, however busy the machine is: a test lets it lapse. */
const LEASE_MS = 600_000;
/** What the body of `holds` says. */
const BEGUN = 'the body has begun';

interface Listed {
  readonly name: string;
  readonly max: number;
  readonly used: number;
  readonly holders: readonly { readonly run: string; readonly taskRuns: readonly string[] }[];
  readonly waiting: readonly { readonly run: string; readonly count: number; readonly priority: number }[];
}

/** A project of its own, in which all processes write one ledger. */
function project(database?: string) {
  const folder = mkdtempSync(join(root, 'project-'));
  const ledger = join(folder, 'ledger');
  const shell = shellIn(folder, { LEDGER: ledger, MILLRACE_LEASE_MS: String(LEASE_MS), MILLRACE_DATABASE_URL: database });
  const limits = (): Promise<readonly Listed[]> => shell.json<readonly Listed[]>('limits');
  return {
    ...shell,
    run(flow: string, ...args: readonly string[]): Spawned {
      const spawned = shell.start('run', fixture('limits.ts'), flow, ...args);
      started.add(spawned);
      return spawned;
    },
    /** The lease of the first run has run out. */
    lapse(): void {
      const record = new Database(join(folder, '.millrace', 'millrace.db'), { timeout: 5_000 });
      record.prepare('UPDATE run SET lease_until = 1, lease_until_here = 1 WHERE number = 1').run();
      record.close();
    },
    release: () => writeFileSync(`${ledger}.release`, ''),
    entries: () =>
      readFileSync(ledger, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' ') as [what: '+' | '-', of: string, at: string]),
    limits,
    /** So many runs wait. */
    async waiters(count: number): Promise<void> {
      for (const end = Date.now() + 40_000; Date.now() < end; ) if ((await limits())[0]?.waiting.length === count) return;
      throw new Error(`there were never ${count} runs that waited`);
    },
  };
}

const records = [{ kind: 'sqlite', url: () => ({ url: undefined, drop: async () => {} }) }];
if (server !== undefined) records.push({ kind: 'postgres', url: () => freshSchema(server, `limits_e2e_${process.pid}`) as never });

describe.each(records)('named limits of several processes over $kind', ({ url }) => {
  it('S14: four at once never have more than the limit allows', async () => {
    const { url: database, drop } = url();
    const { run, entries } = project(database);
    const ended = await Promise.all([1, 2, 3, 4].map(() => run('crowd').ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    let [now, most, starts] = [0, 0, 0];
    for (const [what] of entries()) {
      now += what === '+' ? 1 : -1;
      starts += what === '+' ? 1 : 0;
      most = Math.max(most, now);
    }
    expect([most, starts]).toEqual([2, 48]);
    await drop();
  });
});

describe('named limits of several processes', () => {
  it('S14: no more starts of a rate in any stretch than it allows', async () => {
    const { run, entries, json } = project();
    const ended = await Promise.all([1, 2, 3].map(() => run('callers').ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    const began = Math.floor(Math.min(...(await json<readonly { createdAt: number }[]>('runs')).map(({ createdAt }) => createdAt)));
    const starts = entries()
      .map(([, , at]) => Number(at))
      .sort((a, b) => a - b);
    expect(starts).toHaveLength(18);
    // The ledger's clock is read after the start, a long moment on a busy machine: what was started before any run is all that is sure of it.
    for (const [at, start] of starts.entries()) expect(start - began).toBeGreaterThanOrEqual(400 * Math.floor(at / 5));
  });

  it('S31: what a killed process had is free at once', async () => {
    const { run, limits } = project();
    const victim = run('holding');
    await victim.printed(BEGUN);
    const other = run('holding');
    const waits = other.printed(BEGUN);
    victim.child.kill('SIGKILL');
    await victim.ended;
    await waits;
    const [listed] = await limits();
    expect(listed).toMatchObject({ name: 'one', max: 1, used: 1, holders: [{ taskRuns: ['holds#0'] }], waiting: [] });
  });

  it('S31: a process that is stopped past its lease gives its units back; let go on, it takes none', async () => {
    const { run, json, lapse, release, limits } = project();
    const stopped = run('holding');
    await stopped.printed(BEGUN);
    const other = run('holding');
    stopped.child.kill('SIGSTOP');
    lapse();
    await other.printed(BEGUN);
    const runs = await json<readonly RecordedRun[]>('runs');
    expect(runs.map(({ state }) => state).sort()).toEqual(['crashed', 'running']);
    stopped.child.kill('SIGCONT');
    const [listed] = await limits();
    expect(listed).toMatchObject({ used: 1, holders: [{ run: runs.find(({ state }) => state === 'running')?.id }] });
    release();
    expect((await other.ended).code).toBe(0);
    const { code, out, err } = await stopped.ended;
    expect([code, (out + err).includes('OWNER_FENCED')]).toEqual([1, true]);
  });

  it('S14: of those that wait in several processes, the highest priority goes first, then who came first', async () => {
    const { run, release, entries, waiters, limits, millrace } = project();
    const holder = run('holding');
    await holder.printed(BEGUN);
    const first = run('waiting', '-p', 'label=first');
    await waiters(1);
    const second = run('waiting', '-p', 'label=second');
    await waiters(2);
    const important = run('waiting', '-p', 'label=important', '-p', 'important=true');
    await waiters(3);
    const [listed] = await limits();
    expect(listed?.waiting.map(({ count, priority }) => [count, priority])).toEqual([
      [1, 5],
      [1, 0],
      [1, 0],
    ]);
    const { out } = await millrace('limits');
    expect(out).toMatch(/one\s+1 at once\s+1\s+\S+\s+holds#0\n.*1 waiting for .*, priority 5/);
    release();
    const ended = await Promise.all([holder, first, second, important].map((each) => each.ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(entries().map(([, of]) => of)).toEqual(['important', 'first', 'second']);
    const after = await millrace('limits');
    expect([after.code, after.err]).toEqual([1, expect.stringContaining('no named limit is in use')]);
  });
});
