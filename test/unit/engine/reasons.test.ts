import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cache, type Flow, flow, param, type Reason, task } from '../../../src/index.js';
import { failureOf, freshHome, recorded } from './workbench.js';

let home = '';

beforeEach(() => {
  home = freshHome();
});

// Functions of the module, so that their own text is all there is to their code.
const double = (n: number): number => n * 2;
const doubleAgain = (n: number): number => n + n;
const same = <T>(value: T): T => value;
const pair = (left: number, right: { deep: number[] }): number => left + right.deep.length;

const options = { name: 't', cache: cache.default };

type AnyFlow = Flow<Record<never, never>, unknown>;

/** What preview says of each node: state, and why. */
async function previewed(of: AnyFlow): Promise<Record<string, string>> {
  const { nodes } = await of.preview();
  return Object.fromEntries(nodes.map(({ id, state, why }) => [id, why ? `${state}: ${text(why)}` : state]));
}

const text = ({ kind, detail }: Reason): string => (detail === undefined ? kind : `${kind} (${detail})`);

/** Preview and run must give the same reason, in this order. */
async function reasonOf(of: AnyFlow, id = 't#0'): Promise<string | undefined> {
  const said = (await previewed(of))[id];
  await of.run();
  const { reason } = (await recorded(`${of.flowName}/latest`)).task(id);
  expect(said).toBe(reason === undefined ? 'complete' : `pending: ${text(reason)}`);
  return said;
}

const withInput = (n: number) => flow('f', () => task(double, options)(n));

