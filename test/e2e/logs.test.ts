import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, shellIn } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-logs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function project() {
  const folder = mkdtempSync(join(root, 'project-'));
  const release = join(folder, 'release');
  return { ...shellIn(folder, { RELEASE: release }), release: () => writeFileSync(release, '') };
}

const textsOf = (out: string): readonly string[] =>
  out
    .trim()
    .split('\n')
    .map((line) => line.slice(line.indexOf(': ') + 2));

describe('millrace logs -f', () => {
  it('shows the lines of a run as another process records them, and ends with it', async () => {
    const { start, release } = project();
    const run = start('run', fixture('logs.ts'), 'talks', '-q');
    await run.printed('it has begun');
    const follower = start('logs', 'talks/latest', '-f');
    await follower.printed('one');
    release();
    const { code, out, err } = await follower.ended;
    expect(textsOf(out)).toEqual(['one', 'two', 'three', 'try 1', 'try 2', 'try 3']);
    expect([code, err]).toEqual([0, expect.stringMatching(/^run \S+ has ended: success\n$/)]);
    expect((await run.ended).code).toBe(0);
  });

  it('of a task that has not begun: waits for it', async () => {
    const { start, release } = project();
    const run = start('run', fixture('logs.ts'), 'talks', '-q');
    await run.printed('it has begun');
    const follower = start('logs', 'talks/latest/flaky', '-f', '--attempt', '3');
    const misspelt = start('logs', 'talks/latest/flakey', '-f');
    release();
    const { code, out } = await follower.ended;
    expect([code, textsOf(out)]).toEqual([0, ['try 3']]);
    expect(await misspelt.ended).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/TASK_RUN_UNKNOWN[\s\S]*did you mean \S+\/flaky/) });
    await run.ended;
  });

  it('of a run that is killed: ends', async () => {
    const { start } = project();
    const run = start('run', fixture('logs.ts'), 'talks', '-q');
    await run.printed('it has begun');
    const follower = start('logs', 'talks/latest', '-f');
    await follower.printed('one');
    run.child.kill('SIGKILL');
    const { code, err } = await follower.ended;
    expect([code, err]).toEqual([0, expect.stringMatching(/has ended: crashed\n$/)]);
  });

  it('ends at Ctrl-C with 130, and says nothing', async () => {
    const { start, release } = project();
    const run = start('run', fixture('logs.ts'), 'talks', '-q');
    await run.printed('it has begun');
    const follower = start('logs', 'talks/latest', '--follow', '--tail', '1');
    await follower.printed('one');
    follower.child.kill('SIGINT');
    const { code, out, err } = await follower.ended;
    expect([code, textsOf(out), err]).toEqual([130, ['one'], '']);
    release();
    await run.ended;
  });

  it('shows what a body prints that never gives way', async () => {
    const { start, release } = project();
    const run = start('run', fixture('logs.ts'), 'busy', '-q');
    await run.printed('it has begun');
    const follower = start('logs', 'busy/latest', '-f');
    // The body ends only when that was seen.
    await follower.printed('tick 1');
    release();
    expect((await run.ended).code).toBe(0);
    expect((await follower.ended).code).toBe(0);
  });
});

describe('what a loop prints', () => {
  it('all comes through a pipe whose reader is slow, event by event', async () => {
    const { start } = project();
    const run = start('run', fixture('logs.ts'), 'loop');
    // Until the pipe has been full for longer than the command lingers when it is done.
    await run.printed('line 10');
    run.child.stdout?.pause();
    const timer = setTimeout(() => run.child.stdout?.resume(), 2_500);
    const { code, out } = await run.ended;
    clearTimeout(timer);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string; readonly msg: string });
    const texts = events.filter(({ type }) => type === 'log').map(({ msg }) => msg);
    expect([code, texts.length, texts.at(-1), events.at(-1)?.type]).toEqual([0, 20_000, 'warning 19999', 'run-state']);
  });
});

describe('millrace logs', () => {
  const { start, millrace, release } = project();
  const logs = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { code, out } = await millrace('logs', ...args);
    expect(code).toBe(0);
    return out === '' ? [] : textsOf(out);
  };

  beforeAll(async () => {
    release();
    for (const flow of ['talks', 'loop']) expect((await start('run', fixture('logs.ts'), flow, '-q').ended).code).toBe(0);
  });

  it('of one attempt: by option or path; lines of later attempts say so', async () => {
    expect(await logs('talks/latest/flaky', '--attempt', '2')).toEqual(['try 2']);
    expect(await logs('talks/latest/flaky#0/3')).toEqual(['try 3']);
    expect(await logs('talks/latest/flaky/1')).toEqual(['try 1']);
    expect((await millrace('logs', 'talks/latest/flaky')).out).toContain("Task 'flaky#0', attempt 3: try 3");
  });

  it('an attempt or a task that is not there is no success', async () => {
    expect(await millrace('logs', 'talks/latest/flaky/4')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/ATTEMPT_UNKNOWN.*has no attempt 4\nhint: it was tried 3 times/),
    });
    expect(await millrace('logs', 'talks/latest/flaki', '-f')).toMatchObject({ code: 1, err: expect.stringMatching(/did you mean \S+\/flaky/) });
    expect(await millrace('logs', 'talk/latest')).toMatchObject({ code: 1, err: expect.stringContaining('did you mean talks/latest') });
  });

  it('the first, the last, those of a level, those since then', async () => {
    expect(await logs('talks/latest', '--limit', '2')).toEqual(['one', 'two']);
    expect(await logs('talks/latest', '--tail', '2')).toEqual(['try 2', 'try 3']);
    expect(await logs('talks/latest', '--tail', '2', '-f')).toEqual(['try 2', 'try 3']);
    expect(await logs('talks/latest', '--level', 'warn')).toEqual(['three']);
    expect(await logs('talks/latest', '--since', '1h')).toHaveLength(6);
    expect(await logs('talks/latest', '--since', '2999-01-01')).toEqual([]);
    const rows = (await millrace('logs', 'talks/latest', '--json')).out.trim().split('\n');
    const lines = rows.map((row) => JSON.parse(row) as { readonly time: string; readonly text: string });
    const since = lines[2]?.time as string;
    // On a fast machine several lines are of one millisecond.
    expect(await logs('talks/latest', '--since', since)).toEqual(lines.filter(({ time }) => time >= since).map(({ text }) => text));
  });

  it('is refused what contradicts itself', async () => {
    for (const args of [
      ['--tail', '1', '--limit', '1'],
      ['--since', 'soon'],
      ['--since', 'Nov 20'],
      ['--attempt', 'x'],
      ['--attempt', '0'],
      ['-f', '--limit', '3'],
    ])
      expect((await millrace('logs', 'talks/latest', ...args)).code, args.join(' ')).toBe(2);
  });

  it('has every line that a loop printed, in order', async () => {
    const all = await logs('loop/latest');
    const expected = Array.from({ length: 20_000 }, (_, n) => (n % 1_000 === 999 ? `warning ${n}` : `line ${n}`));
    expect(all).toEqual(expected);
    expect(await logs('loop/latest/lines', '--level', 'warn', '--tail', '2')).toEqual(['warning 18999', 'warning 19999']);
    expect(await logs('loop/latest', '--tail', '3')).toEqual(expected.slice(-3));
  });
});
