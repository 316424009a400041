import { join } from 'node:path';
import Database from 'libsql';
import { beforeEach, describe, expect, it } from 'vitest';
import { graphOfRun } from '../../../src/engine/graph-data.js';
import { createGraph } from '../../../src/graph/draw/view.js';
import { cache, type Future, flow, Skip, task, unmapped, when } from '../../../src/index.js';
import { eventsOf, failureOf, freshHome, gate, inMemory, recorded, statesTold, turns } from './workbench.js';

beforeEach(() => void freshHome());

const list = task((count: number) => Array.from({ length: count }, (_, n) => n), { name: 'list' });
const double = task((n: number) => n * 2, { name: 'double' });
const add = task((a: number, b: number) => a + b, { name: 'add' });
const sum = task((all: readonly number[]) => all.reduce((total, n) => total + n, 0), { name: 'sum' });
const picky = task(
  (n: number) => {
    if (n === 1) throw new Error('no ones');
    if (n === 3) throw new Skip('no threes');
    return n;
  },
  { name: 'picky' },
);

describe('a map', () => {
  it('S8: keeps the order of its list, whatever the finishing order', async () => {
    const doors = [gate(), gate(), gate()];
    const slow = task(
      async (n: number) => {
        await doors[n]?.opened;
        doors[n - 1]?.open();
        return n;
      },
      { name: 'slow' },
    );
    doors[2]?.open();
    expect(await flow('order', () => slow.map([0, 1, 2])).run()).toEqual([0, 1, 2]);
  });

  it.each([
    ['a literal list', () => double.map([])],
    ['a future of a list', () => double.map(list(0))],
    ['another map', () => double.map(double.map([]))],
  ])('S8: over nothing gives [] (%s)', async (_, body) => {
    expect(await flow('nothing', body).run()).toEqual([]);
  });

  it('S8: over futures starts each child when its own element is there', async () => {
    const [held, seen] = [gate<number>(), gate()];
    const early = task((n: number) => n, { name: 'early' });
    const late = task(() => held.opened, { name: 'late' });
    const tells = task(
      (n: number) => {
        seen.open();
        return n;
      },
      { name: 'tells' },
    );
    const run = flow('futures', () => tells.map([early(1), late(), 3] as (Future<number> | number)[])).run();
    await seen.opened;
    held.open(2);
    expect(await run).toEqual([1, 2, 3]);
  });

  it('S8: takes futures inside its elements, repeats what is unmapped, and leaves out what is not given', async () => {
    const area = task(({ side }: { side: number }, factor: number, offset: number) => side * side * factor + offset, { name: 'area' });
    const result = flow('inside', () => area.map([{ side: double(1) }, { side: 3 }], unmapped(double(5)), list(2))).run();
    expect(await result).toEqual([40, 91]);
  });

  it('S8: unmapped takes a list, or a future of one, as it is', async () => {
    const at = task((n: number, all: readonly number[]) => all[n], { name: 'at' });
    expect(await flow('whole', () => [at.map([1, 0], unmapped([5, 6])), at.map([2], unmapped(list(3)))]).run()).toEqual([[6, 5], [2]]);
  });

  it('S8: .length is known before a child has run; .at(i) is a future of one value', async () => {
    const door = gate();
    const held = task((n: number) => door.opened.then(() => n), { name: 'held' });
    const result = flow('length', async () => {
      const mapped = held.map(list(3));
      const count = await mapped.length;
      door.open();
      return { count, second: double(mapped.at(1)), beyond: await mapped.at(7).settled() };
    }).run();
    expect(await result).toMatchObject({ count: 3, second: 2 });
  });

  it('S8, S9: names its children by their place, or by a key made safe and unique', async () => {
    const keyed = double.mapWith({
      key: (n: number) => {
        if (n === 9) throw new Error('no key');
        return n > 2 ? 'same' : `a/${n} [x]`;
      },
    });
    const handle = flow('keys', () => [double.map([1, 2]), keyed([1, 3, 4, 9])]).start();
    await handle.result();
    expect(Object.keys((await recorded(handle.id)).states).filter((id) => id.includes('['))).toEqual([
      'double#0[0]',
      'double#0[1]',
      'double#1[a_1__x_]',
      'double#1[same]',
      'double#1[same~2]',
      'double#1[3]',
    ]);
  });

  it('S8: what it gives is reduced by any task, also through a flow in a flow', async () => {
    const inner = flow('inner', () => sum(double.map(list(4))));
    expect(await flow('reduce', () => sum([inner.asTask()(), sum(add.map([1, 2], [3, 4]))])).run()).toBe(22);
  });

  it('S8: runs in a branch that is taken, and in one that is not it has no children', async () => {
    const handle = flow('branch', () => [when(true, () => double.map(list(2))), when(double(0) as never, () => picky.map(list(2)))]).start();
    expect(await handle.result()).toEqual([[0, 2], undefined]);
    const { states } = await recorded(handle.id);
    expect(Object.keys(states).filter((id) => id.startsWith('picky#0['))).toEqual([]);
  });
});

