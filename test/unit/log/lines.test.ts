import { describe, expect, it } from 'vitest';
import { createLines, type LinesOptions, timeOfDay } from '../../../src/log/lines.js';
import { createMask } from '../../../src/log/mask.js';
import type { LogLevel, RunEvent, RunStateData, TaskStateData } from '../../../src/model/event.js';

const start = new Date(2025, 10, 20, 14, 3, 22, 118);
const later = (ms: number) => new Date(start.getTime() + ms);
const task = (node: string, data: Omit<TaskStateData, 'task' | 'attempt'> & { attempt?: number }, at = start): RunEvent => ({
  at,
  node,
  type: 'task-state',
  data: { task: node.split('#')[0], attempt: 1, ...data },
});
const run = (data: RunStateData, at = start): RunEvent => ({ at, type: 'run-state', data });
const log = (text: string, level: LogLevel = 'info', node?: string): RunEvent => ({
  at: start,
  ...(node === undefined ? {} : { node }),
  type: 'log',
  data: { at: start.getTime(), level, text },
});
const lines = (options: Partial<LinesOptions> = {}) => createLines({ flow: 'penguins', run: '20251120-1', ...options });

describe('createLines', () => {
  it('says what becomes of a task, with the name of its state', () => {
    const show = lines();
    expect(show(task('train#0', { state: 'running' }))).toEqual(["14:03:22.118 | INFO  | Task 'train#0': starting"]);
    expect(show(task('clean#0', { state: 'success', ms: 12 }))).toEqual([
      "14:03:22.118 | INFO  | Task 'clean#0': finished task run in 12 ms with final state 'success'",
    ]);
    expect(show(task('clean#1', { state: 'cached' }))).toEqual([
      "14:03:22.118 | INFO  | Task 'clean#1': finished task run with final state 'cached'",
    ]);
    expect(show(task('wait#0', { state: 'paused' }))).toEqual(["14:03:22.118 | INFO  | Task 'wait#0': is now 'paused'"]);
  });

  it('S27: says why a task runs that might have been reused', () => {
    const show = lines();
    const starting = (reason: TaskStateData['reason']) => show(task('a#0', { state: 'running', ...(reason && { reason }) }))[0];
    expect(starting({ kind: 'code-changed', detail: 'src/clean.ts' })).toContain('starting (code changed: src/clean.ts)');
    expect(starting({ kind: 'forced' })).toContain('starting (forced)');
    expect(starting({ kind: 'not-cached' })).toMatch(/starting$/);
  });

  it('tells failures with message, code and causes, a line each', () => {
    const error = { name: 'TypeError', message: 'x is\nnot a function', code: 'X_BAD', cause: { name: 'Error', message: 'deep' } };
    expect(lines()(task('a#0', { state: 'failed', ms: 3200, error }))).toEqual([
      "14:03:22.118 | ERROR | Task 'a#0': finished task run in 3.2 s with final state 'failed': TypeError: x is",
      "14:03:22.118 | ERROR | Task 'a#0': not a function [X_BAD]",
      "14:03:22.118 | ERROR | Task 'a#0': caused by deep",
    ]);
  });

  it('tells in one line what kept a task from running: what that failed of stands in its own', () => {
    const cause = {
      name: 'TaskError',
      message: "task 'a#0' failed: no such file",
      code: 'TASK_FAILED',
      cause: { name: 'Error', message: 'no such file', code: 'ENOENT' },
    };
    const error = { name: 'TaskError', message: `task 'b#0' did not run: ${cause.message}`, code: 'TASK_UPSTREAM_FAILED', cause };
    expect(lines()(task('b#0', { state: 'upstream-failed', error }))).toEqual([
      "14:03:22.118 | WARN  | Task 'b#0': finished task run with final state 'upstream-failed': task 'a#0' failed: no such file",
    ]);
  });

  it('ends a chain of causes that has no end', () => {
    const error = { name: 'Error', message: 'loop' };
    Object.assign(error, { cause: error });
    expect(lines()(task('a#0', { state: 'failed', error })).length).toBeLessThan(10);
  });

  it('S13: tells retries', () => {
    const show = lines();
    const error = { name: 'Error', message: 'busy' };
    expect(show(task('a#0', { state: 'retrying', ms: 12, error }))[0]).toContain(
      "| WARN  | Task 'a#0': attempt 1 failed in 12 ms, will be tried again: busy",
    );
    expect(show(task('a#0', { state: 'running', attempt: 2 }))[0]).toContain('starting attempt 2');
    const retry = { delayMs: 2_000, most: 4 };
    const again = show(task('a#0', { state: 'retrying', attempt: 1, ms: 12, error: { name: 'Error', message: 'busy' }, retry }))[0];
    expect(again).toContain('attempt 1 of 4 failed in 12 ms, trying again in 2.0 s: busy');
  });

  it('sums up the run', () => {
    const show = lines();
    expect(show(run({ state: 'running' }))).toEqual(["14:03:22.118 | INFO  | Flow 'penguins': run 20251120-1 started"]);
    for (let i = 0; i < 5; i += 1) show(task(`a#${i}`, { state: 'success' }));
    for (let i = 0; i < 2; i += 1) show(task(`b#${i}`, { state: 'cached' }));
    expect(show(run({ state: 'success' }, later(3200)))).toEqual([
      "14:03:25.318 | INFO  | Flow 'penguins': run 20251120-1 finished with state 'success' (5 succeeded, 2 cached) in 3.2 s",
    ]);
  });

  it('tells a run that fails before it starts anything', () => {
    expect(lines()(run({ state: 'failed', error: { name: 'Error', message: 'no', code: 'PARAM_MISSING' } }))).toEqual([
      "14:03:22.118 | ERROR | Flow 'penguins': run 20251120-1 finished with state 'failed': no [PARAM_MISSING]",
    ]);
  });

  it('shows log lines under the name of their task, or of the flow', () => {
    const show = lines();
    expect(show(log('hello', 'warn', 'a#0'))).toEqual(["14:03:22.118 | WARN  | Task 'a#0': hello"]);
    expect(show(log('hello'))).toEqual(["14:03:22.118 | INFO  | Flow 'penguins': hello"]);
    expect(show(log('hidden', 'debug'))).toEqual([]);
    expect(lines({ level: 'debug' })(log('shown', 'debug'))).toHaveLength(1);
    expect(show(task('a#0', { state: 'queued' }))).toEqual([]);
  });

  it('colours only when asked to, and user text never', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
    const sequence = /\u001b/;
    expect(lines()(task('a#0', { state: 'success' }))[0]).not.toMatch(sequence);
    expect(lines({ colour: true })(task('a#0', { state: 'success' }))[0]).toContain("final state \u001b[32m'success'\u001b[39m");
    const [line] = lines({ colour: true })(log('\u001b[31mred\u001b[0m', 'info', 'a#0'));
    expect(line).toMatch(/: red$/);
  });

  it('neutralises what would command a terminal or forge a line, in every place', () => {
    const evil = 'a\u001b]0;title\u0007\u001b[2J\rb\nc\u009b1m\u202e\u0000';
    const show = lines({ flow: evil, run: evil });
    const error = { name: evil, message: evil, code: evil };
    const events = [log(evil), log(evil, 'info', evil), task(evil, { state: 'failed', error }), run({ state: 'failed', error })];
    for (const event of events) {
      for (const line of show(event)) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
        expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} \| (INFO |ERROR) \| (Task|Flow) '/);
      }
    }
  });

  it('S18: a canary is found in no line', () => {
    const canary = 'canary\n4711-secret';
    const coloured = 'canary 47\u001b[1m11-secret';
    const show = lines({ flow: canary, run: canary, mask: createMask([canary, 'canary 4711-secret']) });
    const error = { name: canary, message: `bad ${canary}`, code: canary, cause: { name: 'Error', message: canary } };
    const events = [
      log(canary),
      log(coloured),
      log(JSON.stringify({ canary }), 'error', 'a#0'),
      task(canary, { state: 'failed', error }),
      task('a#0', { state: 'running', reason: { kind: 'input-changed', detail: canary } }),
      run({ state: 'failed', error }),
    ];
    for (const event of events) {
      const text = show(event).join('\n');
      expect(text).toContain('***');
      expect(text).not.toMatch(/canary|4711/);
    }
  });

  it('pads the time of day', () => {
    expect(timeOfDay(new Date(2025, 0, 1, 1, 2, 3, 4))).toBe('01:02:03.004');
  });
});
