import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixture, type Shell, shellIn } from './spawned.js';

const file = fixture('nightly.ts');
const RANGE = ['backfill', file, '--schedule', '1', '--from', '2026-01-01T00:00Z', '--to', '2026-01-08T00:00Z'] as const;
const DAYS = [1, 2, 3, 4, 5, 6, 7, 8].map((day) => `2026-01-0${day}`);
const ALL = DAYS.flatMap((day) => [`load ${day}`, `clean ${day}`, `store ${day}`]).sort();

interface Document {
  readonly backfill: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly runs: readonly { readonly run: string; readonly instant: string; readonly state: string; readonly resumes?: string }[];
}

describe('millrace backfill', () => {
  let folder: string;
  let ledger: string;
  let shell: Shell;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-backfill-'));
    ledger = join(folder, 'ledger');
    shell = shellIn(folder, { LEDGER: ledger });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const executed = (): readonly string[] => (existsSync(ledger) ? readFileSync(ledger, 'utf8').split('\n').filter(Boolean) : []);

  it('S36: runs what is missing, lists it, and says what a second one would do', async () => {
    const { out } = await shell.millrace(...RANGE, '--dry-run');
    expect(out).toContain('would run 8 instants');
    const done = await shell.json<Document>(...RANGE, '--max-active', '3', '-p', 'ms=1');
    expect(done).toMatchObject({ state: 'done', params: { ms: '1' }, counts: { total: 8, success: 8 } });
    expect([...executed()].sort()).toEqual(ALL);
    const { result } = await shell.json<{ result: unknown }>('inspect', done.runs[0]?.run as string);
    expect(result).toBeDefined();
    expect((await shell.millrace(...RANGE)).code).toBe(0);
    expect(executed()).toHaveLength(ALL.length);
    const list = await shell.json<readonly Document[]>('backfill', 'list', 'nightly');
    expect(list.map(({ state, counts }) => [state, counts.total])).toEqual([
      ['done', 0],
      ['done', 8],
    ]);
    expect((await shell.millrace('backfill', 'show', done.backfill)).out).toMatch(/runs +8 done/);
  });

  it('O3, S36: killed with kill -9 again and again, the same command goes on, and nothing that was finished is done twice', async () => {
    for (const kills of [2, 7, 12]) {
      const going = shell.start(...RANGE, '--max-active', '2', '-p', 'ms=60');
      while (executed().length < kills) await new Promise((resolve) => setTimeout(resolve, 5));
      going.child.kill('SIGKILL');
      await going.ended;
    }
    const recorded = await shell.json<readonly { readonly id: string; readonly state: string }[]>('runs', '--limit', '50');
    // Whether one had come to its end in between depends on how fast this machine is.
    expect(recorded.filter(({ state }) => state !== 'success').map(({ state }) => state)).toEqual(expect.arrayContaining(['crashed']));
    expect(recorded.filter(({ state }) => !['success', 'crashed'].includes(state))).toEqual([]);
    const done = await shell.json<Document>(...RANGE, '--max-active', '2', '-p', 'ms=60');
    expect(done).toMatchObject({ state: 'done', counts: { total: 8, success: 8, stopped: 0 } });
    expect(done.runs.some(({ resumes }) => resumes !== undefined)).toBe(true);
    // What was killed before it was recorded may be done again (S19): of each run that went on, at most a task that had ended and the next one.
    const counts = new Map<string, number>();
    for (const line of executed()) counts.set(line, (counts.get(line) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(ALL);
    expect(executed().length - ALL.length).toBeLessThanOrEqual(3 * 2 * 2);
    const list = await shell.json<readonly Document[]>('backfill', 'list');
    expect(list).toHaveLength(1);
  });

  it('S17: what is not given comes from the environment, when each run starts; it is not kept with the backfill', async () => {
    const { code } = await shellIn(folder, { LEDGER: ledger, MILLRACE_PARAM_MS: '3' }).millrace(...RANGE);
    expect(code).toBe(0);
    const runs = await shell.json<readonly { readonly params: object }[]>('runs', '--flow', 'nightly');
    expect(runs.map(({ params }) => params)).toEqual(DAYS.map(() => ({ ms: '3' })));
    expect(await shell.json('backfill', 'list')).toMatchObject([{ params: {} }]);
  });

  it('S15, S36: Ctrl-C ends what runs and pauses it; resume goes on by its id alone', async () => {
    const going = shell.start(...RANGE, '-p', 'ms=80');
    while (executed().length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    going.child.kill('SIGINT');
    const { code, out } = await going.ended;
    expect(code).toBe(130);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; state?: string; backfill?: string });
    expect(lines.at(-1)).toMatchObject({ type: 'end', state: 'paused', counts: { stopped: 1 } });
    const id = lines[0]?.backfill as string;
    const before = executed();
    const done = await shell.json<Document>('backfill', 'resume', id);
    expect(done).toMatchObject({ state: 'done', counts: { success: 8, stopped: 0 } });
    expect(done.runs[0]?.resumes).toBeDefined();
    expect([...executed()].sort()).toEqual(ALL);
    expect(before.length).toBeGreaterThan(3);
  });

  it('S32: what failed is the exit code, and is run again when that is asked for', async () => {
    const broken = shellIn(folder, { LEDGER: ledger, BROKEN: join(folder, 'healed') });
    const range = ['backfill', file, 'nightly', '--schedule', '1', '--from', '2026-01-01T00:00Z', '--to', '2026-01-02T00:00Z'] as const;
    const failed = await broken.start(...range, '--json').ended;
    expect([failed.code, (JSON.parse(failed.out) as Document).counts]).toEqual([1, expect.objectContaining({ failed: 2 })]);
    const { backfill } = JSON.parse(failed.out) as Document;
    const done = await shell.json<Document>('backfill', 'resume', backfill, '--failed');
    expect(done.counts).toMatchObject({ total: 2, success: 2, failed: 0 });
    // Resumed: what had been finished was taken over.
    expect(executed().filter((line) => line.startsWith('load'))).toHaveLength(2);
  });

  it('S32: wrong use is told with a hint', async () => {
    const without = await shell.millrace('backfill', file);
    expect([without.code, without.err]).toEqual([2, expect.stringContaining('expected --from <time>')]);
    const which = await shell.millrace('backfill', file, '--from', '2026-01-01');
    expect([which.code, which.err]).toEqual([2, expect.stringContaining('2: cron')]);
    await shell.json(...RANGE, '-p', 'ms=1');
    const unknown = await shell.millrace('backfill', 'show', 'backfill-1');
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('BACKFILL_UNKNOWN')]);
    const [{ backfill } = { backfill: '' }] = await shell.json<readonly Document[]>('backfill', 'list');
    expect((await shell.millrace('backfill', 'cancel', backfill)).err).toContain('BACKFILL_ENDED');
  });
});
