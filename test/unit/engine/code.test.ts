import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, shell, task } from '../../../src/index.js';
import { freshHome, recorded, statesOfLatest } from './workbench.js';

let ran: string[] = [];
beforeEach(() => {
  freshHome();
  ran = [];
});

const options = { cache: cache.default };

/** A task as a factory makes it: `rate` is a variable of the factory. */
function scaled(rate: number, extra: object = {}) {
  return task(
    (n: number) => {
      ran.push(`scaled ${rate}`);
      return n * rate;
    },
    { name: 'scaled', ...options, ...extra },
  );
}

async function reasonOf(f: { flowName: string }, id: string): Promise<unknown> {
  return (await recorded(`${f.flowName}/latest`)).task(id).reason;
}

describe('code that only a call knows', () => {
  it('S22, S27: is not reused across runs, and the reason names the variable', async () => {
    const by = (rate: number) => flow('factory', () => scaled(rate)(1));
    expect([await by(2).run(), await by(2).run(), await by(3).run()]).toEqual([2, 2, 3]);
    expect(ran).toEqual(['scaled 2', 'scaled 2', 'scaled 3']);
    expect(await reasonOf(by(2), 'scaled#0')).toEqual({ kind: 'captured-variable', detail: 'rate' });
  });

  it('S22: is reused by the values it lists in `captures`, and by a `version`', async () => {
    const by = (rate: number) => flow('captures', () => scaled(rate, { captures: { rate } })(1));
    expect([await by(2).run(), await by(2).run(), await by(3).run(), await by(2).run()]).toEqual([2, 2, 3, 2]);
    expect(ran).toEqual(['scaled 2', 'scaled 3']);
    const fixed = (rate: number) => flow('version', () => scaled(rate, { version: '1' })(1));
    expect([await fixed(2).run(), await fixed(3).run()]).toEqual([2, 2]);
  });

  it('S22: a variable whose value has no digest settles nothing', async () => {
    const connection = { query: () => 1 };
    const by = () => flow('no-digest', () => task(() => connection.query(), { name: 't', ...options, captures: { connection } })());
    await by().run();
    await by().run();
    expect(await statesOfLatest('no-digest')).toEqual({ 't#0': 'success' });
    expect(await reasonOf(by(), 't#0')).toEqual({ kind: 'captured-variable', detail: 'connection' });
  });

  it('S20: does not matter to a policy that does not look at code', async () => {
    const by = (rate: number) => flow('inputs', () => scaled(rate, { cache: cache.inputs })(1));
    expect([await by(2).run(), await by(3).run()]).toEqual([2, 2]);
  });

  it('refuses captures that are no object', () => {
    expect(() => task((n: number) => n, { name: 't', captures: ['rate'] as never })).toThrow(
      expect.objectContaining({
        code: 'TASK_OPTION_INVALID',
        message: expect.stringContaining("expected 'captures' to be an object of variables by name"),
      }),
    );
  });
});

describe('code that is not found', () => {
  it('S22, S27: counts by its text, and who asks why a task runs is told', async () => {
    const made = [(n: number) => n + 1, (n: number) => n + 2].map((fn) => task(fn, { name: 'made', ...options }));
    const by = (place: number) => flow('made', () => made[place]!(1));
    const unsure = "its code is not known whole: the function is a variable, 'fn', whose value is known only when it runs";
    expect(await by(0).run()).toBe(2);
    expect(await reasonOf(by(0), 'made#0')).toEqual({ kind: 'no-result', detail: unsure });
    expect(await by(1).run()).toBe(3);
    expect(await reasonOf(by(1), 'made#0')).toEqual({ kind: 'code-changed', detail: `the text of the function; ${unsure}` });
    expect(await by(0).run()).toBe(2);
    expect(await statesOfLatest('made')).toEqual({ 'made#0': 'cached' });
  });
});

describe('code that is told apart', () => {
  it('S22: two functions of one name, at two places; a variation keeps the function of its task', async () => {
    const first = task((n: number) => n + 1, { name: 'same', ...options });
    const second = task((n: number) => n + 2, { name: 'same', ...options });
    const by = (one: typeof first) => flow('places', () => one(1));
    expect([await by(first).run(), await by(second).run(), await by(first).run()]).toEqual([2, 3, 2]);
    expect(await statesOfLatest('places')).toEqual({ 'same#0': 'cached' });
    expect(await by(first.with({ retries: 2 })).run()).toBe(2);
    expect(await statesOfLatest('places')).toEqual({ 'same#0': 'cached' });
  });

  it('S22: commands, by what they say; functions that give one, by their code', async () => {
    const by = (one: ReturnType<typeof shell<[]>>) => flow('commands', () => one());
    expect(await by(shell('c', ['echo', 'a'], options)).run()).toBe('a');
    expect(await by(shell('c', ['echo', 'b'], options)).run()).toBe('b');
    expect(await by(shell('c', () => ['echo', 'c'], options)).run()).toBe('c');
    expect(await by(shell('c', () => ['echo', 'd'], options)).run()).toBe('d');
    expect(await by(shell('c', ['echo', 'a'], options)).run()).toBe('a');
    expect(await statesOfLatest('commands')).toEqual({ 'c#0': 'cached' });
  });

  it('S7, S22: a cached flow counts by its body and its tasks', async () => {
    const inner = task((n: number) => {
      ran.push('inner');
      return n;
    });
    const child = flow('child', () => inner(1));
    const other = flow('child', () => inner(2));
    const by = (one: typeof child) => flow('parent', () => one.asTask(options)());
    expect([await by(child).run(), await by(child).run(), await by(other).run()]).toEqual([1, 1, 2]);
    expect(ran).toEqual(['inner', 'inner']);
  });
});
