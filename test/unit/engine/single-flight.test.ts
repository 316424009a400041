import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, task } from '../../../src/index.js';
import { failureOf, freshHome, gate, recorded, turns } from './workbench.js';

beforeEach(() => void freshHome());

const options = { version: '1', cache: cache.default } as const;

describe('identical cached calls within one run', () => {
  it('S24: execute once, also while the first is pending', async () => {
    let ran = 0;
    const finish = gate();
    const slow = task(
      async (n: number) => {
        ran++;
        await finish.opened;
        return { n };
      },
      { name: 'slow', ...options },
    );
    const result = await flow('once', async () => {
      const three = [slow(1), slow(1), slow(1)];
      await turns();
      finish.open();
      return [await three[0], await three[1], await three[2], await slow(1)];
    }).run();
    expect([ran, result]).toEqual([1, [{ n: 1 }, { n: 1 }, { n: 1 }, { n: 1 }]]);
    const { states, task: row } = await recorded('once/latest');
    expect(states).toEqual({ 'slow#0': 'success', 'slow#1': 'cached', 'slow#2': 'cached', 'slow#3': 'cached' });
    expect(row('slow#2')).toMatchObject({ reason: undefined, origin: { index: 0 } });
  });

  it('S24: equal by value, though they come from different upstreams', async () => {
    let ran = 0;
    const give = task((_: string) => [1, 2], { name: 'give' });
    const use = task((_: number[]) => ++ran, { name: 'use', ...options });
    expect(await flow('by-value', () => [use(give('a')), use(give('b'))]).run()).toEqual([1, 1]);
  });

  it('S24: with one slot, and who waits holds none', async () => {
    const other = gate();
    const leads = task(
      async () => {
        await other.opened;
        return 1;
      },
      { name: 'leads', ...options },
    );
    const frees = task(() => other.open(), { name: 'frees' });
    expect(
      await flow('one-slot', { concurrency: 2 }, () => {
        const both = [leads(), leads()];
        frees();
        return both;
      }).run(),
    ).toEqual([1, 1]);
  });

  it('S24: when the first fails, the next one tries', async () => {
    let tries = 0;
    const flaky = task(
      async () => {
        if (++tries === 1) throw new Error('first');
        return tries;
      },
      { name: 'flaky', ...options },
    );
    const result = await flow('flaky', async () => {
      const [a, b, c] = [flaky(), flaky(), flaky()];
      return [await a.catch(() => 'failed'), await b, await c];
    }).run();
    expect(result).toEqual(['failed', 2, 2]);
  });

  it('S24, S28: forced, they execute once too', async () => {
    let ran = 0;
    const t = task(() => ++ran, { name: 't', ...options });
    const f = flow('forced', async () => [await t(), await t(), await Promise.all([t(), t()])]);
    await f.run();
    expect(await f.run({}, { force: true })).toEqual([2, 2, [2, 2]]);
    expect(ran).toBe(2);
  });

  it('S15: a cancelled run leaves nobody waiting for the first', async () => {
    const reached = gate();
    const t = task(
      async () => {
        reached.open();
        await new Promise(() => {});
      },
      { name: 't', ...options },
    );
    const handle = flow('cancelled', () => [t(), t()]).start({}, { graceMs: 0 } as object);
    await reached.opened;
    await handle.cancel();
    await failureOf(handle.result());
    expect((await recorded(handle.id)).states).toEqual({ 't#0': 'cancelled', 't#1': 'cancelled' });
  });
});
