import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, task } from '../../../src/index.js';
import { failureOf, freshHome, gate, inMemory, recorded, statesOfLatest } from './workbench.js';

beforeEach(inMemory);

const inc = task((n: number) => n + 1, { name: 'inc' });
const list = task((n: number) => Array.from({ length: n }, (_, i) => i), { name: 'list' });
const picky = task(
  (n: number) => {
    if (n === 1) throw new Error('no ones');
    return n;
  },
  { name: 'picky' },
);

describe('one element of a map', () => {
  it('S8: waits for the list, then for its own call alone', async () => {
    const slow = gate();
    const wait = task(async (n: number) => (n === 0 ? await slow.opened : n), { name: 'wait' });
    const open = task((_: unknown) => slow.open(), { name: 'open' });
    const result = await flow('element', () => {
      const mapped = wait.map(list(3));
      open(mapped.at(1));
      return [inc(mapped.at(-1) as never), mapped] as const;
    }).run();
    expect(result).toEqual([3, [undefined, 1, 2]]);
  });

  it('S8: counts from the end where it is negative, also when the map is over', async () => {
    const result = flow('ends', async () => {
      const mapped = inc.map(list(4));
      const first = mapped.at(-4);
      await mapped;
      return { first, last: mapped.at(-1), awaited: await mapped.at(2) };
    });
    expect(await result.run()).toEqual({ first: 1, last: 4, awaited: 3 });
  });

  it('S8: has its value though another failed, whose failure stays unhandled', async () => {
    let seen: unknown;
    const error = await failureOf(
      flow('siblings', async () => {
        const mapped = picky.map([0, 1, 2]);
        seen = [await mapped.at(0), await mapped.at(2)];
      }).run(),
    );
    expect(seen).toEqual([0, 2]);
    expect(error.failures).toMatchObject([{ taskRunId: 'picky#0[1]' }]);
  });

  it("S12: fails with its own call's error; whoever handles the one handles the other", async () => {
    const result = await flow('handled', async () => {
      const one = picky.map([0, 1]).at(1);
      const error = await one.catch((thrown) => thrown);
      return { id: one.id, error, settled: await one.settled(), fallback: await picky.map([1]).at(0).orElse(-1) };
    }).run();
    expect(result).toMatchObject({
      id: 'picky#0[1]',
      error: { code: 'TASK_FAILED', message: "task 'picky#0[1]' failed: no ones", taskRunId: 'picky#0[1]' },
      settled: { state: 'failed' },
      fallback: -1,
    });
  });

  it('S11: what depends on a failed element does not run, and says why', async () => {
    freshHome();
    const error = await failureOf(flow('upstream', () => inc(picky.map([0, 1]).at(1))).run());
    expect(error.failures.map(({ message }) => message)).toEqual(["task 'picky#0[1]' failed: no ones"]);
    const run = await recorded('upstream/latest');
    expect(run.states).toMatchObject({ 'picky#0[0]': 'success', 'picky#0[1]': 'failed', 'inc#0': 'upstream-failed' });
    expect(run.task('inc#0').error?.message).toBe("task 'inc#0' did not run: task 'picky#0[1]' failed: no ones");
  });

  it('S11: fails as its own call does, and does not for what it comes after', async () => {
    const late = task((_: number) => new Promise<number>(() => {}), { name: 'late', timeout: 1 });
    const ends = await flow('ends', async () => {
      const own = late.map([0]).at(0);
      const other = inc.map([0]).at(0).after(picky(1));
      return [(await own.settled()).state, (await other.settled()).state];
    }).run();
    expect(ends).toEqual(['failed', 'upstream-failed']);
  });

  it('S8: one that is not there fails, naming index and length', async () => {
    const beyond = (at: number, length: number) =>
      flow('beyond', () => inc.map(list(length)).at(at))
        .run()
        .catch((error) => error.failures[0].cause);
    for (const [at, length] of [
      [3, 3],
      [-4, 3],
      [0, 0],
    ] as const) {
      const cause = await beyond(at, length);
      expect(cause).toMatchObject({ code: 'MAP_INDEX_OUT_OF_RANGE' });
      expect(cause.message).toMatch(new RegExp(`${length} elements of 'inc#0'.* got ${at}$`));
    }
    await expect(flow('odd', () => inc.map([1]).at(0.5)).run()).rejects.toThrow(/whole number; got 0.5/);
  });

  it('S8: of a map that never had children it ends as the map did', async () => {
    const boom = task(
      (): number[] => {
        throw new Error('boom');
      },
      { name: 'boom' },
    );
    const error = await failureOf(flow('never', () => inc(inc.map(boom()).at(0))).run());
    expect(error.failures).toMatchObject([{ taskRunId: 'boom#0' }]);
  });

  it('S21: counts in keys by the value of its own call, in runs and in previews', async () => {
    freshHome();
    let version = 0;
    const versioned = task((n: number) => (n === 0 ? version : n), { name: 'versioned', cache: cache.default, version: '1' });
    const use = task((n: number) => n * 10, { name: 'use', cache: cache.default });
    const base = flow('keys', { cache: cache.default }, () => {
      const mapped = versioned.map([0, 1]);
      return [use(mapped.at(1)), use(mapped.at(0))];
    });
    expect(await base.run()).toEqual([10, 0]);
    version = 5;
    expect((await base.preview()).nodes.map(({ id, state }) => [id, state])).toEqual([
      ['versioned#0', 'complete'],
      ['use#0', 'complete'],
      ['use#1', 'complete'],
    ]);
    expect(await base.run({}, { forceOnly: ['versioned'] })).toEqual([10, 50]);
    expect(await statesOfLatest('keys')).toMatchObject({ 'use#0': 'cached', 'use#1': 'success' });
  });

  it('S29: is drawn as a part of the map, in traces and of runs', async () => {
    freshHome();
    const one = flow('drawn', () => inc(inc.map(list(3)).at(1)));
    await one.run();
    const label = { from: 'inc#0', to: 'inc#1', kind: 'data', label: '1 → n' };
    expect((await one.graph()).edges).toContainEqual(label);
    const { id } = (await one.latest())!;
    expect(JSON.parse(await one.visualize({}, { format: 'json', from: { runId: id } })).edges).toContainEqual(label);
  });
});