describe('a map that cannot be made', () => {
  const refused = async (body: () => unknown, options = {}): Promise<unknown> =>
    (await failureOf(flow('refused', body).run({}, options))).failures[0]?.cause;

  it('S8: maxSplits names both numbers, and no child runs', async () => {
    let ran = 0;
    const counts = task((_: number) => ++ran, { name: 'counts' });
    const tooMany = { code: 'MAP_TOO_MANY_SPLITS', message: "expected 'counts#0' to split into at most 2; its list has 3 elements" };
    expect(await refused(() => counts.mapWith({ maxSplits: 2 })(list(3)))).toMatchObject(tooMany);
    expect(await refused(() => counts.map(list(3)), { maxSplits: 2 })).toMatchObject(tooMany);
    expect(ran).toBe(0);
    // The map's own number goes before the run's.
    expect(await flow('own', () => counts.mapWith({ maxSplits: 3 })(list(3))).run({}, { maxSplits: 2 })).toEqual([1, 2, 3]);
  });

  it('S8, S10: it is told as a failed task is: by an event, in the counts, and in the drawing of the run', async () => {
    const handle = flow('told', () => [sum(double.mapWith({ maxSplits: 2 })(list(3))), sum(double.map([])), sum(double.map([1]))]).start();
    const events = await eventsOf(handle);
    await failureOf(handle.result());
    // Maps that have children, or none to have, are told of by these alone.
    expect(statesTold(events)).toMatchObject({ 'double#0': ['failed'], 'sum#0': ['pending', 'upstream-failed'], 'double#2[0]': expect.anything() });
    expect(Object.keys(statesTold(events))).not.toEqual(expect.arrayContaining(['double#1', 'double#2']));
    const told = events.find(({ node }) => node === 'double#0')?.data;
    expect(told).toMatchObject({ task: 'double', error: { cause: { code: 'MAP_TOO_MANY_SPLITS' } } });
    const { run, tasks } = await recorded(handle.id);
    expect(run.counts).toEqual({ success: 4, failed: 1, 'upstream-failed': 1 });
    const drawn = graphOfRun('told', tasks).nodes.find(({ id }) => id === 'double#0');
    const sentence = "expected 'double#0' to split into at most 2; its list has 3 elements";
    expect(drawn).toMatchObject({ map: {}, outcome: { state: 'failed', error: sentence } });
    expect(createGraph(graphOfRun('told', tasks)).toDot()).toContain(sentence);
  });

  it('S8: a map whose list failed is told as not run', async () => {
    const fails = task((): number[] => {
      throw new Error('no list');
    });
    const handle = flow('nolist', () => double.map(fails.with({ name: 'fails' })())).start();
    const told = statesTold(await eventsOf(handle));
    await failureOf(handle.result());
    expect(told['double#0']).toEqual(['upstream-failed']);
  });

  it('S8: lists of unequal length name both, also when one is empty', async () => {
    const message = (a: number, b: number): string => `expected the lists that 'add#0' maps over to be equally long; 'a' has ${a}, 'b' has ${b}`;
    expect(await refused(() => add.map(list(3), [1, 2]))).toMatchObject({ code: 'MAP_LENGTHS_DIFFER', message: message(3, 2) });
    expect(await refused(() => add.map([], list(1)))).toMatchObject({ code: 'MAP_LENGTHS_DIFFER', message: message(0, 1) });
  });

  it('S8: what is no list is named', async () => {
    const text = task((): unknown => 'abc', { name: 'text' });
    expect(await refused(() => double.map(text() as Future<number[]>))).toMatchObject({
      code: 'MAP_NOT_A_LIST',
      message: "expected 'n' of 'double#0' to be a list; it is \"abc\"",
    });
  });

  it('S8: options and arguments without sense are refused at the call', async () => {
    const thrown = async (body: () => unknown): Promise<unknown> => (await failureOf(flow('call', body).run())).cause;
    expect(await thrown(() => double.mapWith({ concurrency: 0 })([1]))).toMatchObject({ code: 'MAP_OPTION_INVALID' });
    expect(await thrown(() => double.mapWith({ maxSplits: 1.5 })([1]))).toMatchObject({ code: 'MAP_OPTION_INVALID' });
    expect(await thrown(() => double.map(unmapped(1)))).toMatchObject({ code: 'MAP_ARGUMENT_INVALID' });
    expect(await thrown(() => double.map(3 as never))).toMatchObject({ code: 'MAP_ARGUMENT_INVALID' });
    expect(() => double.map([1])).toThrow(expect.objectContaining({ code: 'NOT_IN_A_FLOW' }));
  });
});

