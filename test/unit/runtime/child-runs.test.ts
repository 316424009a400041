import { beforeEach, describe, expect, it } from 'vitest';
import { ctx, flow, param, task } from '../../../src/index.js';
import { failureOf, freshHome, gate, recorded } from '../engine/workbench.js';

beforeEach(() => void freshHome());

const inc = task((n: number) => n + 1, { name: 'inc' });
const child = flow('child', { params: { n: param({ default: 1 }) } }, ({ n }) => inc(n));
const fails = flow('fails', () =>
  task(
    (): number => {
      throw new Error('boom');
    },
    { name: 'boom' },
  )(),
);

describe('a run started by another', () => {
  it('S7: startChild() is a run of its own, whose result the parent waits for without holding a slot', async () => {
    const handle = flow('parent', { concurrency: 1 }, () => [child.startChild({ n: inc(1) }), child.startChild()]).start();
    expect(await handle.result()).toEqual([3, 2]);
    const parent = await recorded(handle.id);
    expect(parent.states).toEqual({ 'inc#0': 'success', 'run child#0': 'success', 'run child#1': 'success' });
    const latest = await recorded('child/latest');
    expect([latest.run.parentRun, latest.states]).toEqual([handle.id, { 'inc#0': 'success' }]);
  });

  it('S7, S12: its failure is a failure of the parent that waits', async () => {
    const error = await failureOf(flow('parent', () => fails.startChild()).run());
    expect(error.failures).toMatchObject([{ taskRunId: 'run fails#0', cause: { code: 'RUN_FAILED' } }]);
    expect(await flow('calm', () => fails.startChild().orElse(7)).run()).toBe(7);
  });

  it('S7: with wait: false the parent has its id at once, and is not concerned by its end', async () => {
    const finish = gate();
    const slow = flow('slow', () => task(() => finish.opened, { name: 'wait' })());
    const { runId } = await flow('parent', () => slow.startChild({}, { wait: false })).run();
    expect((await recorded(runId)).run.state).toBe('running');
    finish.open();
    await slow.latest({ state: 'running' });
    const { runId: failing } = await flow('parent', () => fails.startChild({}, { wait: false })).run();
    expect(failing).not.toBe(runId);
  });

  it('flow.run() inside a task, or a body, is a run of its own with a parent', async () => {
    const nested = task(async () => [ctx().taskRunId, await child.run({ n: 5 }), ctx().taskRunId], { name: 'nested' });
    const handle = flow('outer', () => nested()).start();
    expect(await handle.result()).toEqual(['nested#0', 6, 'nested#0']);
    expect((await recorded('child/latest')).run.parentRun).toBe(handle.id);
    const body = flow('body', async () => [await child.run({ n: 6 }), ctx().flowName]).start();
    expect(await body.result()).toEqual([7, 'body']);
    expect((await recorded('child/latest')).run.parentRun).toBe(body.id);
  });
});
