import { client } from 'millrace/client';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { flow, task, unmapped } from '../../../src/index.js';
import { failureOf, freshHome, gate, recorded } from '../engine/workbench.js';

beforeEach(() => void freshHome());

/** Rows come with the next sweep but one: when, a loaded machine decides. */
const SOON = { timeout: 30_000, interval: 20 };

const names = task(() => ['a', 'b', 'c'], { name: 'names' });

describe('S19: a map whose children last', () => {
  it('has its row while they run, so that the graph of the run is whole', async () => {
    const finish = gate();
    const fit = task(async (name: string) => finish.opened.then(() => name), { name: 'fit' });
    const handle = flow('fits', () => fit.map(names())).start();
    const run = await vi.waitFor(async () => {
      const going = await client().run(handle.id);
      const states = (await going.graph()).nodes.map(({ id, outcome, map }) => [id, outcome?.state, map?.count]);
      expect(states).toEqual([
        ['names#0', 'success', undefined],
        ['fit#0', 'running', 3],
      ]);
      return going;
    }, SOON);
    expect((await run.graph()).edges).toEqual([{ from: 'names#0', to: 'fit#0', kind: 'data', label: 'name' }]);
    expect((await run.task('fit')).state).toBe('running');
    finish.open();
    expect(await handle.result()).toEqual(['a', 'b', 'c']);
    const ended = await recorded(handle.id);
    expect(ended.run.counts).toEqual({ success: 4 });
    expect(ended.task('fit#0')).toMatchObject({ state: 'success', upstream: [{ from: 0, kind: 'data', label: 'name' }] });
  });

  it('S15: is not left running in a run that gave up on them, at any depth', async () => {
    const stuck = task(async (_: number, __: string) => new Promise<never>(() => {}), { name: 'stuck' });
    const inner = flow('inner', () => stuck.map([1, 2], unmapped('x')));
    const handle = flow('outer', () => inner.asTask().map([{}, {}])).start({}, { graceMs: 0 } as never);
    await vi.waitFor(async () => {
      const running = (await recorded(handle.id)).tasks.filter(({ attempts, state }) => attempts === 0 && state === 'running');
      expect(running.map(({ id }) => id).sort()).toEqual(['inner#0', 'inner#0[0].stuck#0', 'inner#0[1].stuck#0']);
    }, SOON);
    await Promise.all([failureOf(handle.result()), handle.cancel('enough')]);
    const { run, states } = await recorded(handle.id);
    expect(run).toMatchObject({ state: 'cancelled', counts: { cancelled: 6 } });
    expect(new Set(Object.values(states))).toEqual(new Set(['cancelled']));
  });
});
