import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fixture, type RecordedRun, type Shell, shellIn, spawnNode, statesOf } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-script-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SCRIPT = fixture('script.mjs');
const folder = (): string => mkdtempSync(join(root, 'folder-'));
const latest = async ({ json }: Shell): Promise<RecordedRun> => await json('inspect', 'script/latest');

describe.concurrent('a program that uses the library by itself', () => {
  it('what tasks print reaches its own output, once; it goes on, and ends by itself with 0', async () => {
    const cwd = folder();
    const { code, out, err } = await spawnNode([SCRIPT], { cwd }).ended;
    expect({ code, out, err }).toEqual({ code: 0, out: 'the first task prints\nthe result is 2\nthe program goes on\n', err: 'and warns\n' });
    expect(statesOf(await latest(shellIn(cwd)))).toEqual({ 'first#0': 'success', 'second#0': 'success' });
  });

  it('a failed run that nobody catches: Node says so with the cause, its place and code 1; the record has it', async () => {
    const cwd = folder();
    const { code, err } = await spawnNode([SCRIPT, 'throw'], { cwd }).ended;
    expect(code).toBe(1);
    expect(err).toMatch(/FlowRunError: run \S+ of flow 'script' failed: 1 task failed\n {2}- task 'second#0' failed: boom\b/);
    expect(err).toMatch(/TypeError: boom\n\s+at \S+.*script\.mjs:\d+:\d+/);
    // The first frame that is printed is one of theirs.
    expect(err.match(/^\s+at .*$/m)?.[0]).toContain('script.mjs');
    // Said once, not again for each list it is in.
    expect(err.match(/TypeError: boom/g)).toHaveLength(1);
    expect(statesOf(await latest(shellIn(cwd)))).toEqual({ 'first#0': 'success', 'second#0': 'failed' });
  });

  it('an error thrown through our code that nobody catches: the message and their own line, and no line of minified code', async () => {
    const { code, err } = await spawnNode([SCRIPT, 'wrong'], { cwd: folder() }).ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^\s*MillraceError: expected task\(fn, options\) with a function; got number\n(?: {4}at .*\n)?\s+at \S+script\.mjs:5:\d+\n/);
    expect(Math.max(...err.split('\n').map((line) => line.length))).toBeLessThan(300);
  });

  it('process.exit(0) in a task does not look like success', async () => {
    const cwd = folder();
    const { code, out, err } = await spawnNode([SCRIPT, 'exit'], { cwd }).ended;
    expect({ code, out }).toEqual({ code: 1, out: 'the first task prints\n' });
    expect(err).toContain("crashed: task 'second#0' called process.exit(0) before the run had ended");
    expect(statesOf(await latest(shellIn(cwd)))).toEqual({ 'first#0': 'success', 'second#0': 'crashed' });
  });

  it('a promise that never settles: an error, not a silent end', async () => {
    const cwd = folder();
    const { code, err } = await spawnNode([SCRIPT, 'stuck'], { cwd }).ended;
    expect(code).toBe(1);
    expect(err).toContain("task 'second#0' waits for a promise that nothing can settle any more: the event loop is empty");
    expect((await latest(shellIn(cwd))).state).toBe('failed');
  });

  it('which the program may catch, and go on', async () => {
    const { code, out } = await spawnNode([SCRIPT, 'catch-stuck'], { cwd: folder() }).ended;
    expect({ code, out }).toEqual({
      code: 0,
      out: "run of flow 'stuck' failed: the body of flow 'stuck' waits for a promise that nothing can settle any more: the event loop is empty\nthe program goes on\n",
    });
  });

  it('Ctrl-C: the run is cancelled and recorded, the exit code is 130', async () => {
    const cwd = folder();
    const program = spawnNode([SCRIPT, 'wait'], { cwd });
    await program.printed('the second task waits');
    program.child.kill('SIGINT');
    const { code, out } = await program.ended;
    expect({ code, out }).toEqual({ code: 130, out: 'the first task prints\nthe second task waits\n' });
    const run = await latest(shellIn(cwd));
    expect([run.state, statesOf(run)]).toEqual(['cancelled', { 'first#0': 'success', 'second#0': 'cancelled' }]);
  });

  it('Ctrl-C: what the program does in `finally` is done before it ends, with 130 and no stack trace', async () => {
    const cwd = folder();
    const program = spawnNode([SCRIPT, 'closes'], { cwd });
    await program.printed('the second task waits');
    program.child.kill('SIGINT');
    const { code, out, err } = await program.ended;
    expect({ code, err }).toEqual({ code: 130, err: 'and warns\n' });
    expect(out).toContain('the program has closed what it opened\n');
    expect((await latest(shellIn(cwd))).state).toBe('cancelled');
  });

  it('Ctrl-C, and again in a program that stays: it ends at once, with 130', async () => {
    const program = spawnNode([SCRIPT, 'lingers'], { cwd: folder() });
    await program.printed('the second task waits');
    program.child.kill('SIGINT');
    await program.printed('the program saw RUN_CANCELLED and stays');
    program.child.kill('SIGINT');
    expect((await program.ended).code).toBe(130);
  });

  it('MILLRACE_HOME=:memory: leaves nothing on disk', async () => {
    const cwd = folder();
    const { code } = await spawnNode([SCRIPT], { cwd, env: { MILLRACE_HOME: ':memory:' } }).ended;
    expect([code, readdirSync(cwd)]).toEqual([0, []]);
  });
});
