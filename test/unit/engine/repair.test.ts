import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { beforeEach, describe, expect, it } from 'vitest';
import { cache, type Future, flow, memoryStore, type ResultStore, type Serializer, type TaskOptions, task } from '../../../src/index.js';
import { failureOf, freshHome, recorded } from './workbench.js';

let home = '';
let ran: string[] = [];

beforeEach(() => {
  home = freshHome();
  ran = [];
});

function cached<A extends unknown[], R>(name: string, fn: (...args: A) => R, options: TaskOptions<A, R> = {}) {
  return task<A, R>(
    (...args) => {
      ran.push(name);
      return fn(...args);
    },
    { name, version: '1', cache: cache.default, ...options },
  );
}

/** Larger than what lies in the record's database. */
const LARGE = 40_000;

function files(): string[] {
  const store = join(home, 'store', 'results');
  return readdirSync(store, { recursive: true, encoding: 'utf8' })
    .map((name) => join(store, name))
    .filter((path) => statSync(path).isFile());
}

function sql(statement: string): void {
  const database = new Database(join(home, 'millrace.db'));
  database.exec(statement);
  database.close();
}

const damages: [string, number, () => void][] = [
  ['an inline result that is gone', 1, () => sql('DELETE FROM content')],
  ['an inline result with flipped bits', 1, () => sql("UPDATE content SET bytes = CAST(replace(CAST(bytes AS TEXT), '1', '7') AS BLOB)")],
  [
    'a file that is gone',
    LARGE,
    () => {
      for (const path of files()) rmSync(path);
    },
  ],
  [
    'a truncated file',
    LARGE,
    () => {
      for (const path of files()) truncateSync(path, 100);
    },
  ],
  [
    'a file with other content of the same length',
    LARGE,
    () => {
      for (const path of files()) writeFileSync(path, 'x'.repeat(statSync(path).size));
    },
  ],
];

describe.each(damages)('S25: %s', (_, size, damage) => {
  const make = cached('make', (n: number) => ({ n, text: String(n).repeat(size) }));
  const grow = cached('grow', (data: { n: number; text: string }) => ({ n: data.n + 10, text: data.text + '1'.repeat(size) }));
  const lengthOf = task((data: { text: string }) => data.text.length, { name: 'lengthOf' });

  it('is computed anew by a node of its own when the body asks for it, and then lies there whole again', async () => {
    const f = flow('asked', async () => (await make(1)).n);
    await f.run();
    damage();
    ran = [];
    expect(await f.run()).toBe(1);
    expect(ran).toEqual(['make']);
    const { run, states } = await recorded('asked/latest');
    expect(run.state).toBe('success');
    expect(Object.values(states)).toEqual(size === 1 ? ['cached', 'success'] : states['make#0'] === 'success' ? ['success'] : ['cached', 'success']);
    ran = [];
    expect(await f.run()).toBe(1);
    expect(ran).toEqual([]);
  });

  it('is computed anew when a task needs it, with a chain of such results, and one slot', async () => {
    const f = flow('chain', () => lengthOf(grow(grow(make(1)))));
    await f.run();
    damage();
    ran = [];
    expect(await f.run({}, { maxWorkers: 1 })).toBe(size * 3);
    expect(ran).toEqual(['make', 'grow', 'grow']);
    ran = [];
    expect(await f.run()).toBe(size * 3);
    expect(ran).toEqual([]);
  });

  it('is not missed by those who only need its digest', async () => {
    const f = flow('digest', () => void grow(make(1)));
    await f.run();
    damage();
    ran = [];
    await f.run();
    if (size === 1) expect(ran).toEqual([]);
  });
});