describe('children that fail', () => {
  it('S8, S11, S12: stop neither their siblings nor the run of them; what needs the list does not run', async () => {
    const handle = flow('siblings', () => sum(picky.map(list(3)))).start();
    const error = await failureOf(handle.result());
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['picky#0[1]']);
    expect((await recorded(handle.id)).states).toMatchObject({
      'picky#0[0]': 'success',
      'picky#0[1]': 'failed',
      'picky#0[2]': 'success',
      'sum#0': 'upstream-failed',
    });
  });

  it('S8, S12: states() and successes() take the failures on themselves, in order', async () => {
    const result = await flow('gather', () => {
      const mapped = picky.map(list(5));
      return { states: mapped.states(), successes: mapped.successes() };
    }).run();
    expect(result.states.map(({ state }) => state)).toEqual(['success', 'failed', 'success', 'skipped', 'success']);
    expect(result.states[1]).toMatchObject({ error: { taskRunId: 'picky#0[1]' } });
    expect(result.successes).toEqual([0, 2, 4]);
  });

  it.each<[string, () => unknown, unknown]>([
    ['orElse()', () => picky.map([0, 1]).orElse([]), []],
    ['outcome()', () => picky.map([0, 1]).outcome().get('state'), 'failed'],
    ['catch()', () => picky.map([0, 1]).catch(() => 'caught'), 'caught'],
  ])('S12: %s of a map handles the failures of its children', async (_, body, expected) => {
    expect(await flow('handled', body as () => string).run()).toEqual(expected);
  });

  it('S12: asking how long a map is answers for no failure, whenever it is asked', async () => {
    const clean = task((_: unknown) => 'cleaned', { name: 'clean', trigger: 'all-done' });
    const asks = flow('asks', async () => {
      const mapped = picky.map([0, 1]);
      await clean(mapped);
      return [await mapped.length];
    });
    expect((await failureOf(asks.run())).message).toContain("task 'picky#0[1]' failed");
  });

  it('S8, S11: a map with a skipped and a failed child says what failed', async () => {
    const settled = await flow('both', async () => {
      const { state, ...rest } = await picky.map([3, 1]).settled();
      return { state, message: 'error' in rest ? rest.error?.message : undefined };
    }).run();
    expect(settled).toEqual({ state: 'failed', message: "task 'picky#0' failed: task 'picky#0[1]' failed: no ones" });
  });

  it('S8, S11: a map with a skipped child and no failure is skipped', async () => {
    const handle = flow('skipped', () => void sum(picky.map([2, 3]))).start();
    await handle.result();
    expect((await recorded(handle.id)).states['sum#0']).toBe('skipped');
  });

  it('S8: states() of a map that never had children ends as the map did', async () => {
    const boom = task(
      (): number[] => {
        throw new Error('boom');
      },
      { name: 'boom' },
    );
    const error = await failureOf(flow('never', () => double.map(boom()).states()).run());
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['boom#0']);
  });
});

