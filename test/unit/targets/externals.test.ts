import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cache, externalTask, flow, localStore, memoryStore, param, type ResultStore, task } from '../../../src/index.js';
import { eventsOf, failureOf, freshHome, passUntil, recorded, turns } from '../engine/workbench.js';

let root = '';
let ran: string[] = [];
beforeEach(() => {
  root = freshHome();
  ran = [];
  vi.stubEnv('MILLRACE_HOME', join(root, '.millrace'));
});
afterEach(() => void vi.useRealTimers());

function put(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** Time passes only where the test says so; files and the record go on as ever. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
}

const length = task(
  (rows: unknown[]) => {
    ran.push('length');
    return rows.length;
  },
  { name: 'length', version: '1', cache: cache.default },
);

describe('externalTask', () => {
  const prices = externalTask<{ p: number }[]>('prices', { target: 'incoming/prices.csv', poll: '1s' });
  const f = flow('external', () => length(prices()));

  it('gives what lies there, which stays where it is', async () => {
    put('incoming/prices.csv', 'p\n1\n2\n');
    const handle = f.start();
    expect(await handle.result()).toBe(2);
    const { states, task: row } = await recorded(handle.id);
    expect(states).toEqual({ 'prices#0': 'success', 'length#0': 'success' });
    expect(row('prices#0').artifacts[0]!.ref).toMatchObject({ key: 'incoming/prices.csv', bytes: 6 });
  });

  it('is read anew in each run; what comes after counts it by its content', async () => {
    put('incoming/prices.csv', 'p\n1\n2\n');
    await f.run();
    ran = [];
    expect([await f.run(), ran]).toEqual([2, []]);
    put('incoming/prices.csv', 'p\n1\n2\n3\n');
    expect([await f.run(), ran]).toEqual([3, ['length']]);
    expect((await f.preview()).nodes.map(({ state, target }) => [state, target])).toEqual([
      ['complete', 'incoming/prices.csv'],
      ['complete', undefined],
    ]);
    rmSync(join(root, 'incoming/prices.csv'));
    expect((await f.preview()).nodes[0]).toMatchObject({
      state: 'pending',
      why: { kind: 'missing', detail: "'incoming/prices.csv': it is not there" },
    });
  });

  it('waits until it is there and can be decoded, holding no slot, and says so', async () => {
    holdTime();
    const data = externalTask<number[]>('data', { target: 'in/data.json', poll: '5s' });
    const other = task(() => void ran.push('other'), { name: 'other' });
    const handle = flow('waits', { concurrency: 1 }, () => {
      other();
      return length(data());
    }).start();
    const events = eventsOf(handle);
    let ended = false;
    const result = handle.result().finally(() => {
      ended = true;
    });
    const before = Date.now();
    await passUntil(() => ran.includes('other'), 1);
    await passUntil(() => Date.now() - before > 50, 1_000);
    expect([ended, ran]).toEqual([false, ['other']]);
    put('in/data.json', '[1, 2');
    await passUntil(() => Date.now() - before > 150, 1_000);
    expect(ended).toBe(false);
    put('in/data.json', '[1, 2]');
    await passUntil(() => ended, 1_000);
    expect(await result).toBe(2);
    vi.useRealTimers();
    const told = (await events).filter(({ type }) => type === 'log').map(({ data: line }) => (line as { text: string }).text);
    expect(told).toEqual(["waits for 'in/data.json': it is not there"]);
  });

  it('ends as timed-out, saying what it waited for', async () => {
    holdTime();
    const data = externalTask('data', { target: 'in/{param.day}.json', poll: '5s', timeout: '1m' });
    const run = failureOf(flow('late', { params: { day: param({ default: 'mo' }) } }, () => data()).run());
    let error: Awaited<typeof run> | undefined;
    void run.then((failure) => {
      error = failure;
    });
    expect(await passUntil(() => error !== undefined, 1_000)).toBeGreaterThanOrEqual(60_000);
    vi.useRealTimers();
    expect(error!.failures[0]).toMatchObject({ code: 'TASK_TIMED_OUT' });
    expect(error!.failures[0]!.cause).toMatchObject({
      code: 'EXTERNAL_TIMED_OUT',
      message: "'data#0' waited 60000 ms for 'in/mo.json', in vain: it is not there",
    });
    expect((await recorded('late/latest')).states).toEqual({ 'data#0': 'timed-out' });
  });

  it('a cancelled run waits no longer', async () => {
    const data = externalTask('data', { target: 'in/never.json', poll: '1h' });
    const handle = flow('cancelled', () => data()).start();
    await turns(30);
    await handle.cancel();
    expect(await failureOf(handle.result())).toMatchObject({ code: 'RUN_CANCELLED' });
  });

  it('a store that cannot be asked is a failure at once: it says nothing of the data', async () => {
    const store: ResultStore = {
      scheme: 'odd',
      head: async () => undefined,
      read: async () => await Promise.reject(new Error('refused')),
      write: async () => ({ created: true }),
      delete: async () => undefined,
      async *list() {},
    };
    const data = externalTask('data', { target: 'a.txt', store, poll: '1h' });
    expect((await failureOf(flow('refused', () => data()).run())).failures[0]).toMatchObject({ code: 'TASK_FAILED', cause: { message: 'refused' } });
  });

  it('in a store of its own; without a target it is none; inside a task it cannot be called', async () => {
    const store = localStore(join(root, 'elsewhere'));
    put('elsewhere/a.txt', 'hello');
    const data = externalTask<string>('data', { target: 'a.txt', store });
    expect(await flow('store', () => data()).run()).toBe('hello');
    expect(() => externalTask('data', {} as never)).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
    expect(() => externalTask('data', { target: 'a', poll: 0 })).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
    const inside = task(() => data(), { name: 'inside' });
    expect((await failureOf(flow('inside', () => inside()).run())).failures[0]!.cause).toMatchObject({ code: 'EXTERNAL_NOT_CALLABLE' });
  });

  it('does not freeze its address to others: what another task made is read', async () => {
    const made = task((n: number) => [n], { name: 'made', target: 'm.json', version: '1' });
    const read = externalTask<number[]>('read', { target: 'm.json' });
    await flow('makes', () => made(1)).run();
    expect(await flow('reads', () => read()).run()).toEqual([1]);
    expect(await flow('both', () => read.after(made(2))()).run()).toEqual([2]);
  });
});