describe('S25: a result that has to be computed anew', () => {
  it('to another value: downstream goes by the new one', async () => {
    let source = 'old';
    const read = cached('read', () => source);
    const use = cached('use', (text: string) => `used ${text}`);
    const other = cached('other', (text: string) => `other ${text}`);
    await flow('first', () => use(read())).run();
    sql('DELETE FROM content');
    source = 'new';
    ran = [];
    expect(await flow('second', () => [other(read()), use(read())]).run()).toEqual(['other new', 'used new']);
    ran = [];
    expect(await flow('third', () => [other(read()), use(read())]).run()).toEqual(['other new', 'used new']);
    expect(ran).toEqual([]);
  });

  it('once, however many ask for it', async () => {
    const make = cached('make', () => ({ rows: [1] }));
    const use = task((data: { rows: number[] }, n: number) => data.rows.length + n, { name: 'use' });
    const f = flow('many', async () => {
      const made = make();
      const again = make();
      return [use(made, 1), use(made, 2), use(again, 3), (await made).rows, (await again).rows];
    });
    await f.run();
    sql('DELETE FROM content');
    ran = [];
    expect(await f.run()).toEqual([2, 3, 4, [1], [1]]);
    expect(ran).toEqual(['make']);
  });

  it('whose call equals that of its own input: nobody waits for himself', async () => {
    const same = cached('same', (n: number) => n);
    const f = flow('fixpoint', () => same(same(same(1))));
    await f.run();
    sql('DELETE FROM content');
    expect(await f.run({}, { maxWorkers: 1 })).toBe(1);
  });

  it('and fails: downstream did not run because of it, and who awaits it is told', async () => {
    let fails = false;
    const make = cached('make', () => {
      if (fails) throw new Error('no more');
      return { n: 1 };
    });
    const use = task((data: { n: number }) => data.n, { name: 'use' });
    const passive = flow('passive', () => use(make()));
    await passive.run();
    sql('DELETE FROM content');
    fails = true;
    const error = await failureOf(passive.run());
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['make#0~make#0']);
    expect((await recorded('passive/latest')).states).toMatchObject({ 'make#0': 'cached', 'make#0~make#0': 'failed', 'use#0': 'upstream-failed' });
  });

  it.each<[string, (make: () => Future<{ n: number }>) => unknown]>([
    ['await', async (make) => await make().catch(() => 'told')],
    ['settled()', async (make) => ((await make().settled()).state === 'failed' ? 'told' : 'not')],
    ['orElse()', (make) => make().orElse('told')],
    ['outcome()', async (make) => ((await make().outcome()).state === 'failed' ? 'told' : 'not')],
  ])('and fails: %s handles it', async (_, body) => {
    let fails = false;
    const make = cached('make', () => {
      if (fails) throw new Error('no more');
      return { n: 1 };
    });
    const f = flow('told', () => body(make));
    await f.run();
    sql('DELETE FROM content');
    fails = true;
    expect(await f.run()).toBe('told');
  });

  it('because nobody here can read its format', async () => {
    const format = (name: string): Serializer<{ n: number }> => ({
      name,
      ext: 'txt',
      encode: ({ n }) => Buffer.from(String(n)),
      decode: (bytes) => ({ n: Number(Buffer.from(bytes).toString()) }),
    });
    const make = cached('make', () => ({ n: 5 }), { serializer: format('old') });
    const f = (serializer: Serializer<{ n: number }>) => flow('format', async () => (await make.with({ serializer })()).n);
    expect(await f(format('old')).run()).toBe(5);
    expect(await f(format('new')).run()).toBe(5);
    expect(ran).toEqual(['make', 'make']);
    expect(await f(format('new')).run()).toBe(5);
    expect(ran).toEqual(['make', 'make']);
  });

  it('is not taken for lost when the store cannot be reached: that is an error, and nothing is computed anew', async () => {
    const inner = memoryStore();
    let reachable = true;
    const store: ResultStore = {
      scheme: 'moody',
      head: (key) => inner.head(key),
      read: (key) => (reachable ? inner.read(key) : Promise.reject(new Error('no route to host'))),
      write: (key, bytes, given) => inner.write(key, bytes, given),
      delete: (key) => inner.delete(key),
      list: (prefix) => inner.list(prefix),
    };
    const make = cached('make', () => ({ n: 1 }), { store });
    const use = task((data: { n: number }) => data.n, { name: 'use' });
    const f = flow('unreachable', async () => [await make().settled(), await use(make()).settled()]);
    await f.run();
    reachable = false;
    ran = [];
    expect(await f.run()).toMatchObject([
      { state: 'failed', error: { cause: { message: 'no route to host' } } },
      { state: 'failed', error: { taskRunId: 'use#0', cause: { message: 'no route to host' } } },
    ]);
    expect(ran).toEqual([]);
  });

  it('as a sub-flow, with its children', async () => {
    const step = cached('step', (n: number) => n + 1);
    const sub = flow('sub', () => step(1)).asTask({ cache: cache.default, version: '1' });
    const f = flow('outer', async () => await sub());
    await f.run();
    sql('DELETE FROM content');
    expect(await f.run()).toBe(2);
    expect(Object.keys((await recorded('outer/latest')).states)).toEqual(expect.arrayContaining(['sub#0', 'sub#0~sub#0', 'sub#0~sub#0.step#0']));
  });
});
