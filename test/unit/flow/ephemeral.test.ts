import { beforeEach, describe, expect, it } from 'vitest';
import { flow, Skip, task } from '../../../src/index.js';
import { freshHome, recorded } from '../engine/workbench.js';

beforeEach(() => void freshHome());

const calls: string[] = [];
const load = task(
  (name: string) => {
    calls.push(name);
    return { name, rows: [1, 2] };
  },
  { name: 'load' },
);
const count = task((a: { rows: number[] }, b: { rows: number[] }) => a.rows.length + b.rows.length, { name: 'count' });

beforeEach(() => void calls.splice(0));

describe('a task called outside a flow', () => {
  it('S6: awaited, it is a recorded run of one task', async () => {
    const future = load('iris');
    expect([future.id, future.state, calls]).toEqual(['load#0', 'pending', []]);
    expect(await future).toEqual({ name: 'iris', rows: [1, 2] });
    expect([future.state, calls]).toEqual(['success', ['iris']]);
    expect((await recorded('load/latest')).states).toEqual({ 'load#0': 'success' });
  });

  it('S6: not awaited, it does nothing', async () => {
    load('never');
    await flow('other', () => 1).run();
    expect(calls).toEqual([]);
  });

  it('S6: awaited twice, or in parts, it runs once', async () => {
    const future = load('iris');
    expect(await Promise.all([future, future.get('name'), future.get('rows').get(1)])).toEqual([{ name: 'iris', rows: [1, 2] }, 'iris', 2]);
    expect(calls).toEqual(['iris']);
  });

  it('S6: what it is given may be futures made outside too: the same one is called once', async () => {
    const data = load('iris');
    expect(await count(data, data)).toBe(4);
    expect(calls).toEqual(['iris']);
    expect((await recorded('count/latest')).states).toEqual({ 'load#0': 'success', 'count#0': 'success' });
  });

  it('S6: its failure is the task error itself', async () => {
    const boom = task(() => Promise.reject(new TypeError('boom')), { name: 'boom' });
    const future = boom();
    await expect(future.result()).rejects.toMatchObject({ name: 'TaskError', code: 'TASK_FAILED', cause: { message: 'boom' } });
    expect(await boom().settled()).toMatchObject({ state: 'failed', error: { code: 'TASK_FAILED' } });
    expect(future.state).toBe('failed');
  });

  it('S6: skipped, it says so', async () => {
    const skips = task(
      () => {
        throw new Skip('nothing new');
      },
      { name: 'skips' },
    );
    await expect(skips().result()).rejects.toMatchObject({
      name: 'TaskError',
      code: 'TASK_SKIPPED',
      message: expect.stringContaining('nothing new'),
    });
    expect(await skips().settled()).toMatchObject({ state: 'skipped' });
  });

  it('S7: it has no graph to be ordered or derived in', () => {
    expect(() => load('a').after(load('b'))).toThrow(expect.objectContaining({ code: 'FUTURE_OF_OTHER_RUN' }));
    expect(() => load('a').orElse(1)).toThrow(expect.objectContaining({ code: 'NOT_IN_A_FLOW' }));
  });
});