describe('reuse of children', () => {
  const version = 'map test';
  let ran: number[] = [];
  const cached = task(
    (n: number) => {
      ran.push(n);
      return { n };
    },
    { name: 'cached', version, cache: cache.default },
  );
  const reader = task((all: readonly { n: number }[]) => all.map(({ n }) => n), { name: 'reader', version, cache: cache.default });
  const source = task((numbers: readonly number[]) => numbers, { name: 'source' });
  const f = (numbers: readonly number[]) => flow('reuse', () => reader(cached.map(source(numbers))));

  beforeEach(() => {
    ran = [];
  });

  it('S21: what stands for a child that is not there, and its length as a part of it, are reused as long as the map is the same', async () => {
    const seen: unknown[] = [];
    const look = task((beyond: unknown, length: unknown) => seen.push([beyond, length]), { name: 'look', version, cache: cache.default });
    const looks = (numbers: readonly number[]) =>
      flow('looks', () => {
        const mapped = double.map([...numbers]);
        return look(mapped.at(9).orElse('none'), mapped.get('length'));
      }).run();
    await looks([1, 2]);
    await looks([1, 2]);
    await looks([1, 2, 3]);
    expect(seen).toEqual([
      ['none', 2],
      ['none', 3],
    ]);
  });

  it('S8, S20, S21: each child is reused by itself; the map counts by the list of its children', async () => {
    await f([1, 2, 3]).run();
    expect(await f([3, 2, 4]).run()).toEqual([3, 2, 4]);
    expect(ran).toEqual([1, 2, 3, 4]);
    const again = f([3, 2, 4]).start();
    await again.result();
    expect((await recorded(again.id)).states).toMatchObject({ 'cached#0[0]': 'cached', 'cached#0[2]': 'cached', 'reader#0': 'cached' });
    expect(ran).toHaveLength(4);
  });

  it('S28: a forced map executes every child and what it feeds', async () => {
    await f([1, 2]).run();
    await f([1, 2]).run({}, { force: cached });
    expect(ran).toEqual([1, 2, 1, 2]);
  });

  it('S25: a child whose stored result is gone is computed anew, by itself, also for a map over the map', async () => {
    const home = freshHome();
    const plus = task(({ n }: { n: number }) => n + 1, { name: 'plus' });
    const over = flow('repair', () => {
      const children = cached.map(source([1, 2, 3]));
      return { over: plus.map(children), whole: reader(children), one: children.at(1) };
    });
    const whole = { over: [2, 3, 4], whole: [1, 2, 3], one: { n: 2 } };
    expect(await over.run()).toEqual(whole);
    const database = new Database(join(home, 'millrace.db'));
    database.exec('DELETE FROM content WHERE CAST(bytes AS TEXT) LIKE \'%"n":2%\'');
    database.close();
    expect(await over.run()).toEqual(whole);
    expect(ran).toEqual([1, 2, 3, 2]);
    expect(await over.run()).toEqual(whole);
    expect(ran).toHaveLength(4);
  });

  it('S24: identical children execute once', async () => {
    expect(await f([7, 7, 7]).run()).toEqual([7, 7, 7]);
    expect(ran).toEqual([7]);
  });
});

