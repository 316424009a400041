import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { flow, limit, task } from '../../../src/index.js';
import { failureOf, gate, holdTime, inHeldTime, inMemory, turns } from './workbench.js';

beforeEach(inMemory);
afterEach(() => void vi.useRealTimers());

/** Counts how many of what it is handed out to run at the same time. */
class Crowd {
  running = 0;
  most = 0;

  readonly visit = async (): Promise<void> => {
    this.most = Math.max(this.most, ++this.running);
    await turns(2);
    this.running--;
  };
}

describe('limits', () => {
  it('S14: one limit bounds all tasks that name it, and no others', async () => {
    const [limited, free] = [new Crowd(), new Crowd()];
    const a = task((_: number) => limited.visit(), { name: 'a', limit: limit('gpu', 2) });
    const b = task((_: number) => limited.visit(), { name: 'b', limit: [limit('gpu', 2), limit('other', 5)] });
    const c = task((_: number) => free.visit(), { name: 'c' });
    await flow('shared', () => {
      for (let n = 0; n < 6; n++) for (const t of [a, b, c]) t(n);
    }).run();
    expect(limited.most).toBe(2);
    expect(free.most).toBe(6);
  });

  it('S14: a limit does not hold up tasks behind it', async () => {
    const [held, passed] = [gate(), gate()];
    const one = limit('one', 1);
    const holds = task((_: number) => held.opened, { name: 'holds', limit: one });
    const free = task(() => passed.open(), { name: 'free' });
    const run = flow('passes', () => {
      holds(1);
      holds(2);
      free();
    }).run({}, { maxWorkers: 2 });
    await passed.opened;
    held.open();
    await run;
  });

  it("S14: a map's own concurrency, the task's limit and the run's slots hold together", async () => {
    const crowd = new Crowd();
    const busy = task((_: number) => crowd.visit(), { name: 'busy', limit: limit('gpu', 3) });
    const twelve = Array.from({ length: 12 }, (_, n) => n);
    const bounded = (concurrency: number) => flow('all three', () => void busy.mapWith({ concurrency })(twelve));
    for (const [concurrency, maxWorkers, most] of [
      [2, 8, 2],
      [5, 8, 3],
      [5, 1, 1],
    ] as const) {
      crowd.most = 0;
      await bounded(concurrency).run({}, { maxWorkers });
      expect(crowd.most).toBe(most);
    }
  });

  it('S13, S14: a task that waits for its next attempt holds no unit of its limit', async () => {
    const done = gate();
    const one = limit('one', 1);
    let tries = 0;
    const flaky = task(
      async () => {
        if (++tries === 1) throw new Error('again');
        await done.opened;
      },
      { name: 'flaky', limit: one, retries: { max: 1, delay: 5 } },
    );
    const other = task(() => done.open(), { name: 'other', limit: one });
    await flow('released', () => {
      flaky();
      other();
    }).run();
    expect(tries).toBe(2);
  });

  it('S14: a failure gives its unit back', async () => {
    const boom = task(
      (_: number) => {
        throw new Error('boom');
      },
      { name: 'boom', limit: limit('one', 1) },
    );
    expect((await failureOf(flow('freed', () => void [1, 2, 3].map((n) => boom(n))).run())).failures).toHaveLength(3);
  });

  it("S14: a flow's default limit bounds its tasks, those of its maps and flows in it too", async () => {
    const crowd = new Crowd();
    const busy = task((_: number) => crowd.visit(), { name: 'busy' });
    const inner = flow('inner', () => void [1, 2, 3].map((n) => busy(n)));
    await flow('default', { defaults: { limit: limit('db', 2) } }, () => {
      busy.map([1, 2, 3]);
      busy(4);
      inner.asTask()();
    }).run();
    expect(crowd.most).toBe(2);
  });

  it('S14: two meanings of one name fail, and name both', async () => {
    const a = task(() => 1, { name: 'a', limit: limit('gpu', 1) });
    const b = task(() => 2, { name: 'b', limit: limit('gpu', 2) });
    const error = await failureOf(flow('conflict', () => [a(), b()]).run());
    expect(error.failures).toMatchObject([{ taskRunId: 'b#0', cause: { code: 'LIMIT_CONFLICT' } }]);
    expect(error.message).toContain("limit 'gpu' has two meanings in this run: 1 at once, and 2 at once");
  });

  it('S14: a rate bounds the starts within any stretch of its length', async () => {
    const starts: number[] = [];
    const call = task((_: number) => void starts.push(performance.now()), { name: 'call', limit: limit('api', 2, { per: 40 }) });
    holdTime();
    await inHeldTime(flow('rate', () => void [1, 2, 3, 4, 5].map((n) => call(n))).run(), 1);
    expect(starts).toHaveLength(5);
    for (let at = 2; at < starts.length; at++) expect((starts[at] as number) - (starts[at - 2] as number)).toBeGreaterThanOrEqual(40);
  });
});

describe('priorities', () => {
  const order: string[] = [];
  const named = (name: string, priority?: number) => task(() => void order.push(name), { name, ...(priority === undefined ? {} : { priority }) });

  beforeEach(() => {
    order.length = 0;
  });

  it('S14: higher first, and among equals in order of their calls', async () => {
    await flow('order', () => {
      for (const [name, priority] of [
        ['low', -1],
        ['plain', undefined],
        ['high', 7],
        ['high2', 7],
        ['top', 9.5],
      ] as const)
        named(name, priority)();
    }).run({}, { maxWorkers: 1 });
    expect(order).toEqual(['top', 'high', 'high2', 'plain', 'low']);
  });

  it('S14: a priority does not let a task pass its own inputs', async () => {
    const last = task((_: unknown) => void order.push('last'), { name: 'last', priority: 100 });
    await flow('inputs', () => void last(named('first', -5)())).run();
    expect(order).toEqual(['first', 'last']);
  });

  it("S14: a flow's default goes for tasks that say nothing", async () => {
    await flow('default', { defaults: { priority: 5 } }, () => {
      named('between', 3)();
      named('default')();
    }).run({}, { maxWorkers: 1 });
    expect(order).toEqual(['default', 'between']);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '3'])('S14: refuses %s as a priority', (priority) => {
    expect(() => named('odd', priority as number)).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
  });
});
