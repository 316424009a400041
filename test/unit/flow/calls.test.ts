import { beforeEach, describe, expect, it } from 'vitest';
import { FlowClosedError, type Future, flow, task } from '../../../src/index.js';
import { failureOf, gate, inMemory, turns } from '../engine/workbench.js';

beforeEach(inMemory);

const one = task(() => 1, { name: 'one' });
const inc = task((n: number) => n + 1, { name: 'inc' });

describe('calling a task in a body', () => {
  it('S1: gives a future at once and runs nothing yet; ids count per task', async () => {
    let ran = 0;
    const t = task(() => ++ran, { name: 't' });
    await flow('calls', () => {
      const futures = [t(), t(), inc(1)];
      expect(futures.map(({ id, taskName, state }) => [id, taskName, state])).toEqual([
        ['t#0', 't', 'pending'],
        ['t#1', 't', 'pending'],
        ['inc#0', 'inc', 'pending'],
      ]);
      expect(ran).toBe(0);
    }).run();
    expect(ran).toBe(2);
  });

  it('S1: finds futures nested in plain objects and arrays, and hands over values; the containers of the caller stay as they are', async () => {
    const seen = task((input: unknown) => input, { name: 'seen' });
    let given: unknown;
    const plain = { deep: [{ a: 1 }] };
    const result = await flow('nested', () => {
      const bare = Object.assign(Object.create(null) as object, { n: one() });
      given = { list: [one(), { x: inc(one()) }], bare, plain };
      return seen(given as never);
    }).run();
    expect(result).toEqual({ list: [1, { x: 2 }], bare: { n: 1 }, plain });
    expect((result as { plain: unknown }).plain).toBe(plain);
    expect((given as { list: { id: string }[] }).list[0]?.id).toBe('one#1');
  });

  it('S1: survives a cycle in an argument, beside a future in it', async () => {
    const look = task((input: { n: number; self: unknown }) => [input.n, (input.self as { n: number }).n, input.self === input], { name: 'look' });
    const result = await flow('cycle', () => {
      const input: { n: unknown; self?: unknown } = { n: one() };
      input.self = input;
      return look(input as never);
    }).run();
    expect(result).toEqual([1, 1, true]);
  });

  it('S1: looks eight levels deep', async () => {
    const at = (depth: number, leaf: unknown): unknown => (depth === 0 ? leaf : { in: at(depth - 1, leaf) });
    const leafOf = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'in' in value ? leafOf(value.in) : value);
    const leaf = task((value: unknown) => leafOf(value), { name: 'leaf' });
    expect(await flow('deep', () => leaf(at(8, one()) as never)).run()).toBe(1);
  });

  it.each([
    ['a Map', () => new Map([['key', one()]])],
    ['a Map', () => new Map([['key', [{ deeper: one() }]]])],
    ['a Set', () => new Set([one()])],
    [
      'an instance of Box',
      () =>
        new (class Box {
          readonly inside = one();
        })(),
    ],
    [
      'an instance of Box',
      () =>
        new (class Box {
          readonly list = [one()];
        })(),
    ],
  ])('S1: a future inside %s is an error that names the argument', async (kind, make) => {
    const use = task((_first: number, settings: unknown) => settings, { name: 'use' });
    const error = await failureOf(flow('misplaced', () => use(1, { at: [make()] } as never)).run());
    expect(error.cause).toMatchObject({ code: 'FUTURE_MISPLACED', message: expect.stringContaining(`'settings.at[0]' is ${kind}`) });
  });

  it('TASK_NAME_TAKEN: one name is one function in a run; variants made by with() share it', async () => {
    const other = task(() => 2, { name: 'one' });
    const error = await failureOf(flow('taken', () => [one(), other()]).run());
    expect(error.cause).toMatchObject({ code: 'TASK_NAME_TAKEN', message: expect.stringContaining("'one'") });
    expect(await flow('shared', () => [one(), one.with({ tags: ['x'] })(), one.with({ name: 'uno' })()]).run()).toEqual([1, 1, 1]);
  });

  it('S9: the names of steps between nodes are not taken from users', async () => {
    const { all } = await import('../../../src/index.js');
    const mine = ['all', 'outcome', 'orElse'].map((name) => task((x: number) => x, { name }));
    const result = await flow('own-names', () => [all([one(), 2]), one().outcome().get('state'), one().orElse(0), ...mine.map((t) => t(7))]).run();
    expect(result).toEqual([[1, 2], 'success', 1, 7, 7, 7]);
  });

  it('FUTURE_OF_OTHER_RUN: a future belongs to its run', async () => {
    let stranger: Future<number> | undefined;
    await flow('first', () => {
      stranger = one();
    }).run();
    const error = await failureOf(flow('second', () => inc(stranger as Future<number>)).run());
    expect(error.cause).toMatchObject({ code: 'FUTURE_OF_OTHER_RUN', message: expect.stringMatching(/'one#0' of run .* \(flow 'first'\)/) });
    const ordered = await failureOf(flow('third', () => one().after(stranger as Future<number>)).run());
    expect(ordered.cause).toMatchObject({ code: 'FUTURE_OF_OTHER_RUN' });
  });

  it('S6: inside a task, calling a task runs its function there and then', async () => {
    const outer = task((n: number) => [inc(n) as unknown, inc.fn(n)], { name: 'outer' });
    const ids: string[] = [];
    const result = await flow('plain-calls', () => {
      const future = outer(1);
      ids.push(future.id);
      return future;
    }).run();
    expect(result).toEqual([2, 2]);
    expect(ids).toEqual(['outer#0']);
  });
});

