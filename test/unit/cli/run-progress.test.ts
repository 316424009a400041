import fc from 'fast-check';
import picocolors from 'picocolors';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { liveFrame } from '../../../src/cli/live-frame.js';
import { RunProgress } from '../../../src/cli/run-progress.js';
import { runSummary } from '../../../src/cli/run-summary.js';
import type { RunEvent } from '../../../src/model/event.js';
import { isFinalTaskState, TASK_STATES, type TaskState } from '../../../src/model/states.js';

const plain = picocolors.createColors(false);

function taskEvent(node: string, state: TaskState, at = 0, more: object = {}): RunEvent {
  return { at: new Date(at), type: 'task-state', node, data: { task: node.split('#')[0], state, attempt: 1, ...more } };
}

function runEvent(state: string, at: number): RunEvent {
  return { at: new Date(at), type: 'run-state', data: { state } };
}

function progressOf(...events: readonly RunEvent[]): RunProgress {
  const progress = new RunProgress();
  for (const event of events) progress.apply(event);
  return progress;
}

const arbitraryEvents = fc.array(
  fc.record({ node: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), state: fc.constantFrom(...TASK_STATES), at: fc.nat(100_000) }),
  { maxLength: 60 },
);

describe('RunProgress', () => {
  it('S27: why tasks ran, by kind, with the first as example; what has no result yet says nothing', () => {
    const because = (node: string, kind: string, detail: string): RunEvent => taskEvent(node, 'success', 1, { reason: { kind, detail } });
    const progress = progressOf(
      because('a#0', 'code-changed', 'lib.ts: f'),
      because('b#0', 'code-changed', 'lib.ts: g'),
      because('c#0', 'input-changed', 'n: 1 -> 2'),
      taskEvent('d#0', 'success', 1, { reason: { kind: 'no-result' } }),
    );
    const options = { run: 'r', flow: 'f', state: 'success' as const, result: undefined, now: 1, colours: plain };
    expect(runSummary(progress, options)).toMatch(/ran because {2}code changed ×2 {2}lib\.ts: f\n {13}input changed {2}n: 1 -> 2\n/);
    expect(runSummary(progressOf(taskEvent('a#0', 'success')), options)).not.toContain('ran because');
  });

  it('counts each task once, in its latest state (S10)', () => {
    fc.assert(
      fc.property(arbitraryEvents, (events) => {
        const progress = progressOf(...events.map(({ node, state, at }) => taskEvent(node, state, at)));
        const latest = new Map(events.map(({ node, state }) => [node, state]));
        expect(progress.total).toBe(latest.size);
        for (const state of TASK_STATES) expect(progress.count(state)).toBe([...latest.values()].filter((one) => one === state).length);
        expect(progress.runningCount).toBe(progress.count('running'));
        const wereFinal = new Set(events.filter(({ state }) => isFinalTaskState(state)).map(({ node }) => node));
        expect(progress.settled).toBeGreaterThanOrEqual(wereFinal.size);
      }),
    );
  });

  it('what waits for the world outside counts as waiting, and says what for', () => {
    const progress = progressOf(
      runEvent('running', 0),
      taskEvent('landed#0', 'queued', 0),
      taskEvent('landed#0', 'running', 0, { waitsFor: "'data.csv'" }),
      taskEvent('work#0', 'running', 0),
    );
    expect([progress.count('running'), progress.count('pending'), progress.count('queued')]).toEqual([1, 1, 0]);
    const frame = liveFrame(progress, { flow: 'f', now: 2_000, tick: 0, columns: 100, rows: 24, colours: plain });
    expect(frame).toContain('1 running · 1 waiting');
    expect(frame).toContain("… landed#0 2.0 s waits for 'data.csv'");
    for (const state of ['retrying', 'running', 'success'] as const)
      progress.apply(taskEvent('landed#0', state, 3, state === 'running' ? { waitsFor: 'x' } : {}));
    expect([progress.count('running'), progress.count('pending'), progress.count('success')]).toEqual([1, 0, 1]);
  });

  it('ranks the slowest of what ran, not what was reused', () => {
    const progress = progressOf(
      ...[30, 10, 50, 20, 40, 60].map((ms, index) => taskEvent(`t#${index}`, 'success', ms, { ms })),
      taskEvent('reused#0', 'cached', 0, { ms: 999 }),
    );
    expect(progress.slowest.map(({ ms }) => ms)).toEqual([60, 50, 40, 30, 20]);
  });

  it('the time stands still when the run has ended', () => {
    const progress = progressOf(runEvent('running', 1_000));
    expect(progress.elapsed(1_500)).toBe(500);
    progress.apply(runEvent('success', 3_000));
    expect(progress.elapsed(9_000)).toBe(2_000);
  });
});

