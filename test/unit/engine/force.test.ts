import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { all, cache, flow, param, type RunOptions, task } from '../../../src/index.js';
import { freshHome, recorded } from './workbench.js';

let ran: string[] = [];

beforeEach(() => {
  freshHome();
  ran = [];
});

const step = (name: string) =>
  task(
    (..._: unknown[]) => {
      ran.push(name);
      return name;
    },
    { name, version: '1', cache: cache.default },
  );
const [a, b, c, d, side] = [step('a'), step('b'), step('c'), step('d'), step('side')] as const;
const line = flow('line', () => {
  side();
  return d(c(b(a())));
});

async function ranWith(run: (options: RunOptions) => Promise<unknown>, options: RunOptions): Promise<string[]> {
  await run({});
  ran = [];
  await run(options);
  return ran;
}

describe('force', () => {
  it.each<[string, RunOptions, string[]]>([
    ['nothing', {}, []],
    ['everything', { force: true }, ['side', 'a', 'b', 'c', 'd']],
    ['one task and everything downstream', { force: b }, ['b', 'c', 'd']],
    ['several, by name or task', { force: ['c', side] }, ['side', 'c', 'd']],
    ['those of a pattern', { force: ['?', 'si*'] }, ['side']],
    ['only the target', { forceOnly: [b] }, ['b']],
    ['one with its downstream and one alone', { force: [d], forceOnly: ['a'] }, ['a', 'd']],
  ])('S28: %s', async (_, options, expected) => {
    expect(await ranWith((given) => line.run({}, given), options)).toEqual(expected);
  });

  it('S28: says so, as the reason', async () => {
    await line.run();
    await line.run({}, { force: [c] });
    const { task: row, states } = await recorded('line/latest');
    expect([row('c#0').reason, row('d#0').reason]).toEqual([
      { kind: 'forced', detail: 'c was forced' },
      { kind: 'forced', detail: 'it comes after c#0, which was forced' },
    ]);
    expect(states).toMatchObject({ 'a#0': 'cached', 'b#0': 'cached', 'side#0': 'cached' });
  });

  it('S28: reaches through all() and orElse(), through order and through what the body did', async () => {
    const shapes = flow('shapes', async () => {
      b(all([a(), 1]));
      c(a().orElse(2));
      d().after(a());
      await a();
      side('later');
    });
    expect((await ranWith((given) => shapes.run({}, given), { force: a })).sort()).toEqual(['a', 'b', 'c', 'd', 'side']);
  });

  it('S28: what a sub-flow feeds is downstream of its children; its siblings are not', async () => {
    const sub = flow('sub', () => {
      side();
      return b(a());
    }).asTask({ cache: false });
    const outer = flow('outer', () => c(sub()));
    expect(await ranWith((given) => outer.run({}, given), { force: a })).toEqual(['a', 'b', 'c']);
  });

  it('S28: a sub-flow that comes after what is forced, or is forced by its name, is forced with all that is in it', async () => {
    const sub = flow('sub', { params: { n: param(z.string()) } }, ({ n }) => {
      side('alone');
      return b(n);
    }).asTask();
    const outer = flow('outer after', () => c(sub({ n: a() })));
    expect((await ranWith((given) => outer.run({}, given), { force: a })).sort()).toEqual(['a', 'b', 'c', 'side']);
    expect((await ranWith((given) => outer.run({}, given), { force: 'sub' })).sort()).toEqual(['b', 'c', 'side']);
  });
});
