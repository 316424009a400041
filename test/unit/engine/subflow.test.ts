import { beforeEach, describe, expect, it } from 'vitest';
import { cache, ctx, FlowClosedError, flow, param, task } from '../../../src/index.js';
import { failureOf, freshHome, gate, recorded } from './workbench.js';

beforeEach(() => void freshHome());

const inc = task((n: number) => n + 1, { name: 'inc' });
const boom = task(
  (): number => {
    throw new Error('boom');
  },
  { name: 'boom' },
);
const twice = flow('twice', { params: { n: param({ default: 10 }) } }, ({ n }) => inc(inc(n)));

describe('a flow as a task', () => {
  it('S7: expands in the same run when its inputs are ready; its children bear its name', async () => {
    const sub = twice.asTask();
    const outer = flow('outer', () => [sub({ n: inc(0) }), sub()]);
    expect(await outer.run()).toEqual([3, 12]);
    const { states, task: row } = await recorded('outer/latest');
    expect(states).toEqual({
      'inc#0': 'success',
      'twice#0': 'success',
      'twice#1': 'success',
      'twice#1.inc#0': 'success',
      'twice#1.inc#1': 'success',
      'twice#0.inc#0': 'success',
      'twice#0.inc#1': 'success',
    });
    expect(row('twice#0.inc#1').parent).toBe(row('twice#0').index);
    expect(row('inc#0').parent).toBeUndefined();
  });

  it('S7: may hold another, and that another', async () => {
    const middle = flow('middle', { params: { n: param({ default: 0 }) } }, async ({ n }) => ({ n: await twice.asTask()({ n }), seen: inc(n) }));
    const outer = flow('nested', () =>
      middle
        .asTask()({ n: inc(0) })
        .get('n'),
    );
    expect(await outer.run()).toBe(3);
    expect((await recorded('nested/latest')).states).toMatchObject({ 'middle#0.twice#0.inc#1': 'success', 'middle#0.inc#0': 'success' });
  });

  it('S7: holds no slot', async () => {
    const outer = flow('one-slot', { concurrency: 1 }, () => [twice.asTask()({ n: 1 }), twice.asTask()({ n: 2 })]);
    expect(await outer.run()).toEqual([3, 4]);
  });

  it('S7: parameters are checked', async () => {
    const error = await failureOf(flow('ill-typed', () => twice.asTask()({ n: 'x' } as never)).run());
    expect(error.failures[0]).toMatchObject({ taskRunId: 'twice#0', cause: { code: 'PARAMETER_INVALID' } });
  });

  it('S4: ends when its children have, also those that nobody awaited', async () => {
    const late = gate();
    const slow = task(
      async () => {
        await late.opened;
        return 1;
      },
      { name: 'slow' },
    );
    const order: string[] = [];
    const after = task((_: unknown) => void order.push('after'), { name: 'after' });
    const sub = flow('sub', () => {
      void slow()
        .settled()
        .then(() => order.push('slow'));
      return 1;
    }).asTask();
    await flow('waits', async () => {
      const ended = after(sub());
      await inc(1);
      late.open();
      await ended;
    }).run();
    expect(order).toEqual(['slow', 'after']);
  });

  it('S4: its own body closes with it, though the run goes on', async () => {
    const closed = gate();
    const caught = gate<unknown>();
    const sub = flow('sub', () => {
      void closed.opened.then(() => {
        try {
          inc(1);
        } catch (error) {
          caught.open(error);
        }
      });
    }).asTask();
    await flow('open', async () => {
      await sub();
      closed.open();
      expect(await caught.opened).toBeInstanceOf(FlowClosedError);
    }).run();
  });

  it('S12: answers for a failure in it that nobody in it was told of, however deep', async () => {
    const inner = flow('inner', () => {
      boom();
      return 1;
    }).asTask();
    const deep = flow('deep', () => {
      inner();
      return 2;
    }).asTask();
    const error = await failureOf(flow('answers', () => deep()).run());
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['deep#0.inner#0.boom#0']);
    expect((await recorded('answers/latest')).states).toEqual({
      'deep#0': 'failed',
      'deep#0.inner#0': 'failed',
      'deep#0.inner#0.boom#0': 'failed',
    });
  });

  it('S12: a failure handled inside, or outside, is handled', async () => {
    const inside = flow('inside', async () => await boom().catch(() => 5)).asTask();
    const unhandled = flow('unhandled', () => {
      boom();
      return 1;
    }).asTask();
    const rethrows = flow('rethrows', async () => await boom()).asTask();
    const outer = flow('outside', async () => [await inside(), await unhandled().catch(() => 6), rethrows().orElse(7)]);
    expect(await outer.run()).toEqual([5, 6, 7]);
  });

  it('S15, S25: one whose children were cancelled is cancelled, and no later run takes it for done', async () => {
    const begun = gate();
    let isFirst = true;
    const last = task(() => 'last', { name: 'last', priority: 1 });
    const broken = task(() => Promise.reject(new Error('broken')), { name: 'broken' });
    const blocker = task(
      async () => {
        begun.open();
        if (!isFirst) return;
        isFirst = false;
        await new Promise((_, reject) => ctx().signal.addEventListener('abort', () => reject(new Error('aborted'))));
      },
      { name: 'blocker' },
    );
    const sub = flow('sub', () => {
      const given = last();
      blocker();
      broken();
      return given;
    }).asTask({ cache: cache.default, version: '1' });
    const outer = flow('cut-short', { concurrency: 1 }, () => sub());
    const handle = outer.start();
    await begun.opened;
    await handle.cancel();
    expect((await recorded('cut-short/latest')).states).toMatchObject({ 'sub#0': 'cancelled', 'sub#0.last#0': 'success' });
    expect((await failureOf(outer.run())).failures.map(({ taskRunId }) => taskRunId)).toEqual(['sub#0.broken#0']);
  });

  it('S7, S25: a cached one hides its children; one that hid a failure is not cached', async () => {
    let fails = true;
    const flaky = task(
      () => {
        if (fails) throw new Error('flaky');
        return 'ok';
      },
      { name: 'flaky' },
    );
    const inner = flow('inner', () => void flaky()).asTask();
    const sub = flow('sub', () => {
      inner();
      return 'made';
    }).asTask({ cache: cache.default, version: '1' });
    const outer = flow('hides', () => sub());
    await failureOf(outer.run());
    fails = false;
    expect(await outer.run()).toBe('made');
    expect(Object.keys((await recorded('hides/latest')).states)).toContain('sub#0.inner#0.flaky#0');
    fails = true;
    expect(await outer.run()).toBe('made');
    expect((await recorded('hides/latest')).states).toEqual({ 'sub#0': 'cached' });
  });
});