describe('liveFrame', () => {
  it('no line is wider than the terminal, and no more tasks are listed than there is room for', () => {
    fc.assert(
      fc.property(arbitraryEvents, fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 50 }), (events, columns, rows) => {
        const progress = progressOf(...events.map(({ node, state, at }) => taskEvent(node, state, at)));
        const frame = liveFrame(progress, { flow: 'penguins', now: 50_000, tick: 3, columns, rows, colours: plain, left: 'about 3 m left' });
        for (const line of frame.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
        expect(frame.split('\n').length).toBeLessThanOrEqual(Math.max(rows, 4));
      }),
    );
  });

  it('shows the bar, the counts and what runs with its time', () => {
    const progress = progressOf(
      runEvent('running', 0),
      taskEvent('load#0', 'success', 100),
      taskEvent('clean#0', 'cached', 100),
      taskEvent('train#0', 'running', 1_000),
      taskEvent('score#0', 'pending', 1_000),
    );
    expect(liveFrame(progress, { flow: 'penguins', now: 4_000, tick: 0, columns: 100, rows: 30, colours: plain })).toBe(
      ['⠋ penguins 4.0 s', '  ████████████░░░░░░░░░░░░ 2/4  1 done · 1 cached · 1 running · 1 waiting', '  ▸ train#0 3.0 s'].join('\n'),
    );
  });
});

describe('how far a task says it is', () => {
  const said = (fraction: number, message?: string, attempt = 1): RunEvent => ({
    at: new Date(0),
    node: 'train#0',
    type: 'progress',
    data: { attempt, fraction, ...(message === undefined ? {} : { message }) },
  });
  const lineOf = (...events: RunEvent[]): string | undefined => {
    const progress = progressOf(runEvent('running', 0), taskEvent('train#0', 'running', 0), ...events);
    return liveFrame(progress, { flow: 'f', now: 1_000, tick: 0, columns: 100, rows: 30, colours: plain }).split('\n')[2];
  };

  it('is shown beside it, the last word only', () => {
    expect(lineOf(said(0.2, 'epoch 2'), said(0.6, 'epoch \u001b[2J6'))).toBe('  ▸ train#0 1.0 s  ██████░░░░ 60 % epoch 6');
    expect(lineOf(said(1))).toBe('  ▸ train#0 1.0 s  ██████████ 100 %');
    expect(lineOf(said(0))).toBe('  ▸ train#0 1.0 s  ░░░░░░░░░░ 0 %');
  });

  it('is forgotten with the attempt that said it', () => {
    const again = [taskEvent('train#0', 'retrying', 0), taskEvent('train#0', 'running', 0, { attempt: 2 })];
    expect(lineOf(said(0.6), ...again)).toBe('  ▸ train#0 1.0 s attempt 2');
    expect(lineOf(...again, said(0.6))).toBe('  ▸ train#0 1.0 s attempt 2');
    expect(lineOf(...again, said(0.6, undefined, 2))).toContain('60 %');
  });
});

describe('the time left in liveFrame', () => {
  const progress = progressOf(runEvent('running', 0), taskEvent('load#0', 'running', 0));
  const title = (columns: number, note?: string): string | undefined =>
    liveFrame(progress, { flow: 'penguins', now: 4_000, tick: 0, columns, rows: 30, colours: plain, left: 'about 3 m left', note }).split('\n')[0];

  it('stands beside the time gone by, and is the first to go where there is no room', () => {
    expect(title(80)).toBe('⠋ penguins 4.0 s · about 3 m left');
    expect(title(33)).toBe('⠋ penguins 4.0 s · about 3 m left');
    expect(title(32)).toBe('⠋ penguins 4.0 s');
    expect(title(40, 'waiting for it')).toBe('⠋ penguins 4.0 s waiting for it');
  });
});

