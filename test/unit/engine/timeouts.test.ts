import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ctx, flow, type TaskOptions, task } from '../../../src/index.js';
import { openProject } from '../../../src/runtime/project.js';
import { eventsOf, failureOf, freshHome, gate, holdTime, inHeldTime, passUntil, recorded, statesTold, turns } from './workbench.js';

beforeEach(() => void freshHome());
afterEach(() => void vi.useRealTimers());

/** Ends only when it is aborted, and says with what. */
const patient = (options: TaskOptions<[], never>, aborted: unknown[] = []) =>
  task<[], never>(
    () =>
      new Promise((_, reject) => {
        const { signal } = ctx();
        signal.addEventListener('abort', () => {
          aborted.push((signal.reason as Error).name);
          reject(new Error('aborted'));
        });
      }),
    { name: 'patient', ...options },
  );

describe('a time-out of a task', () => {
  it('S13: aborts the signal, ends the task as timed-out, and fails the run', async () => {
    const aborted: unknown[] = [];
    const after = task((_: unknown) => 1, { name: 'after' });
    const handle = flow('late', () => void after(patient({ timeout: 5 }, aborted)())).start();
    const error = await failureOf(handle.result());
    expect(error.failures).toMatchObject([{ code: 'TASK_TIMED_OUT', cause: { code: 'TASK_TIMED_OUT' } }]);
    expect(error.message).toContain("task 'patient#0' ran out of time: expected 'patient#0' to end within 5 ms; it did not");
    expect(aborted).toHaveLength(1);
    const { states, run } = await recorded(handle.id);
    expect(states).toEqual({ 'patient#0': 'timed-out', 'after#0': 'upstream-failed' });
    expect(run.state).toBe('failed');
  });

  it('S13: counts as a failed attempt, which is tried again with a time-out of its own', async () => {
    const slowThenFast = task(
      () => {
        if (ctx().attempt < 3) return new Promise<number>(() => {});
        return ctx().attempt;
      },
      { name: 'slowThenFast', timeout: 5, retries: 2 },
    );
    const handle = flow('again', () => slowThenFast()).start();
    const events = eventsOf(handle);
    expect(await handle.result()).toBe(3);
    const { attemptRows } = (await recorded(handle.id)).task('slowThenFast#0');
    expect(attemptRows.map(({ state, error }) => [state, error?.code])).toEqual([
      ['retrying', 'TASK_TIMED_OUT'],
      ['retrying', 'TASK_TIMED_OUT'],
      ['success', undefined],
    ]);
    expect(statesTold(await events)['slowThenFast#0']?.at(-1)).toBe('success');
  });

  it.each(['value', 'error'])('S13: the late %s of a given-up attempt is nobody’s business', async (kind) => {
    const late = gate<string>();
    const over = gate<string>();
    let begun = 0;
    const slow = task(() => (++begun === 1 ? late.opened : over.opened), { name: 'slow', timeout: 20, retries: 1 });
    holdTime();
    const run = flow('ignored', () => slow()).run();
    await passUntil(() => begun === 2, 5);
    if (kind === 'value') late.open('first');
    else late.fail(new Error('late'));
    await turns();
    over.open('second');
    await turns();
    expect(await inHeldTime(run, 5)).toBe('second');
  });

  it('S13: one that is over in time leaves nothing behind; a synchronous one is not interrupted', async () => {
    const quick = task(async (n: number) => n, { name: 'quick', timeout: '1h' });
    const sync = task(
      () => {
        const end = performance.now() + 5;
        while (performance.now() < end);
        return 'done';
      },
      { name: 'sync', timeout: 1 },
    );
    expect(await flow('quick', () => [quick(1), sync()]).run()).toEqual([1, 'done']);
  });

  it('S13: bounds each child of a map, not the map', async () => {
    const stuck = task((n: number) => (n === 1 ? new Promise<number>(() => {}) : n), { name: 'stuck', timeout: 5 });
    const states = await flow('children', () => stuck.map([0, 1, 2]).states()).run();
    expect(states.map(({ state }) => state)).toEqual(['success', 'timed-out', 'success']);
  });

  it('S12: one that was handled does not fail the run', async () => {
    expect(await flow('handled', () => patient({ timeout: 5 })().orElse('fallback')).run()).toBe('fallback');
  });

  it("S13: under 'cancel-rest' it stops the others as any failure does", async () => {
    const reached = gate();
    let ran = false;
    const other = task(
      () => {
        ran = true;
      },
      { name: 'other' },
    );
    const waits = task(() => reached.opened, { name: 'waits' });
    const handle = flow('rest', { onFailure: 'cancel-rest' }, () => {
      patient({ timeout: 5, hooks: { onFailure: () => reached.open() } })();
      other().after(waits());
    }).start();
    await failureOf(handle.result());
    expect(ran).toBe(false);
    expect((await recorded(handle.id)).states).toMatchObject({ 'patient#0': 'timed-out', 'other#0': 'cancelled' });
  });
});

describe('a time-out of a flow', () => {
  it('S10: ends the run as timed-out, aborts what runs, and starts nothing more', async () => {
    const aborted: unknown[] = [];
    const after = task((_: unknown) => 1, { name: 'after' });
    const handle = flow('short', { timeout: 10 }, () => void after(patient({}, aborted)())).start();
    const error = await failureOf(handle.result());
    expect(error).toMatchObject({ code: 'RUN_TIMED_OUT', message: expect.stringContaining('ran out of time: it was to end within 10 ms') });
    expect(handle.state).toBe('timed-out');
    expect(aborted).toHaveLength(1);
    const { run, states } = await recorded(handle.id);
    expect(run.state).toBe('timed-out');
    expect(states).toEqual({ 'patient#0': 'cancelled', 'after#0': 'cancelled' });
  });

  it('S10: says nothing when the run is over in time, and hooks are told of a failure', async () => {
    let told = '';
    const hooks = {
      onFailure: (_: unknown, error: unknown) => {
        told = (error as { code: string }).code;
      },
    };
    expect(await flow('long', { timeout: '1h', hooks }, () => 1).run()).toBe(1);
    expect(told).toBe('');
    await failureOf(flow('short', { timeout: 5, hooks }, () => void patient({})()).run());
    expect(told).toBe('RUN_TIMED_OUT');
  });

  it("S13: a flow's default bounds each of its tasks, not a flow in it", async () => {
    const step = task((n: number) => new Promise<number>((resolve) => setTimeout(() => resolve(n + 1), 15)), { name: 'step' });
    const inner = flow('inner', () => step(step(step(0))));
    holdTime();
    expect(await inHeldTime(flow('outer', { defaults: { timeout: 40 } }, () => inner.asTask()()).run(), 5)).toBe(3);
    const error = await inHeldTime(failureOf(flow('outer', { defaults: { timeout: 5 } }, () => void patient({})()).run()), 5);
    expect(error.failures[0]?.code).toBe('TASK_TIMED_OUT');
  });

  it('leaves no line in the log when nobody was late', async () => {
    const handle = flow('silent', { timeout: '1h' }, () => 1).start();
    await handle.result();
    await using project = await openProject();
    expect(await project.record.logs(handle.id)).toEqual([]);
  });
});
