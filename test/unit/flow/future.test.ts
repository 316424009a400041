import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { all, type Future, flow, Skip, task } from '../../../src/index.js';
import { failureOf, inMemory } from '../engine/workbench.js';

beforeEach(inMemory);

const split = task(() => ({ train: [1, 2], test: { rows: [3] } }), {
  name: 'split',
  outputs: { train: undefined as never, test: undefined as never },
});
const boom = task(
  () => {
    throw new Error('boom');
  },
  { name: 'boom' },
);
const echo = task(<T>(value: T): T => value, { name: 'echo' }) as unknown as <T>(value: T) => Future<T>;

/** Runs a body that is expected to throw by itself. */
async function thrownBy(use: (future: Future<unknown>) => unknown): Promise<unknown> {
  return (await failureOf(flow('misuse', () => use(echo(1))).run())).cause;
}

describe('a future is no value', () => {
  it.each<[string, (future: Future<unknown>) => unknown]>([
    ['JSON', (future) => JSON.stringify({ future })],
    ['a template', (future) => `${future as unknown as string}`],
    ['arithmetic', (future) => (future as unknown as number) + 1],
    ['a comparison', (future) => (future as unknown as number) > 1],
    ['iteration', (future) => [...(future as unknown as Iterable<unknown>)]],
    [
      'list destructuring',
      (future) => {
        const [first] = future as unknown as Iterable<unknown>;
        return first;
      },
    ],
  ])('S5: %s throws FUTURE_NOT_A_VALUE and says what to do', async (_, use) => {
    expect(await thrownBy(use)).toMatchObject({
      code: 'FUTURE_NOT_A_VALUE',
      message: expect.stringContaining("'echo#0'"),
      hint: expect.stringContaining('await'),
    });
  });

  it('S5: it prints as what it is', async () => {
    let printed = '';
    await flow('print', () => {
      printed = inspect(echo(1));
    }).run();
    expect(printed).toBe('Future(echo#0: pending)');
  });
});

describe('parts and steps of a future', () => {
  it('S1: named outputs destructure, get() takes parts, without nodes of their own', async () => {
    const ids: string[] = [];
    const result = await flow('parts', () => {
      const { train, test } = split();
      const row = test.get('rows').get(0);
      ids.push(train.id, row.id, echo(row).id);
      return { train, row: echo(row), missing: (test as Future<never>).get('nothing').get('deeper') };
    }).run();
    expect(result).toEqual({ train: [1, 2], row: 3, missing: undefined });
    expect(ids).toEqual(['split#0.train', 'split#0.test.rows[0]', 'echo#0']);
  });

  it('S1: outputs must not hide what futures have themselves', () => {
    expect(() => task(() => ({ orElse: 1 }), { name: 'bad', outputs: { orElse: undefined as never } })).toThrow(
      expect.objectContaining({ code: 'OUTPUT_NAME_RESERVED' }),
    );
  });

  it('all() is one future of many, and of nested parts', async () => {
    const result = await flow('all', async () => [await all([echo(1), 2, echo({ a: 3 }).get('a')]), echo(all([echo('x')]))]).run();
    expect(result).toEqual([[1, 2, 3], ['x']]);
  });

  it('S11, S12: all() ends as the weightiest of its members, and whoever awaits it has heard of each', async () => {
    const skips = task(
      () => {
        throw new Skip('not today');
      },
      { name: 'skips' },
    );
    const heard = flow('all-heard', async () => {
      const { state } = await all([skips(), boom(), boom()]).settled();
      return state;
    });
    expect(await heard.run()).toBe('upstream-failed');
  });

  it('all() fails as its members do, and leaves that failure unhandled (S12)', async () => {
    const error = await failureOf(flow('all-fails', () => void all([echo(1), boom()])).run());
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['boom#0']);
  });

  it('S3: state, settled(), catch() and finally() tell of the same end', async () => {
    await flow('ends', async () => {
      const good = echo(5);
      const bad = boom();
      expect(await good.settled()).toMatchObject({ state: 'success', value: 5 });
      expect(await bad.settled()).toMatchObject({ state: 'failed', error: { code: 'TASK_FAILED', taskRunId: 'boom#0', attempts: 1 } });
      expect([good.state, bad.state]).toEqual(['success', 'failed']);
      expect(await bad.catch((error) => error.message)).toBe("task 'boom#0' failed: boom");
      let ended = false;
      expect(
        await good.finally(() => {
          ended = true;
        }),
      ).toBe(5);
      expect(ended).toBe(true);
    }).run();
  });

  it('S3: a future can be awaited many times, in parts too', async () => {
    await flow('again', async () => {
      const future = echo({ a: { b: 1 } });
      expect(await Promise.all([future, future.get('a'), future.get('a').get('b'), future])).toEqual([{ a: { b: 1 } }, { b: 1 }, 1, { a: { b: 1 } }]);
    }).run();
  });
});