describe('why a node runs', () => {
  it('S27: no result, then complete', async () => {
    expect(await reasonOf(withInput(1))).toBe('pending: no-result');
    expect(await reasonOf(withInput(1))).toBe('complete');
  });

  it('S27: an input changed, from what to what', async () => {
    await withInput(1).run();
    expect(await reasonOf(withInput(2))).toBe('pending: input-changed (n: 1 -> 2)');
  });

  it('S27: the changed input is named; large values are not shown; the most alike earlier call is compared with', async () => {
    const f = (left: number, right: { deep: number[] }) => flow('f', () => task(pair, options)(left, right));
    await f(1, { deep: [1] }).run();
    await f(9, { deep: [9] }).run();
    expect(await reasonOf(f(1, { deep: [2] }))).toBe('pending: input-changed (right.deep[0]: 1 -> 2)');
    expect(await reasonOf(f(8, { deep: [9] }))).toBe('pending: input-changed (left: 9 -> 8)');
  });

  it('S27: of small objects and lists, what changed in them; of large ones, the name', async () => {
    const f = (value: unknown) => flow('f', () => task(same, options)(value));
    await f({ model: { lr: 0.1, depth: 3 }, steps: [1, 2] }).run();
    expect(await reasonOf(f({ model: { lr: 0.2, depth: 3 }, steps: [1, 2] }))).toBe('pending: input-changed (value.model.lr: 0.1 -> 0.2)');
    expect(await reasonOf(f({ model: { lr: 0.2, depth: 3 }, steps: [1, 5] }))).toBe('pending: input-changed (value.steps[1]: 2 -> 5)');
    expect(await reasonOf(f({ model: { lr: 0.2 }, steps: [1] }))).toBe(
      'pending: input-changed (value.model.depth: 3 -> nothing, value.steps: [1,5] -> [1])',
    );
    expect(await reasonOf(f({ text: 'x'.repeat(300) }))).toBe('pending: input-changed (value)');
  });

  it('S27: an input that is the result of another task is named with it', async () => {
    const f = (n: number) => flow('f', () => task(same, options)(task(double, { name: 'before', cache: cache.default })(n)));
    await f(1).run();
    await f(2).run();
    expect((await recorded('f/latest')).task('t#0').reason).toEqual({ kind: 'input-changed', detail: 'value (from before#0)' });
    await flow('f', () => task(double, { name: 'before', cache: cache.default })(3)).run();
    expect(await reasonOf(f(3))).toBe('pending: input-changed (value (from before#0))');
  });

  it('S27: of several calls of a task, the one in its place is compared with', async () => {
    const f = (...values: number[]) => flow('f', () => values.map((n) => task(double, options)(n)));
    await f(1, 2, 3).run();
    expect(await reasonOf(f(1, 9, 3), 't#1')).toBe('pending: input-changed (n: 2 -> 9)');
    expect(await reasonOf(f(1, 9, 3, 7), 't#3')).toMatch(/^pending: input-changed \(n: /);
  });

  it('S27: an input that the policy leaves out is no cause', async () => {
    const f = (left: number, right: { deep: number[] }) =>
      flow('f', () => task(pair, { ...options, cache: cache.default.without('right') })(left, right));
    await f(1, { deep: [1] }).run();
    expect(await reasonOf(f(1, { deep: [2] }))).toBe('complete');
    expect(await reasonOf(f(2, { deep: [2] }))).toBe('pending: input-changed (left: 1 -> 2)');
    const byKey = (n: number) => flow('f', () => task(double, { ...options, cache: cache.key(({ inputs }) => inputs.n) })(n));
    await byKey(1).run();
    expect(await reasonOf(byKey(2))).toBe('pending: input-changed (n: 1 -> 2)');
  });

  it('S27: code and input changed: both, the code first; the same inputs under other code are told by the code alone', async () => {
    const by = (fn: (n: number) => number, n: number) => flow('f', () => task(fn, { ...options, captures: { fn: fn.name } })(n));
    await by(double, 1).run();
    await by(double, 2).run();
    expect(await reasonOf(by(doubleAgain, 2))).toMatch(/^pending: code-changed \((?!.*input)/);
    expect(await reasonOf(by(doubleAgain, 1))).toMatch(/^pending: code-changed \((?!.*input)/);
    await flow('g', () => task(double, { ...options, name: 'u' })(1)).run();
    expect(
      await reasonOf(
        flow('g', () => task(doubleAgain, { ...options, name: 'u' })(5)),
        'u#0',
      ),
    ).toMatch(/^pending: code-changed \(.*; input n: 1 -> 5\)$/);
  });

  it('S22, S27: a captured variable that is listed, from what to what', async () => {
    const by = (region: string) => flow('f', () => task(() => region.length, { ...options, captures: { region } })());
    await by('eu').run();
    expect(await reasonOf(by('us'))).toBe('pending: captured-variable (region: "eu" -> "us")');
    expect(await reasonOf(by('eu'))).toBe('complete');
  });

  it('S27, S28: forced, by what, and what would have made it run anyway', async () => {
    const after = task(same, { name: 'after', cache: cache.default });
    const last = task(same, { name: 'last', cache: cache.default });
    const f = (n: number) => flow('f', () => last(after(task(double, options)(n))));
    await f(1).run();
    const reasons = async () => (await recorded('f/latest')).tasks.map(({ reason }) => reason && text(reason));
    await f(1).run({}, { force: 't' });
    expect(await reasons()).toEqual([
      'forced (t was forced)',
      'forced (it comes after t#0, which was forced)',
      'forced (it comes after t#0, which was forced)',
    ]);
    await f(1).run({}, { forceOnly: ['after'] });
    expect(await reasons()).toEqual([undefined, 'forced (after was forced)', undefined]);
    await f(4).run({}, { force: true });
    expect((await reasons())[0]).toBe('forced (every task was forced; input n: 1 -> 4)');
  });

  it('S18: values of secrets are not shown', async () => {
    const f = flow('f', { params: { token: param(z.string(), { secret: true }) } }, ({ token }) => {
      const by = task(() => token.length, { ...options, captures: { token } });
      return [by(), task((value: { n: number }) => value.n, { name: 'use', cache: cache.default })({ token, n: 1 } as { n: number })];
    });
    // In pieces: this file is kept with the runs, as the code that it is (M10).
    const canary = ['can', 'ary'].join('');
    await f.run({ token: `${canary}-one` });
    await f.run({ token: `${canary}-two` });
    const { tasks } = await recorded('f/latest');
    expect(tasks.map(({ reason }) => reason && text(reason))).toEqual([
      'captured-variable (token: "***" -> "***")',
      'input-changed (value.token: "***" -> "***")',
    ]);
    const written = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const { name, parentPath } of written) expect(readFileSync(join(parentPath, name)).includes(`${canary}-`), name).toBe(false);
  });

  it('S27: the code changed; and back it is complete (S23)', async () => {
    const by = (fn: (n: number) => number) => flow('f', () => task(fn, options)(1));
    await by(double).run();
    expect(await reasonOf(by(doubleAgain))).toMatch(/^pending: code-changed/);
    expect(await reasonOf(by(double))).toBe('complete');
  });

  it('S27: the version changed', async () => {
    const by = (version: string) => flow('f', () => task(double, { ...options, version })(1));
    await by('1').run();
    expect(await reasonOf(by('2'))).toBe('pending: version-changed (1 -> 2)');
  });

  it('S27: expired', async () => {
    const f = flow('f', () => task(double, { ...options, cache: cache.default.ttl(0) })(1));
    await f.run();
    expect(await reasonOf(f)).toMatch(/^pending: expired \(made .*, kept for 0 ms\)$/);
  });

  it('S27: not cached, by its options or by its policy', async () => {
    const f = flow('f', () => [task(double, { name: 'plain' })(1), task(same, { name: 'none', cache: cache.none })(1)]);
    await f.run();
    expect(await previewed(f)).toEqual({ 'plain#0': 'pending: not-cached', 'none#0': 'pending: not-cached (its policy gives no key)' });
  });

  it('S27: upstream pending: unknown when it has been run before, for its value may be the same', async () => {
    const f = (n: number) => flow('f', () => task(same, { name: 'after', cache: cache.default })(task(double, options)(n)));
    expect(await previewed(f(1))).toEqual({ 't#0': 'pending: no-result', 'after#0': 'pending: upstream-pending (t#0)' });
    await f(1).run();
    expect(await previewed(f(1))).toEqual({ 't#0': 'complete', 'after#0': 'complete' });
    expect(await previewed(f(2))).toEqual({ 't#0': 'pending: input-changed (n: 1 -> 2)', 'after#0': 'unknown: upstream-pending (t#0)' });
  });

  it('S27: missing', async () => {
    const large = () => flow('f', () => task(same, options)('x'.repeat(40_000)));
    await large().run();
    const store = join(home, 'store', 'results');
    for (const name of readdirSync(store, { recursive: true, encoding: 'utf8' })) if (statSync(join(store, name)).isFile()) rmSync(join(store, name));
    const { 't#0': said } = await previewed(large());
    expect(said).toMatch(/^pending: missing \(results\//);
  });

  it('S25, S27: what the body asks for, and cannot be read, is pending', async () => {
    const f = flow('f', async () => (await task(double, options)(2)) + 1);
    await f.run();
    expect(await previewed(f)).toEqual({ 't#0': 'complete' });
    const database = new Database(join(home, 'millrace.db'));
    database.exec('DELETE FROM content');
    database.close();
    expect(await previewed(f)).toEqual({ 't#0': expect.stringMatching(/^pending: missing \(the result at 'record:\w+' is gone\)$/) });
  });

  it('S27: neither a failure nor a preview leaves a result behind', async () => {
    const fails = flow('f', () =>
      task((_: number): number => {
        throw new Error('x');
      }, options)(1),
    );
    await failureOf(fails.run());
    await previewed(fails);
    expect((await previewed(fails))['t#0']).toBe('pending: no-result');
  });
});

describe('preview', () => {
  it('S27: never runs a task, nor a child run', async () => {
    let ran = 0;
    const count = task(() => ++ran, { name: 'count' });
    const child = flow('child', () => count());
    const f = flow('f', { params: { n: param({ default: 3 }) } }, async ({ n }) => {
      for (let i = 0; i < n; i++) count();
      child.startChild();
      await child.startChild({}, { wait: false });
    });
    const graph = await f.preview();
    expect(graph.nodes.map(({ id }) => id)).toEqual(['count#0', 'count#1', 'count#2', 'run child#0', 'start child#0']);
    expect([ran, await child.latest()]).toEqual([0, undefined]);
  });

  it('S27: refuses parameters as a run does; a graph does without them', async () => {
    const f = flow(
      'f',
      {
        params: { n: z.number() },
      },
      ({ n }) => task(double, options)(n),
    );
    await expect(f.preview({} as never)).rejects.toMatchObject({ name: 'ParameterError' });
    expect((await f.graph({} as never)).nodes.map(({ id }) => id)).toEqual(['t#0']);
  });

  it('writes nothing but the project folder', async () => {
    const before = mkdtempSync(join(home, 'cwd-'));
    await previewed(withInput(1));
    expect(readdirSync(before)).toEqual([]);
  });
});
