import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, limit, task } from '../../../src/index.js';
import { failureOf, freshHome, gate, inMemory, recorded, turns } from '../engine/workbench.js';

beforeEach(inMemory);

describe("what a task says goes before its flow's defaults", () => {
  it('S14: priority 0', async () => {
    const order: string[] = [];
    const named = (name: string, priority?: number) => task(() => void order.push(name), { name, ...(priority === undefined ? {} : { priority }) });
    await flow('priorities', { defaults: { priority: 5 } }, () => {
      named('none', 0)();
      named('three', 3)();
      named('default')();
      named('again', 4).with({ priority: 0 })();
    }).run({}, { maxWorkers: 1 });
    expect(order).toEqual(['default', 'three', 'none', 'again']);
  });

  it('S13: retries 0', async () => {
    let tries = 0;
    const boom = task(
      () => {
        tries++;
        throw new Error('boom');
      },
      { name: 'boom', retries: 0 },
    );
    await failureOf(flow('retries', { defaults: { retries: 3 } }, () => boom()).run());
    expect(tries).toBe(1);
  });

  it('S13: a longer timeout, or none', async () => {
    const done = gate();
    const slow = (name: string, timeout: number) => task(() => done.opened, { name, timeout });
    const run = flow('timeouts', { defaults: { timeout: 1 } }, () => [slow('longer', 60_000)(), slow('none', Number.POSITIVE_INFINITY)()]).run();
    await new Promise((resolve) => setTimeout(resolve, 20));
    done.open();
    expect(await run).toEqual([undefined, undefined]);
  });

  it('S20: cache false', async () => {
    freshHome();
    let calls = 0;
    const count = task(() => ++calls, { name: 'count', cache: false });
    const counted = flow('cached', { defaults: { cache: cache.default } }, () => count());
    await counted.run();
    expect(await counted.run()).toBe(2);
    expect((await recorded('cached/latest')).states).toEqual({ 'count#0': 'success' });
  });

  it('S14: no limit', async () => {
    let [inside, most] = [0, 0];
    const busy = task(
      async (_: number) => {
        most = Math.max(most, ++inside);
        await turns(2);
        inside--;
      },
      { name: 'busy', limit: [] },
    );
    await flow('limits', { defaults: { limit: limit('one', 1) } }, () => void [1, 2, 3].map((n) => busy(n))).run();
    expect(most).toBe(3);
  });
});

describe('what a flow says for its tasks goes with it into another', () => {
  /** Fails so many times, then gives how often it was called. */
  const flaky = (fails: number) => {
    let calls = 0;
    return task(
      () => {
        if (++calls <= fails) throw new Error(`call ${calls}`);
        return calls;
      },
      { name: 'flaky' },
    );
  };

  it('S7, S13: retries, however deep, and over what the outer flow says', async () => {
    const tried = flaky(2);
    const inner = flow('inner', { defaults: { retries: 2 } }, () => tried());
    const middle = flow('middle', () => inner.asTask()());
    expect(await flow('outer', { defaults: { retries: 0 } }, () => middle.asTask()()).run()).toBe(3);
    const once = flaky(1);
    const silent = flow('silent', () => once());
    expect(await flow('outer', { defaults: { retries: 1 } }, () => silent.asTask()()).run()).toBe(2);
  });

  it('S7, S8: in maps of it, and of its tasks', async () => {
    const tried = flaky(2);
    const inner = flow('inner', { defaults: { retries: 2 } }, () => tried());
    expect(await flow('outer', () => inner.asTask().map([{}, {}] as never)).run()).toEqual(expect.arrayContaining([3, 4]));
    let calls = 0;
    const each = task(
      (n: number) => {
        if (calls++ === 0) throw new Error('once');
        return n;
      },
      { name: 'each' },
    );
    const mapped = flow('mapped', { defaults: { retries: 1 } }, () => each.map([1, 2]));
    expect(await flow('outer', () => mapped.asTask()()).run()).toEqual([1, 2]);
  });

  it('S7, S20: the cache of its tasks, which preview knows of', async () => {
    freshHome();
    let calls = 0;
    const count = task(() => ++calls, { name: 'count', version: '1' });
    const inner = flow('inner', { cache: cache.default }, () => count());
    const outer = flow('outer', () => [inner.asTask()(), inner.asTask()()]);
    await outer.run();
    expect(await outer.run()).toEqual([1, 1]);
    const { nodes } = await outer.preview();
    expect(Object.fromEntries(nodes.map(({ id, state }) => [id, state]))).toMatchObject({ 'inner#0.count#0': 'complete' });
    const alone = flow('alone', { cache: false }, () => inner.asTask()());
    expect(await alone.run()).toBe(1);
  });
});