describe('task.external', () => {
  const square = task(
    (n: number) => {
      ran.push(`square ${n}`);
      return n * n;
    },
    { name: 'square', version: '1' },
  );
  const cached = square.with({ cache: cache.default });

  it('finds what the record has of the same code and inputs, and computes nothing', async () => {
    await flow('makes', () => cached(3)).run();
    ran = [];
    const f = flow('relies', () => square.external()(3));
    expect((await f.preview()).nodes[0]).toMatchObject({ state: 'complete' });
    expect([await f.run(), ran]).toEqual([9, []]);
    expect((await recorded('relies/latest')).states).toEqual({ 'square#0': 'cached' });
  });

  it('waits for another run to compute it', async () => {
    let waiting = false;
    const g = flow('relies', () => square.external({ poll: 5 })(4));
    const handle = g.start();
    const result = handle.result();
    for await (const { type } of handle.events()) {
      if (type !== 'log') continue;
      waiting = true;
      break;
    }
    expect(waiting).toBe(true);
    await flow('makes', () => cached(4)).run();
    expect(await result).toBe(16);
    expect(ran).toEqual(['square 4']);
    expect((await recorded(handle.id)).task('square#0').artifacts).toHaveLength(1);
    // What it gave can be looked up as any other result.
    expect(await (await g.latest())?.output(square)).toBe(16);
  });

  it('gives up in time, and says why there is nothing', async () => {
    await flow('makes', () => cached(5)).run();
    const error = await failureOf(flow('relies', () => square.external({ timeout: 1, poll: 1 })(6)).run());
    expect(error.failures[0]!.cause).toMatchObject({
      code: 'EXTERNAL_TIMED_OUT',
      message: expect.stringContaining("for a result of 'square' for these inputs, computed by others, in vain: input-changed: n: 5 -> 6"),
    });
    expect(ran).toEqual(['square 5']);
  });

  it('with a target: whatever lies there, in the store that is named', async () => {
    const team = memoryStore();
    const rows = task(
      (n: number) => {
        ran.push('rows');
        return [n];
      },
      { name: 'rows', target: 'rows-{input.n}.json' },
    );
    await team.write('rows-2.json', Buffer.from('[7,8]'));
    expect(await flow('theirs', () => length(rows.external({ from: team })(2))).run()).toBe(2);
    await team.write('rows-2.json', Buffer.from('[7,8,9]'));
    expect(await flow('theirs', () => length(rows.external({ from: team })(2))).run()).toBe(3);
    expect(ran).toEqual(['length', 'length']);
    expect(await flow('map', () => rows.external({ from: team }).map([2])).run()).toEqual([[7, 8, 9]]);
    expect((await flow('map', () => rows.external({ from: team }).map([2])).preview()).nodes[0]).toMatchObject({ state: 'complete' });
  });

  it('is not tried again, nor bounded by the flow’s timeout for attempts', async () => {
    holdTime();
    const data = externalTask<number>('data', { target: 'x.json', poll: '10s' });
    let ended = false;
    const run = flow('slow', { defaults: { timeout: '1s', retries: 3 } }, () => data())
      .run()
      .finally(() => {
        ended = true;
      });
    const began = Date.now();
    await passUntil(() => Date.now() - began > 80, 1_000);
    expect(ended).toBe(false);
    put('x.json', '1');
    await passUntil(() => ended, 1_000);
    expect(await run).toBe(1);
  });
});
