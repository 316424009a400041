import { join } from 'node:path';
import Database from 'libsql';
import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, task } from '../../../src/index.js';
import { failureOf, freshHome, gate, recorded } from './workbench.js';

beforeEach(() => void freshHome());

const inc = task((n: number) => n + 1, { name: 'inc' });
const range = task((n: number) => Array.from({ length: n }, (_, i) => i), { name: 'range' });

describe('a map over a map', () => {
  it('S8: goes on with each element as it comes, before the whole of the first is done', async () => {
    const [held, reached] = [gate(), gate()];
    const first = task((n: number) => (n === 0 ? n : held.opened.then(() => n)), { name: 'first' });
    const second = task(
      (n: number) => {
        if (n === 0) reached.open();
        return n * 10;
      },
      { name: 'second' },
    );
    const run = flow('streams', () => second.map(first.map([0, 1]))).run();
    await reached.opened;
    held.open();
    expect(await run).toEqual([0, 10]);
  });

  it('S8: a map of a map of a map, over a list that is known late', async () => {
    const handle = flow('thrice', () => inc.map(inc.map(inc.map(range(3))))).start();
    expect(await handle.result()).toEqual([3, 4, 5]);
    const { tasks, task: row } = await recorded(handle.id);
    const [from, to] = [row('inc#1[2]'), row('inc#2[2]')];
    expect(to.upstream).toContainEqual(expect.objectContaining({ from: from.index, kind: 'data' }));
    expect(tasks).toHaveLength(1 + 3 * 4);
  });

  it('S8: a map of lists, flattened by a task, is mapped again', async () => {
    const flat = task((lists: readonly (readonly number[])[]) => lists.flat(), { name: 'flat' });
    expect(await flow('flatten', () => inc.map(flat(range.map([1, 2])))).run()).toEqual([1, 1, 2]);
  });

  it('S8, S11: a failed element keeps only its own successor from running', async () => {
    const picky = task(
      (n: number) => {
        if (n === 1) throw new Error('no ones');
        return n;
      },
      { name: 'picky' },
    );
    const handle = flow('single', () => inc.map(picky.map([0, 1, 2])).successes()).start();
    // The failure was told to successes() through what depends on it.
    expect(await handle.result()).toEqual([1, 3]);
    expect((await recorded(handle.id)).states).toMatchObject({ 'inc#0[0]': 'success', 'inc#0[1]': 'upstream-failed', 'inc#0[2]': 'success' });
  });

  it('S8, S11: a failed element keeps only its own successor from running, also where the others are reused', async () => {
    const odd = task(
      (n: number) => {
        if (n % 2 === 0) throw new Error('even');
        return n;
      },
      { name: 'odd', cache: cache.default },
    );
    const over = flow('again', async () => {
      const first = odd.map([1, 2]);
      await first.settled();
      return (await inc.map(first).states()).map(({ state }) => state);
    });
    expect(await over.run()).toEqual(['success', 'upstream-failed']);
    expect(await over.run()).toEqual(['success', 'upstream-failed']);
    expect((await recorded('again/latest')).states).toMatchObject({ 'odd#0[0]': 'cached', 'inc#0': 'failed' });
  });

  it('S8, S25: an element whose result is gone, and cannot be computed anew, keeps only its own successor from running', async () => {
    const home = freshHome();
    let isBroken = false;
    const source = task(
      (name: string) => {
        if (isBroken) throw new Error(`no ${name}`);
        return name;
      },
      { name: 'source', cache: cache.default, version: '1' },
    );
    const shout = task((name: string) => name.toUpperCase(), { name: 'shout' });
    const over = flow('gone', () => shout.map([source('gone'), source('there')]).states());
    await over.run();
    const database = new Database(join(home, 'millrace.db'));
    database.exec("DELETE FROM content WHERE CAST(bytes AS TEXT) LIKE '%gone%'");
    database.close();
    isBroken = true;
    expect((await over.run()).map(({ state }) => state)).toEqual(['upstream-failed', 'success']);
  });

  it('S8: lengths known from the first map are checked against other lists', async () => {
    const add = task((a: number, b: number) => a + b, { name: 'add' });
    expect(await flow('zip', () => add.map(inc.map([1, 2]), range(2))).run()).toEqual([2, 4]);
    const error = await failureOf(flow('unzip', () => add.map(inc.map([1, 2]), range(3))).run());
    expect(error.failures[0]?.cause).toMatchObject({ code: 'MAP_LENGTHS_DIFFER', message: expect.stringMatching(/'a' has 2, 'b' has 3$/) });
  });

  it('S8: the second of two maps ends as the first when that never had children', async () => {
    const boom = task(
      (): number[] => {
        throw new Error('boom');
      },
      { name: 'boom' },
    );
    const handle = flow('never', () => inc.map(inc.map(boom()))).start();
    const error = await failureOf(handle.result());
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['boom#0']);
    expect((await recorded(handle.id)).run.counts).toMatchObject({ failed: 1 });
  });

  it('S8: a part of what a map gives waits for the map, and maps over that part', async () => {
    expect(await flow('part', () => inc.map(range.map([2, 3]).at(1))).run()).toEqual([1, 2, 3]);
  });
});
