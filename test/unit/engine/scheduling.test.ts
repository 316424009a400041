import { beforeEach, describe, expect, it } from 'vitest';
import { flow, task } from '../../../src/index.js';
import { eventsOf, failureOf, freshHome, gate, inMemory, recorded, statesTold, turns } from './workbench.js';

beforeEach(inMemory);

describe('when nodes start', () => {
  it('S2: a body without await has its whole graph before the first task starts', async () => {
    const order: string[] = [];
    const t = task((name: string) => void order.push(name), { name: 't' });
    await flow('whole', () => {
      t('first');
      t('second');
      order.push('end of body');
    }).run();
    expect(order).toEqual(['end of body', 'first', 'second']);
  });

  it('S2: nodes start without being awaited, and two calls before an await overlap', async () => {
    const both = [gate(), gate()];
    const meets = task(
      async (me: number) => {
        both[me]?.open();
        await both[1 - me]?.opened;
        return me;
      },
      { name: 'meets' },
    );
    const result = await flow('overlap', async () => {
      const [a, b] = [meets(0), meets(1)];
      return [await a, await b];
    }).run();
    expect(result).toEqual([0, 1]);
  });

  it('S3: a body branches and loops on what it awaits', async () => {
    const inc = task((n: number) => n + 1, { name: 'inc' });
    const result = await flow('loop', async () => {
      let n = 0;
      while (n < 10) n = await inc(n);
      return n % 2 === 0 ? inc(n) : n;
    }).run();
    expect(result).toBe(11);
  });

  it("S14: no more than maxWorkers, or the flow's concurrency, run at the same time", async () => {
    let running = 0;
    let most = 0;
    const busy = task(
      async (_: number) => {
        most = Math.max(most, ++running);
        await turns(2);
        running--;
      },
      { name: 'busy' },
    );
    const twelve = flow('twelve', { concurrency: 3 }, () => void Array.from({ length: 12 }, (_, n) => busy(n)));
    await twelve.run();
    expect(most).toBe(3);
    most = 0;
    await twelve.run({}, { maxWorkers: 5 });
    expect(most).toBe(5);
  });

  it.each([0, -1, 1.5, Number.NaN])('S14: maxWorkers %s is refused before anything runs', async (maxWorkers) => {
    let ran = false;
    const refused = flow('refused', () => {
      ran = true;
    }).run({}, { maxWorkers });
    await expect(refused).rejects.toMatchObject({ code: 'RUN_OPTION_INVALID', message: expect.stringContaining(`got ${maxWorkers}`) });
    expect(ran).toBe(false);
  });

  it('a long run of synchronous tasks lets timers in', async () => {
    const order: string[] = [];
    const spin = task(
      (_: number) => {
        const until = performance.now() + 3;
        while (performance.now() < until);
        order.push('task');
      },
      { name: 'spin' },
    );
    await flow('polite', () => {
      setTimeout(() => order.push('timer'), 1);
      for (let n = 0; n < 12; n++) spin(n);
    }).run();
    expect(order.indexOf('timer')).toBeGreaterThan(-1);
    expect(order.indexOf('timer')).toBeLessThan(12);
  });
});

describe('the way of one task run', () => {
  it('S10: every change is told, in order, and the final one is the recorded one', async () => {
    freshHome();
    const ok = task(async () => 1, { name: 'ok' });
    const boom = task(
      (_: unknown) => {
        throw new Error('boom');
      },
      { name: 'boom' },
    );
    const never = task((_: unknown) => 1, { name: 'never' });
    const handle = flow('told', () => never(boom(ok()))).start();
    const told = statesTold(await eventsOf(handle));
    await failureOf(handle.result());
    expect(told).toEqual({
      'ok#0': ['pending', 'queued', 'running', 'success'],
      'boom#0': ['pending', 'queued', 'running', 'failed'],
      'never#0': ['pending', 'upstream-failed'],
    });
    const record = await recorded(handle.id);
    expect(record.states).toEqual({ 'ok#0': 'success', 'boom#0': 'failed', 'never#0': 'upstream-failed' });
    expect(record.run.counts).toEqual({ success: 1, failed: 1, 'upstream-failed': 1 });
    expect(record.task('ok#0').attemptRows).toMatchObject([
      { attempt: 1, state: 'success', changes: expect.stringMatching(/^queued@-?[\d.]+ running@0 success@[\d.]+$/) },
    ]);
    expect(record.task('never#0').attemptRows).toEqual([]);
  });

  it('S10: recorded times never run backwards', async () => {
    freshHome();
    const t = task((n: number) => n, { name: 't' });
    const handle = flow('times', async () => {
      for (const future of [1, 2, 3, 4].map((n) => t(t(n)))) await future;
    }).start();
    await handle.result();
    for (const { createdAt, startedAt = 0, finishedAt = 0, attemptRows } of (await recorded(handle.id)).tasks) {
      expect(createdAt).toBeLessThanOrEqual(startedAt);
      expect(startedAt).toBeLessThanOrEqual(finishedAt);
      const times = (attemptRows[0]?.changes ?? '').split(' ').map((change) => Number(change.split('@')[1]));
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
  });

  it('S10: an attempt begins when its function is called, whatever ran before it in the same turn; it was queued before that', async () => {
    freshHome();
    const busy = task(
      async (ms: number) => {
        const until = performance.now() + ms;
        while (performance.now() < until);
        await null;
      },
      { name: 'busy' },
    );
    const handle = flow('turn', () => [busy(4), busy(4), busy(0)]).start();
    await handle.result();
    const { tasks } = await recorded(handle.id);
    const [first, second, third] = tasks.map(({ startedAt = 0 }) => startedAt) as [number, number, number];
    expect(second - first).toBeGreaterThanOrEqual(4);
    expect(third - second).toBeGreaterThanOrEqual(4);
    for (const { createdAt, startedAt, attemptRows } of tasks) {
      expect(createdAt).toBeLessThanOrEqual(startedAt as number);
      expect(Number(/^queued@(\S+)/.exec(attemptRows[0]?.changes ?? '')?.[1])).toBeLessThan(0);
    }
  });

  it('S10: a result that cannot be stored is a failure', async () => {
    freshHome();
    const bad = task(() => ({ models: [{ predict: () => 1 }] }), { name: 'bad' });
    const error = await failureOf(flow('unstorable', () => bad()).run());
    expect(error.failures[0]?.cause).toMatchObject({ code: 'RESULT_NOT_STORABLE', message: expect.stringContaining('.models[0].predict') });
  });

  it('S9: a task may name each of its runs; a naming function that throws harms nothing', async () => {
    freshHome();
    const named = task((n: number) => n, {
      name: (n: number) => {
        if (n === 2) throw new Error('no name');
        return `number ${n}`;
      },
    });
    const handle = flow('labels', () => [named(1), named(2)]).start();
    expect(await handle.result()).toEqual([1, 2]);
    expect((await recorded(handle.id)).tasks.map(({ label }) => label || undefined)).toEqual(['number 1', undefined]);
  });
});
