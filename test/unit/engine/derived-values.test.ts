import { beforeEach, describe, expect, it } from 'vitest';
import { cache, type FinalState, flow, task } from '../../../src/index.js';
import { freshHome, statesOfLatest } from './workbench.js';

let seen: unknown[];

beforeEach(() => {
  freshHome();
  seen = [];
});

const options = { cache: cache.default, version: 'derived values' };
const odd = task(
  (n: number) => {
    if (n % 2 === 0) throw new Error('even');
    return n;
  },
  { name: 'odd', ...options },
);
const tell = task((value: unknown) => void seen.push(value), { name: 'tell', ...options });
const stateOf = task(({ state }: FinalState<number>) => void seen.push(state), { name: 'stateOf', ...options });

describe('what steps between tasks give, in keys', () => {
  it.each(['states', 'successes'] as const)('S21: %s() of a map with a failed child counts by all of its children', async (what) => {
    const run = (numbers: number[]) => flow('some', () => void tell(odd.map(numbers)[what]())).run();
    await run([1, 2]);
    await run([3, 2]);
    expect(seen).toHaveLength(2);
    expect(JSON.stringify(seen[1])).toContain('3');
    await run([3, 2]);
    expect(seen).toHaveLength(2);
  });

  it('S16, S21: what outcome() and states() say does not depend on whether it was reused', async () => {
    const f = flow('ends', () => {
      const map = odd.map([1, 3]);
      return [stateOf(odd(5).outcome()), stateOf.map(map.states())];
    });
    await f.run();
    expect(seen).toEqual(['success', 'success', 'success']);
    expect((await f.preview()).nodes.map(({ id, state }) => [id, state])).toEqual([
      ['odd#0', 'complete'],
      ['odd#1', 'complete'],
      ['stateOf#0', 'complete'],
      ['stateOf#1', 'complete'],
    ]);
    await f.run();
    expect(seen).toHaveLength(3);
    expect(Object.values(await statesOfLatest('ends')).filter((state) => state !== 'cached')).toEqual(['success', 'success']);
  });

  it('S21: length counts by the number, not by what has become of the children when it is asked about', async () => {
    let isOver = false;
    const counts = flow('counts', async () => {
      const map = odd.map([1, 2]);
      if (isOver) await map.settled();
      tell(map.length);
    });
    await counts.run({}, { throwOnFailure: false });
    isOver = true;
    await counts.run({}, { throwOnFailure: false });
    expect(seen).toEqual([2]);
  });

  it('S21, S27: length of a map over other elements leaves who asks for it cached, as long as there are as many', async () => {
    const counts = (numbers: number[]) => flow('as many', () => void tell(odd.map(numbers).length));
    await counts([1, 3]).run();
    await counts([5, 7]).run();
    expect((await counts([7, 5]).preview()).nodes.map(({ id, state }) => [id, state])).toEqual([
      ['odd#0', 'complete'],
      ['tell#0', 'complete'],
    ]);
    expect(seen).toEqual([2]);
    await counts([1]).run();
    const changed = (await counts([1, 3, 5]).preview()).nodes.find(({ id }) => id === 'tell#0');
    expect(changed).toMatchObject({ state: 'pending', why: { kind: 'input-changed' } });
    expect(seen).toEqual([2, 1]);
  });
});
