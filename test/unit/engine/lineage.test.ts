import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, task } from '../../../src/index.js';
import { freshHome, gate, recorded } from './workbench.js';

let ran = 0;

beforeEach(() => {
  freshHome();
  ran = 0;
});

interface Config {
  rate: number;
}

const config = task((): Config => ({ rate: 1 }), { name: 'config' });
const train = task(
  (settings: Config) => {
    ran++;
    return settings.rate * 10;
  },
  { name: 'train', version: '1', cache: cache.default },
);

describe('an awaited object that is passed on', () => {
  it('S3: keeps its lineage: the edge is one of data', async () => {
    await flow('lineage', async () => {
      const settings = await config();
      return train(settings);
    }).run();
    const { task: row } = await recorded('lineage/latest');
    const from = row('config#0').index;
    expect(row('train#0').upstream).toEqual([
      { from, kind: 'data', label: 'settings' },
      { from, kind: 'control' },
    ]);
  });

  it('S3: what was called under its knowledge has a control edge, transitively reduced', async () => {
    const free = task((_: unknown) => 1, { name: 'free' });
    await flow('control', async () => {
      const a = await free('a');
      const b = await free(`b${a}`);
      await Promise.all([free(`c${b}`), free(`d${b}`)]);
      free('e');
    }).run();
    const { tasks } = await recorded('control/latest');
    expect(tasks.map(({ upstream }) => upstream.map(({ from, kind }) => `${kind} ${from}`))).toEqual([
      [],
      ['control 0'],
      ['control 1'],
      ['control 1'],
      ['control 2', 'control 3'],
    ]);
  });

  it('S3: a body that awaits one by one and calls in between leaves an edge or two for each call, however many it has awaited', async () => {
    const step = task((_: number) => 1, { name: 'step' });
    await flow('interleaved', async () => {
      const futures = Array.from({ length: 300 }, (_, n) => step(n));
      for (const future of futures) {
        await future;
        step(0);
      }
    }).run();
    const { tasks } = await recorded('interleaved/latest');
    expect(Math.max(...tasks.map(({ upstream }) => upstream.length))).toBe(2);
  });

  it('S21: counts by its value, as its future does', async () => {
    const f = flow('either', async () => [await train(config()), await train(await config())]);
    expect(await f.run()).toEqual([10, 10]);
    expect(ran).toBe(1);
  });

  it('S21: changed by the body, it is another input', async () => {
    const f = (rate: number | undefined) =>
      flow('changed', async () => {
        const settings = await config();
        if (rate !== undefined) settings.rate = rate;
        return train(settings);
      });
    expect(await f(undefined).run()).toBe(10);
    expect(await f(2).run()).toBe(20);
    expect(await f(undefined).run()).toBe(10);
    expect(await f(2).run()).toBe(20);
    expect(ran).toBe(2);
  });

  it('S21: changed after the call, while the call waits for a slot, its result is not reused under the old value', async () => {
    const busy = gate();
    const started = gate();
    const occupy = task(
      async () => {
        started.open();
        await busy.opened;
      },
      { name: 'occupy' },
    );
    const late = flow('late', { concurrency: 1 }, async () => {
      const settings = await config();
      occupy();
      const trained = train(settings);
      await started.opened;
      settings.rate = 7;
      busy.open();
      return trained;
    });
    expect(await late.run()).toBe(70);
    expect((await recorded('late/latest')).task('train#0')).toMatchObject({ state: 'success', cacheKey: undefined });
    expect(await flow('calm', async () => train(await config())).run()).toBe(10);
  });

  it('S21: the same holds for any object of the body', async () => {
    const finish = gate();
    const started = gate();
    const slow = task(
      async (settings: Config) => {
        started.open();
        await finish.opened;
        return settings.rate;
      },
      { name: 'slow', version: '1', cache: cache.default },
    );
    const changing = flow('changing', async () => {
      const settings = { rate: 1 };
      const result = slow(settings);
      await started.opened;
      settings.rate = 2;
      finish.open();
      return result;
    });
    expect(await changing.run()).toBe(2);
    expect(await flow('steady', () => slow({ rate: 1 })).run()).toBe(1);
  });
});
