import { beforeEach, describe, expect, it } from 'vitest';
import { cache, Fail, flow, task } from '../../../src/index.js';
import { freshHome, gate, recorded, turns } from './workbench.js';

beforeEach(() => void freshHome());

const options = { version: '1', cache: cache.default } as const;

describe('identical cached calls of two runs', () => {
  it('S24: execute once; the run that waits takes the result of the other', async () => {
    const started = gate();
    const finish = gate();
    let ran = 0;
    const slow = task(
      async (n: number) => {
        ran++;
        started.open();
        await finish.opened;
        return { n };
      },
      { name: 'slow', ...options },
    );
    const first = flow('first', () => slow(1)).run();
    await started.opened;
    const second = flow('second', () => slow(1)).run();
    await turns();
    finish.open();
    expect([await first, await second, ran]).toEqual([{ n: 1 }, { n: 1 }, 1]);
    expect((await recorded('second/latest')).states).toEqual({ 'slow#0': 'cached' });
  });

  it('S24: who waits holds no slot', async () => {
    const started = gate();
    const finish = gate();
    const slow = task(
      async () => {
        started.open();
        await finish.opened;
        return 1;
      },
      { name: 'slow', ...options },
    );
    const free = task(() => finish.open(), { name: 'free' });
    const first = flow('first', () => slow()).run();
    await started.opened;
    await flow('second', { concurrency: 1 }, () => [slow(), free()]).run();
    await first;
    expect((await recorded('second/latest')).states).toEqual({ 'slow#0': 'cached', 'free#0': 'success' });
  });

  it('S24, S25: a failure is no answer: the next one tries itself', async () => {
    const started = gate();
    const finish = gate();
    let ran = 0;
    const shaky = task(
      async () => {
        ran++;
        started.open();
        await finish.opened;
        if (ran === 1) throw new Fail('the first time');
        return ran;
      },
      { name: 'shaky', ...options },
    );
    const first = flow('first', () => shaky().orElse(0)).run();
    await started.opened;
    const second = flow('second', () => shaky()).run();
    await turns();
    finish.open();
    expect([await first, await second]).toEqual([0, 2]);
  });

  it('S15: a run that waits for another can be cancelled', async () => {
    const started = gate();
    const finish = gate();
    const slow = task(
      async () => {
        started.open();
        await finish.opened;
        return 1;
      },
      { name: 'slow', ...options },
    );
    const first = flow('first', () => slow()).run();
    await started.opened;
    const second = flow('second', () => slow()).start();
    const ended = second.result().catch(() => 'rejected');
    await turns();
    await second.cancel();
    expect([await ended, second.state]).toEqual(['rejected', 'cancelled']);
    finish.open();
    expect(await first).toBe(1);
  });
});