describe('liveFrame of maps and retries', () => {
  const options = { flow: 'squares', now: 4_000, tick: 0, columns: 100, rows: 30, colours: plain };

  it('children of a map are one bar, those that failed are named (S8)', () => {
    const progress = progressOf(
      runEvent('running', 0),
      ...[0, 1, 2].map((place) => taskEvent(`sq#0[${place}]`, 'pending')),
      taskEvent('sq#0[0]', 'running', 1_000),
      taskEvent('sq#0[1]', 'success', 2_000),
      taskEvent('sq#0[2]', 'failed', 2_000),
      taskEvent('sub[1]', 'running', 3_000),
    );
    expect(liveFrame(progress, options).split('\n').slice(2)).toEqual([
      '  ▸ sq#0 <map>  █████████░░░░░ 2/3  1 failed [2] · 1 running',
      '  ▸ sub[1] 1.0 s',
    ]);
  });

  it('S13: a task between two attempts says which failed and when the next comes', () => {
    const retrying = taskEvent('load#0', 'retrying', 3_000, { retry: { delayMs: 3_000, most: 4 } });
    const progress = progressOf(runEvent('running', 0), retrying);
    expect(liveFrame(progress, options)).toContain('  ↻ load#0 retrying: attempt 1 of 4 failed, again in 2.0 s');
    progress.apply(taskEvent('load#0', 'running', 3_500, { attempt: 2 }));
    expect(liveFrame(progress, options)).toContain('  ▸ load#0 500 ms attempt 2');
    expect(liveFrame(progress, options)).not.toContain('↻');
  });
});

describe('runSummary', () => {
  const base = { run: 'r1', flow: 'penguins', now: 0, colours: plain } as const;

  it('a run that succeeded: the result, and what to type next', () => {
    const progress = progressOf(runEvent('running', 0), taskEvent('load#0', 'success', 5, { ms: 5 }), runEvent('success', 10));
    expect(runSummary(progress, { ...base, state: 'success', result: { accuracy: 0.9 } })).toBe(
      ['success  penguins in 10 ms', 'tasks   1 done', 'result  { accuracy: 0.9 }', 'run     r1', 'next    millrace inspect r1'].join('\n'),
    );
  });

  it('S30: says what was taken over, and of which run; of a run that is tried again, only what the new try did', () => {
    const taken = (node: string): RunEvent => taskEvent(node, 'cached', 5, { takenOver: 'r0' });
    const progress = progressOf(runEvent('running', 0), taken('load#0'), taken('clean#0'), runEvent('success', 10));
    const text = runSummary(progress, { ...base, state: 'success', result: 1 });
    expect(text).toContain('tasks       2 cached');
    expect(text).toContain('taken over  2 of run r0');
    progress.restart();
    progress.apply(taskEvent('load#0', 'success', 11, { ms: 1 }));
    expect([[...progress.takenOver], progress.settled, progress.total]).toEqual([[], 1, 1]);
  });

  it('a message of several lines keeps them, the first few, and none obeyed by the terminal', () => {
    const message = ['✖ expected a text', '  → at a', ...Array.from({ length: 20 }, (_, line) => `\u001b[2Jline ${line}`)].join('\n');
    const failed = taskEvent('check#0', 'failed', 5, { error: { name: 'Error', message } });
    const text = runSummary(progressOf(runEvent('running', 0), failed, runEvent('failed', 10)), { ...base, state: 'failed', result: undefined });
    expect(text).toContain('✖ check#0 failed\n  ✖ expected a text\n      → at a\n    line 0\n');
    expect(text).toContain('    line 9\n    … and 10 more lines\n');
    expect(text).not.toContain('\u001b');
  });

  it('a green last task does not hide a red one: every failed task is listed with its error (S12)', () => {
    const error = { name: 'TypeError', message: 'no such column', cause: { name: 'Error', message: 'disk \u001b[31mgone', code: 'EIO' } };
    const progress = progressOf(
      runEvent('running', 0),
      taskEvent('train#0', 'failed', 5, { attempt: 3, error }),
      taskEvent('report#0', 'success', 6, { ms: 1 }),
      runEvent('failed', 10),
    );
    const text = runSummary(progress, { ...base, state: 'failed', result: undefined });
    expect(text).toContain('✖ train#0 failed after 3 attempts\n  TypeError: no such column\n  caused by disk gone [EIO]');
    expect(text).toContain('millrace inspect r1/train#0');
    expect(text).not.toContain('resume');
    const inFile = runSummary(progress, { ...base, state: 'failed', result: undefined, file: 'my flow.ts' });
    expect(inFile).toContain("next   millrace inspect r1/train#0\n       millrace resume 'my flow.ts' r1");
    const child = progressOf(runEvent('running', 0), taskEvent("run kid's#0[1]", 'failed', 5, { error }), runEvent('failed', 10));
    expect(runSummary(child, { ...base, state: 'failed', result: undefined })).toContain("millrace inspect 'r1/run kid'\\''s#0[1]'");
  });
});
