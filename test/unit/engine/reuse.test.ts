import { beforeEach, describe, expect, it } from 'vitest';
import { all, cache, flow, param, type TaskOptions, task } from '../../../src/index.js';
import { failureOf, freshHome, inMemory, recorded, statesOfLatest } from './workbench.js';

/** Counts executions by name: what counts is which bodies ran. */
let ran: string[] = [];

beforeEach(() => {
  freshHome();
  ran = [];
});

/** A cached task whose variables do not matter: its version stands for its code. */
function cached<A extends unknown[], R>(name: string, fn: (...args: A) => R, options: TaskOptions<A, Awaited<R>> = {}) {
  return task<A, Awaited<R>>(
    (...args) => {
      ran.push(name);
      return fn(...args) as Awaited<R>;
    },
    { name, version: '1', cache: cache.default, ...options },
  );
}

async function ranIn(run: () => Promise<unknown>): Promise<string[]> {
  ran = [];
  await run();
  return ran;
}

describe('reuse across runs', () => {
  it('S20: is asked for by the task, or by the flow for all its tasks; false on a task wins', async () => {
    const t = task(() => void ran.push('plain'), { name: 'plain', version: '1' });
    const never = task(() => void ran.push('never'), { name: 'never', version: '1', cache: false });
    const plain = flow('plain-flow', () => [t(), t.with({ cache: cache.default })()]);
    const whole = flow('whole-flow', { cache: cache.default }, () => [t(), never()]);
    await plain.run();
    expect(await ranIn(() => plain.run())).toEqual(['plain']);
    await whole.run();
    expect(await ranIn(() => whole.run())).toEqual(['never']);
  });

  it('S20: a hit takes no slot, runs nothing, and knows where it comes from', async () => {
    const t = cached('t', (n: number) => n * 2);
    const f = flow('hit', () => t(2));
    const first = f.start();
    expect(await first.result()).toBe(4);
    expect(await ranIn(() => f.run())).toEqual([]);
    const { states, task: row } = await recorded('hit/latest');
    expect(states).toEqual({ 't#0': 'cached' });
    expect(row('t#0')).toMatchObject({ attempts: 0, reason: undefined, origin: { run: first.id, index: 0 }, attemptRows: [] });
    expect(await (await f.latest())?.output(t)).toBe(4);
  });

  it('S20: works in memory, within a process', async () => {
    inMemory();
    const t = cached('in-memory', () => ({ n: 1 }));
    const f = flow('memory', () => t());
    expect(await ranIn(() => f.run())).toEqual(['in-memory']);
    expect(await ranIn(() => f.run())).toEqual([]);
    expect(await f.run()).toEqual({ n: 1 });
  });

  it('S21: 1, "1", 1n, true, null, undefined, NaN and -0 are different inputs; key order is none', async () => {
    const t = cached('t', (value: unknown) => typeof value);
    const inputs = [1, '1', 1n, true, null, undefined, Number.NaN, -0, 0, [1], { a: 1, b: 2 }, new Map([[1, 2]]), new Set([1]), new Date(0)];
    const f = flow('inputs', () => void inputs.map((value) => t(value)));
    expect((await ranIn(() => f.run())).length).toBe(inputs.length);
    expect(await ranIn(() => flow('order', () => t({ b: 2, a: 1 })).run())).toEqual([]);
  });

  it('S21: an upstream that ran again to the same value leaves downstream cached (early cut-off)', async () => {
    let source = [3, 1];
    const load = task(
      () => {
        ran.push('load');
        return source;
      },
      { name: 'load' },
    );
    const parity = cached('parity', (rows: number[]) => rows.map((n) => n % 2));
    const report = cached('report', (bits: number[]) => bits.join());
    const f = flow('cut-off', () => report(parity(load())));
    await f.run();
    expect(await ranIn(() => f.run())).toEqual(['load']);
    source = [5, 7];
    expect(await ranIn(() => f.run())).toEqual(['load', 'parity']);
    expect(await statesOfLatest('cut-off')).toEqual({ 'load#0': 'success', 'parity#0': 'success', 'report#0': 'cached' });
  });

  it('S21: a named output that did not change leaves its readers cached; a part of any result counts with the whole', async () => {
    let rows = { train: [1], test: [1], note: 'a' };
    const split = task(() => rows, { name: 'split', outputs: { train: undefined as never, test: undefined as never } });
    const learn = cached('learn', (train: number[]) => train.length);
    const score = cached('score', (first: number | undefined) => first);
    const f = flow('outputs', () => {
      const { train, test } = split();
      return [learn(train), score(test.get(0))];
    });
    await f.run();
    rows = { train: [1], test: [2], note: 'b' };
    expect(await ranIn(() => f.run())).toEqual(['score']);
    expect(await f.run()).toEqual([1, 2]);
  });

  it('S21: lists of futures, futures in objects, all(), orElse() and outcome() count by what they stand for', async () => {
    let n = 1;
    const source = task(() => n, { name: 'source' });
    const boom = task(
      (): number => {
        throw new Error(`boom ${n}`);
      },
      { name: 'boom' },
    );
    const sum = cached('sum', (values: readonly number[]) => values.length);
    const named = cached('named', (values: { a: { b: number } }) => values.a.b);
    const told = cached('told', (end: unknown) => typeof end);
    const f = flow('shapes', () => [
      sum([source(), 5]),
      named({ a: { b: source() } }),
      sum(all([source(), 6])),
      sum(all([source().orElse(0), boom().orElse(7)])),
      told(boom().outcome()),
    ]);
    expect((await ranIn(() => f.run())).length).toBe(5);
    expect(await ranIn(() => f.run())).toEqual([]);
    n = 2;
    expect((await ranIn(() => f.run())).length).toBe(5);
  });

  it('S21: a result that is not kept counts by its value', async () => {
    let n = 1;
    const source = task(() => ({ n }), { name: 'source', persist: false });
    const use = cached('use', (data: { n: number }) => data.n);
    const f = flow('not-kept', () => use(source()));
    await f.run();
    expect(await ranIn(() => f.run())).toEqual([]);
    n = 2;
    expect(await ranIn(() => f.run())).toEqual(['use']);
  });

  it('S21: an input without a digest makes a run, never a hit', async () => {
    const source = task(() => ({ f: () => 1 }), { name: 'source', persist: false });
    const use = cached('use', (_: unknown) => 1);
    const f = flow('no-digest', () => [use(source()), use(() => 2)]);
    await f.run();
    expect(await ranIn(() => f.run())).toEqual(['use', 'use']);
    expect((await recorded('no-digest/latest')).task('use#0').reason).toEqual({ kind: 'not-cached', detail: "the argument 'args' has no digest" });
  });

  it('S23: going back to an earlier input, or version, hits again', async () => {
    const t = cached('t', (n: number) => n);
    const f = flow('history', { params: { n: param({ default: 1 }), version: param({ default: '1' }) } }, ({ n, version }) => t.with({ version })(n));
    for (const params of [{ n: 1 }, { n: 2 }, { n: 1, version: '2' }]) expect(await ranIn(() => f.run(params))).toEqual(['t']);
    for (const params of [{ n: 1 }, { n: 2 }, { n: 1, version: '2' }]) expect(await ranIn(() => f.run(params))).toEqual([]);
  });

  it('S25: a failure is never a hit', async () => {
    let fails = true;
    const t = cached('t', () => {
      if (fails) throw new Error('boom');
      return 1;
    });
    const f = flow('failing', () => t());
    await failureOf(f.run());
    fails = false;
    expect(await ranIn(() => f.run())).toEqual(['t']);
    expect(await ranIn(() => f.run())).toEqual([]);
  });

  it('S9: nodeKeys are the same from run to run, whatever finishes first', async () => {
    const t = task(async (n: number, _?: unknown) => n, { name: 't' });
    const f = flow('keys', () => [t(1), t(1), t(2, t(1)), t(3, { deep: [t(4)] })]);
    const keys: unknown[] = [];
    for (const maxWorkers of [1, 8]) {
      await f.run({}, { maxWorkers });
      keys.push((await recorded('keys/latest')).tasks.map(({ id, nodeKey }) => [id, nodeKey]));
    }
    expect(keys[0]).toEqual(keys[1]);
    expect(new Set((keys[0] as string[][]).map(([, key]) => key)).size).toBe(6);
  });
});
