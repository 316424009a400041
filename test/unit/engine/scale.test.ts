import { beforeEach, describe, expect, it } from 'vitest';
import { flow, task } from '../../../src/index.js';
import { failureOf, inMemory } from './workbench.js';

beforeEach(inMemory);

const N = 100_000;
const zero = task(() => 0, { name: 'zero' });
const inc = task((n: number) => n + 1, { name: 'inc' });
const count = task((all: readonly number[]) => all.length, { name: 'count' });
const boom = task(
  (): number => {
    throw new Error('boom');
  },
  { name: 'boom' },
);

// Nothing may recurse, or cost more than its share, with the size of the graph: each of these takes a fraction of the time limit.
describe('a hundred thousand nodes', () => {
  it('as a fan-out', async () => {
    const handle = flow('fan-out', () => {
      for (let n = 0; n < N; n++) inc(n);
    }).start();
    await handle.result();
    expect(handle.state).toBe('success');
  });

  it('as a chain', async () => {
    expect(
      await flow('chain', () => {
        let last = zero();
        for (let n = 0; n < N; n++) last = inc(last);
        return last;
      }).run(),
    ).toBe(N);
  });

  it('as a wide join', async () => {
    expect(await flow('join', () => count(Array.from({ length: N }, (_, n) => inc(n)))).run()).toBe(N);
  });
});

describe('fifty thousand nodes', () => {
  it('as a chain behind a failure', async () => {
    const error = await failureOf(
      flow('behind', () => {
        let last = boom();
        for (let n = 0; n < N / 2; n++) last = inc(last);
        return last;
      }).run(),
    );
    expect(error.failures.length).toBe(1);
    expect(error.message.length).toBeLessThan(300);
  });

  it('awaited all at once', async () => {
    const values = await flow('awaited', async () => (await Promise.all(Array.from({ length: N / 2 }, (_, n) => inc(n)))).at(-1)).run();
    expect(values).toBe(N / 2);
  });
});

describe('ten thousand awaits', () => {
  it('one after the other', async () => {
    expect(
      await flow('loop', async () => {
        let n = 0;
        while (n < 10_000) n = await inc(n);
        return n;
      }).run(),
    ).toBe(10_000);
  });
});