describe('the end of a body', () => {
  it('S4: futures nested in what it returns are resolved, and every node is drained', async () => {
    let late = 0;
    const slow = task(
      async () => {
        late = await Promise.resolve(1);
      },
      { name: 'slow' },
    );
    const result = await flow('returned', async () => {
      slow();
      return { list: [one(), inc(1)], part: inc(2), plain: 'x' };
    }).run();
    expect(result).toEqual({ list: [1, 2], part: 3, plain: 'x' });
    expect(late).toBe(1);
  });

  it('S4: what holds a future where it cannot be replaced must not be returned', async () => {
    const error = await failureOf(flow('hidden', () => new Map([['a', one()]])).run());
    expect(error.cause).toMatchObject({ code: 'FUTURE_MISPLACED' });
  });

  it('S4: a later call throws FlowClosedError', async () => {
    const over = gate();
    const late = gate<unknown>();
    await flow('closed', () => {
      void over.opened.then(() => {
        try {
          one();
        } catch (error) {
          late.open(error);
        }
      });
      return one();
    }).run();
    over.open();
    const error = await late.opened;
    expect(error).toBeInstanceOf(FlowClosedError);
    expect(error).toMatchObject({ code: 'FLOW_CLOSED', message: expect.stringContaining("task 'one'") });
  });

  it('S4: work that goes on beside the body counts as long as it waits for nodes', async () => {
    const chain = async (): Promise<void> => {
      let value = await inc(0);
      while (value < 5) value = await inc(value);
      done.push(value);
    };
    const done: number[] = [];
    await flow('beside', () => void chain()).run();
    expect(done).toEqual([5]);
  });

  it('S5: a future that nobody awaited never raises unhandledRejection', async () => {
    const raised: unknown[] = [];
    const listener = (reason: unknown): void => void raised.push(reason);
    process.on('unhandledRejection', listener);
    try {
      const boom = task(async () => Promise.reject(new Error('boom')), { name: 'boom' });
      await failureOf(flow('unawaited', () => [boom().orElse(inc(boom())), void boom()]).run());
      await turns();
    } finally {
      process.off('unhandledRejection', listener);
    }
    expect(raised).toEqual([]);
  });
});
