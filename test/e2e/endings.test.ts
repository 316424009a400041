import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CLI, fixture, type RecordedRun, type Shell, shellIn, statesOf } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-endings-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FILE = fixture('endings.ts');
/** A project for each test: they run side by side, and 'latest' is theirs. */
const shell = (): Shell => shellIn(mkdtempSync(join(root, 'project-')));
const latest = async ({ json }: Shell, flow: string): Promise<RecordedRun> => await json('inspect', `${flow}/latest`);

describe.concurrent('a process that ends under its run never looks like success', () => {
  it.each([
    ['exits', '0', 1, 'exit#0'],
    ['exits', '3', 3, 'exit#0'],
    ['exits-later', '0', 1, 'exitsLater#0'],
  ])('process.exit in a task (%s, code %s): told, recorded with the task, what was done is kept', async (flow, given, expected, task) => {
    const project = shell();
    const { code, err } = await project.millrace('run', FILE, flow, '--quiet', ...(flow === 'exits' ? ['-p', `code=${given}`] : []));
    expect(code).toBe(expected);
    expect(err).toContain(`of flow '${flow}' crashed: task '${task}' called process.exit(${given}) before the run had ended\n`);
    expect(err).toContain('hint: Return to end a task well; throw an Error to fail it.\n');
    const run = await latest(project, flow);
    expect(run).toMatchObject({
      state: 'crashed',
      error: { code: 'RUN_CRASHED', message: expect.stringContaining(`task '${task}' called process.exit`) },
    });
    expect(statesOf(run)).toEqual({ 'first#0': 'success', [task]: 'crashed' });
    if (flow === 'exits') expect((await project.millrace('logs', 'exits/latest/exit')).out).toContain('no line end before it goes');
  });

  it.each([
    ['exits', 'exit#0', "task 'exit#0' called process.exit(0) before the run had ended"],
    ['body-exits', undefined, "the body of flow 'body-exits' called process.exit(0) before the run had ended"],
    ['unhandled', 'rejects#0', expect.stringContaining('nobody awaits me')],
  ])('%s with --json: a document all the same, and nothing but it', async (flow, task, message) => {
    const project = shell();
    const { code, out } = await project.millrace('run', FILE, flow, '--json');
    expect(code).toBe(1);
    const failed = task === undefined ? [] : [{ task, state: 'crashed', attempts: 1 }];
    expect(JSON.parse(out)).toMatchObject({ flow, state: 'crashed', failed, error: { code: 'RUN_CRASHED', message } });
  });

  it('in a pipe the last line says so', async () => {
    const { out } = await shell().millrace('run', FILE, 'exits');
    const last = JSON.parse(out.trim().split('\n').at(-1) as string) as object;
    expect(last).toMatchObject({ type: 'run-state', state: 'crashed', error: { code: 'RUN_CRASHED' } });
  });

  it('process.exit in the body of the flow', async () => {
    const project = shell();
    const { code, err } = await project.millrace('run', FILE, 'body-exits', '--quiet');
    expect(code).toBe(1);
    expect(err).toContain("the body of flow 'body-exits' called process.exit(0) before the run had ended");
    expect(statesOf(await latest(project, 'body-exits'))).toEqual({ 'first#0': 'success' });
  });

  it.each([
    ['unhandled', 'rejects#0', 'nobody awaits me'],
    ['timer', 'throwsInTimer#0', 'thrown in a timer'],
  ])('an error that reaches nobody (%s): the run is crashed because of it, with its place in the source', async (flow, task, message) => {
    const project = shell();
    const { code, err } = await project.millrace('run', FILE, flow, '--quiet');
    expect(code).toBe(1);
    expect(err).toContain(`crashed: an error that nobody caught ended the process while '${task}' ran: Error: ${message}\nhint: Await every promise`);
    expect(err).toMatch(/endings\.ts:\d+:\d+/);
    const run = await latest(project, flow);
    expect([run.state, run.error?.message]).toEqual(['crashed', expect.stringContaining(message)]);
    expect(statesOf(run)).toEqual({ 'first#0': 'success', [task]: 'crashed' });
  });
});

