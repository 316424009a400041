import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, type InvalidateOptions, param, task } from '../../../src/index.js';
import { failureOf, freshHome } from '../engine/workbench.js';

let ran: string[] = [];
/** What `a` gives: changing it makes everything downstream another question. */
let start = 0;

beforeEach(() => {
  freshHome();
  ran = [];
  start = 0;
});

const step = (name: string, give: (...inputs: number[]) => number) =>
  task(
    (...inputs: number[]) => {
      ran.push(name);
      return give(...inputs);
    },
    { name, version: '1', cache: cache.default },
  );
const a = step('a', (n) => n + start);
const b = step('b-left', (n) => n + 1);
const c = step('b-right', (n) => n + 2);
const d = step('d', (x, y) => x * y);
const each = step('each', (n) => n * 10);
const diamond = flow('diamond', { params: { n: param({ default: 1 }) } }, ({ n }) => {
  const first = a(n);
  return [d(b(first), c(first)), each.map([1, 2, 3])];
});

async function ranAfter(options: InvalidateOptions): Promise<readonly [ids: readonly string[], ran: readonly string[]]> {
  await diamond.run();
  const ids = await diamond.invalidate(options);
  ran = [];
  await diamond.run();
  return [ids, [...ran].sort()];
}

describe('invalidate', () => {
  it.each<[string, InvalidateOptions, readonly string[], readonly string[]]>([
    ['one, and what it gives anew is the same', { task: a }, ['a#0'], ['a']],
    ['one by its name', { task: 'b-left' }, ['b-left#0'], ['b-left']],
    ['one by its id', { task: 'd#0' }, ['d#0'], ['d']],
    ['a pattern', { task: 'b-*' }, ['b-left#0', 'b-right#0'], ['b-left', 'b-right']],
    ['downstream', { task: b, downstream: true }, ['b-left#0', 'd#0'], ['b-left', 'd']],
    ['upstream', { task: b, upstream: true }, ['a#0', 'b-left#0'], ['a', 'b-left']],
    ['both ways', { task: c, upstream: true, downstream: true }, ['a#0', 'b-right#0', 'd#0'], ['a', 'b-right', 'd']],
    ['a map with all its children', { task: each }, ['each#0'], ['each', 'each', 'each']],
    ['all', {}, ['a#0', 'b-left#0', 'b-right#0', 'd#0', 'each#0'], ['a', 'b-left', 'b-right', 'd', 'each', 'each', 'each']],
    ['nothing in a dry run', { task: a, downstream: true, dryRun: true }, ['a#0', 'b-left#0', 'b-right#0', 'd#0'], []],
  ])('S28: %s', async (_, options, ids, executed) => {
    expect(await ranAfter(options)).toEqual([ids, executed]);
  });

  it('S28: nothing else is touched: results for other parameters stay', async () => {
    await diamond.run({ n: 2 });
    await diamond.run({ n: 1 });
    expect(await diamond.invalidate({ task: a, params: { n: 2 } })).toEqual(['a#0']);
    ran = [];
    await diamond.run({ n: 1 });
    expect(ran).toEqual([]);
    await diamond.run({ n: 2 });
    expect(ran).toEqual(['a']);
  });

  it('S28: every result of the call goes, also those of before it was forced', async () => {
    for (let times = 0; times < 3; times++) await diamond.run({ n: 1 }, { force: true });
    expect(await diamond.invalidate({ task: 'b-*' })).toEqual(['b-left#0', 'b-right#0']);
    expect(await diamond.invalidate({ task: each })).toEqual(['each#0']);
    ran = [];
    await diamond.run();
    expect([...ran].sort()).toEqual(['b-left', 'b-right', 'each', 'each', 'each']);
  });

  it('S28, S22b: what was made from other contents of a file stays, and is there again with them', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'invalidate-')), 'rows.txt');
    const load = task(() => ran.push(readFileSync(path, 'utf8')), { name: 'load', version: '1', cache: cache.default });
    const loading = flow('loading', () => load());
    for (const content of ['one', 'two', 'two']) {
      writeFileSync(path, content);
      await loading.run({}, { force: true });
    }
    await loading.invalidate({ task: load });
    ran = [];
    for (const content of ['one', 'two']) {
      writeFileSync(path, content);
      await loading.run();
    }
    rmSync(dirname(path), { recursive: true });
    expect(ran).toEqual(['two']);
  });

  it('S28: downstream of what is not known any more goes too, though nobody can say which of its results it would have been', async () => {
    await diamond.run();
    await diamond.invalidate({ task: a });
    expect(await diamond.invalidate({ task: d })).toEqual(['d#0']);
    ran = [];
    await diamond.run();
    expect([...ran].sort()).toEqual(['a', 'd']);
  });

  it('S28: what nobody has computed is nothing to forget; an unknown task is an error that names the tasks', async () => {
    expect(await diamond.invalidate({ task: a })).toEqual([]);
    expect(await failureOf(diamond.invalidate({ task: 'e' }))).toMatchObject({
      code: 'TASK_UNKNOWN',
      hint: 'Its tasks are a, b-left, b-right, d, each.',
    });
  });
});

describe('output', () => {
  it('D2: gives the stored value of a task for given parameters, and runs nothing', async () => {
    await diamond.run();
    await diamond.run({ n: 4 });
    ran = [];
    expect([await diamond.output(d), await diamond.output(d, { n: 4 }), await diamond.output(each)]).toEqual([6, 30, [10, 20, 30]]);
    expect(ran).toEqual([]);
  });

  it('D2: rejects when there is none, with the reason', async () => {
    expect(await failureOf(diamond.output(a))).toMatchObject({ code: 'NOT_COMPLETE', message: expect.stringContaining("'a#0'") });
    await diamond.run();
    expect(await failureOf(diamond.output(a, { n: 2 }))).toMatchObject({ code: 'NOT_COMPLETE', message: expect.stringContaining('input-changed') });
    expect(await failureOf(diamond.output(task(() => 1, { name: 'other' })))).toMatchObject({ code: 'TASK_UNKNOWN' });
  });
});