describe('how many run', () => {
  it('S14: mapWith({ concurrency }) bounds one map, and not another of the same task', async () => {
    inMemory();
    const running = { a: 0, b: 0 };
    const most = { a: 0, b: 0 };
    const busy = task(
      async (_: number, which: 'a' | 'b') => {
        most[which] = Math.max(most[which], ++running[which]);
        await turns(2);
        running[which]--;
      },
      { name: 'busy' },
    );
    const twelve = Array.from({ length: 12 }, (_, n) => n);
    await flow('bounded', () => {
      busy.mapWith({ concurrency: 2 })(twelve, unmapped('a'));
      busy.mapWith({ concurrency: 3 })(twelve, unmapped('b'));
    }).run();
    expect(most).toEqual({ a: 2, b: 3 });
  });

  it('S15: cancelled in the middle, the map ends cancelled and its waiting children do not run', async () => {
    const reached = gate();
    let ran = 0;
    const stuck = task(
      async (_: number) => {
        if (++ran === 2) reached.open();
        await new Promise((resolve) => setImmediate(resolve));
        await reached.opened.then(() => new Promise(() => {}));
      },
      { name: 'stuck' },
    );
    const handle = flow('cancelled', () => stuck.map(list(50))).start({}, { maxWorkers: 2, graceMs: 0 } as never);
    await reached.opened;
    await Promise.all([failureOf(handle.result()), handle.cancel('enough')]);
    expect(ran).toBe(2);
    const { run } = await recorded(handle.id);
    expect(run).toMatchObject({ state: 'cancelled', counts: { success: 1, cancelled: 50 } });
  });

  it('S8, S15: cancelled while children are still being added, it has no short list to give', async () => {
    inMemory();
    const stop = new AbortController();
    const last = task(
      (n: number) => {
        if (n === 1_999) stop.abort(new Error('enough'));
      },
      { name: 'last' },
    );
    let state: string | undefined;
    const handle = flow('short', async () => {
      state = (await last.map(Array.from({ length: 4_001 }, (_, n) => n)).settled()).state;
    }).start({}, { signal: stop.signal });
    await failureOf(handle.result());
    expect(state).toBe('cancelled');
  });
});

describe('in the record', () => {
  it('S8: the map has a row, its children are its children, and what reads it comes after it', async () => {
    const handle = flow('rows', () => sum(double.map(list(2)))).start();
    await handle.result();
    const { tasks, run } = await recorded(handle.id);
    const map = tasks.find(({ id }) => id === 'double#0');
    expect(map).toMatchObject({ state: 'success', task: 'double', parent: undefined });
    expect(tasks.filter(({ parent }) => parent === map?.index).map(({ id }) => id)).toEqual(['double#0[0]', 'double#0[1]']);
    expect(tasks.find(({ task: name }) => name === 'sum')?.upstream).toEqual([expect.objectContaining({ from: map?.index, kind: 'data' })]);
    // The children count, the map does not.
    expect(run.counts).toEqual({ success: 4 });
  });
});

describe('scale', () => {
  it('S8: 100,000 children cost about as much each as 1,000', { timeout: 60_000 }, async () => {
    inMemory();
    // Of the processor, which others may be using too.
    const time = async (count: number, runs: number): Promise<number> => {
      const began = process.cpuUsage();
      for (let run = 0; run < runs; run++) await flow('many', () => double.map(list(count)).length).run();
      const { user, system } = process.cpuUsage(began);
      return user + system;
    };
    await time(1_000, 20);
    let best = Number.POSITIVE_INFINITY;
    // As many children in either: what the collector takes is in both.
    for (let round = 0; round < 3 && best > 2; round++) {
      const [few, many] = [await time(1_000, 100), await time(100_000, 1)];
      best = Math.min(best, many / few);
    }
    expect(best).toBeLessThanOrEqual(2);
  });
});