describe.concurrent('a promise that never settles, with nothing left that could settle it', () => {
  it('in a task: the task fails and says so; the process ends', async () => {
    const project = shell();
    const { code, err } = await project.millrace('run', FILE, 'stuck', '--quiet');
    expect(code).toBe(1);
    expect(err).toContain("task 'never#0' waits for a promise that nothing can settle any more: the event loop is empty");
    expect(err).toContain('hint: A callback was never called, or a stream or connection was closed without a result.');
    expect(statesOf(await latest(project, 'stuck'))).toEqual({ 'first#0': 'success', 'never#0': 'failed' });
  });

  // Skipped where there is no script(1) to give the process a terminal.
  it.skipIf(spawnSync('script', ['-qec', 'true', '/dev/null']).status !== 0)('on a terminal too, where a picture is redrawn meanwhile', async () => {
    const folder = mkdtempSync(join(root, 'project-'));
    const env = { ...process.env, MILLRACE_HOME: join(folder, '.millrace'), TERM: 'xterm', NO_COLOR: '1' };
    const command = `'${process.execPath}' '${CLI}' run '${FILE}' stuck`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 });
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1);
    expect(shown).toContain("task 'never#0' waits for a promise that nothing can settle any more");
    expect(shown).toContain('hint: A callback was never called');
  });

  it('in the body: the run fails and says so', async () => {
    const project = shell();
    const { code, err } = await project.millrace('run', FILE, 'stuck-body', '--quiet');
    expect(code).toBe(1);
    expect(err).toMatch(/error\[RUN_FAILED\]: run \S+ of flow 'stuck-body' failed: the body of flow 'stuck-body' waits for a promise/);
    expect(await latest(project, 'stuck-body')).toMatchObject({ state: 'failed' });
  });
});

describe.concurrent('cancelled from outside (S15)', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s: aborts what runs, starts nothing new, exit code 130, and the record says cancelled',
    async (signal) => {
      const project = shell();
      const run = project.start('run', FILE, 'interruptible');
      await run.printed('polite waits');
      run.child.kill(signal);
      const { code, err } = await run.ended;
      expect(code).toBe(130);
      expect(err).toContain(`was cancelled: interrupted by ${signal}`);
      const recorded = await latest(project, 'interruptible');
      expect(recorded).toMatchObject({ state: 'cancelled', error: { code: 'RUN_CANCELLED' } });
      expect(statesOf(recorded)).toEqual({ 'first#0': 'success', 'polite#0': 'cancelled', 'afterwards#0': 'cancelled' });
      expect((await project.millrace('logs', 'interruptible/latest/polite')).out).toContain("Task 'polite#0': polite#0 was aborted");
    },
  );

  it('a second SIGINT exits at once, without waiting for a task that does not listen; the record still says cancelled', async () => {
    const project = shell();
    const run = project.start('run', FILE, 'uninterruptible');
    await run.printed('polite waits');
    await run.printed('deaf#1[1]');
    run.child.kill('SIGINT');
    await run.printed('polite#0 was aborted');
    run.child.kill('SIGINT');
    const { code, err } = await run.ended;
    expect(code).toBe(130);
    expect(err).toMatch(
      /millrace: run \S+ of flow 'uninterruptible' was cancelled, and ended without waiting for 'deaf#0', 'deaf#1\[0\]', 'deaf#1\[1\]'\n/,
    );
    const recorded = await latest(project, 'uninterruptible');
    expect(recorded.state).toBe('cancelled');
    expect(statesOf(recorded)).toEqual({
      'first#0': 'success',
      'deaf#0': 'cancelled',
      'deaf#1': 'cancelled',
      'deaf#1[0]': 'cancelled',
      'deaf#1[1]': 'cancelled',
      'polite#0': 'cancelled',
    });
  });
});

describe('kill -9 (S31)', () => {
  it('the next look shows the run and its task run as crashed; what was recorded is kept', async () => {
    const project = shell();
    const run = project.start('run', FILE, 'doomed');
    await run.printed('ready to be killed');
    expect(statesOf(await latest(project, 'doomed'))).toEqual({ 'first#0': 'success', 'victim#0': 'running' });
    run.child.kill('SIGKILL');
    expect((await run.ended).signal).toBe('SIGKILL');
    expect((await project.millrace('runs')).out).toMatch(/doomed +crashed .*1 success, 1 crashed/);
    const recorded = await latest(project, 'doomed');
    expect(recorded).toMatchObject({
      state: 'crashed',
      error: { code: 'RUN_CRASHED', message: expect.stringContaining(`process ${run.child.pid} on `) },
    });
    expect(statesOf(recorded)).toEqual({ 'first#0': 'success', 'victim#0': 'crashed' });
    expect((await project.millrace('inspect', 'doomed/latest/first')).out).toContain("'kept'");
  });

  it('a run that lives is not taken for dead by a look from another process', async () => {
    const project = shell();
    const run = project.start('run', FILE, 'interruptible');
    await run.printed('polite waits');
    expect((await project.millrace('runs')).out).toMatch(/interruptible +running/);
    run.child.kill('SIGINT');
    expect((await run.ended).code).toBe(130);
    expect((await latest(project, 'interruptible')).state).toBe('cancelled');
  });
});
