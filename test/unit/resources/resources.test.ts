import { beforeEach, describe, expect, it } from 'vitest';
import { all, cache, ctx, flow, param, resource, Skip, task, unmapped } from '../../../src/index.js';
import { failureOf, freshHome, gate, inMemory, recorded, turns } from '../engine/workbench.js';

let told: string[] = [];
beforeEach(() => {
  freshHome();
  told = [];
});

interface Base {
  readonly name: string;
  open: boolean;
}

/** Nothing that could be stored: it has a life. */
class Warehouse implements Base {
  readonly name: string;
  open = true;
  readonly #secret = 1;

  constructor(name: string) {
    this.name = name;
  }

  query(what: string): string {
    if (!this.open) throw new Error('closed');
    told.push(`query ${what} of ${this.name}`);
    return `${what}@${this.name}`.slice(0, 100 * this.#secret);
  }
}

const warehouse = resource('warehouse', {
  setup: (name: string) => {
    told.push(`setup ${name}`);
    return new Warehouse(name);
  },
  teardown: async (made: Warehouse) => {
    await turns(2);
    made.open = false;
    told.push(`teardown ${made.name}`);
  },
});
const ask = task((from: Warehouse, what: string) => from.query(what), { name: 'ask' });
const slow = task(
  async (from: Warehouse, before: string) => {
    await turns(10);
    return from.query(`slow after ${before}`);
  },
  { name: 'slow' },
);

describe('resource', () => {
  it('is made once, shared by all that use it, and taken down when all of them have ended', async () => {
    const f = flow('shared', () => {
      const base = warehouse('main');
      const a = ask(base, 'a');
      return [a, ask(base, 'b'), slow(base, a)];
    });
    expect(await f.run()).toEqual(['a@main', 'b@main', 'slow after a@main@main']);
    expect(told).toEqual(['setup main', 'query a of main', 'query b of main', 'query slow after a@main of main', 'teardown main']);
    const { states, task: row } = await recorded('shared/latest');
    expect(states).toEqual({
      'warehouse#0': 'success',
      'warehouse teardown#0': 'success',
      'ask#0': 'success',
      'ask#1': 'success',
      'slow#0': 'success',
    });
    // Nothing of it is stored.
    expect(row('warehouse#0').artifacts).toEqual([]);
  });

  it('is taken down when users fail, are skipped or cannot run', async () => {
    const fails = task(
      (_: Warehouse): string => {
        throw new Error('broken');
      },
      { name: 'fails' },
    );
    const skips = task(
      (_: Warehouse): string => {
        throw new Skip('not today');
      },
      { name: 'skips' },
    );
    const f = flow('failing', () => {
      const base = warehouse('main');
      const failed = fails(base);
      return [failed, skips(base), slow(base, failed)];
    });
    expect((await failureOf(f.run())).failures.map(({ taskRunId }) => taskRunId)).toEqual(['fails#0']);
    expect(told).toEqual(['setup main', 'teardown main']);
    expect((await recorded('failing/latest')).states).toMatchObject({ 'slow#0': 'upstream-failed', 'warehouse teardown#0': 'success' });
  });

  it('is not taken down when it could not be made', async () => {
    const broken = resource('broken', {
      setup: (): Warehouse => {
        throw new Error('no room');
      },
      teardown: () => void told.push('teardown'),
    });
    const f = flow('unmade', () => ask(broken(), 'a'));
    expect((await failureOf(f.run())).failures.map(({ taskRunId }) => taskRunId)).toEqual(['broken#0']);
    expect(told).toEqual([]);
    expect((await recorded('unmade/latest')).states).toEqual({ 'broken#0': 'failed', 'broken teardown#0': 'skipped', 'ask#0': 'upstream-failed' });
  });

  it('is made only when somebody uses it; setup may be tried again', async () => {
    let tries = 0;
    const flaky = resource('flaky', {
      setup: () => {
        if (++tries === 1) throw new Error('hiccup');
        return new Warehouse('flaky');
      },
      teardown: (made) => void told.push(`teardown ${made.name}`),
      retries: 1,
    });
    await flow('unused', () => {
      warehouse('nobody');
      return ask(flaky(), 'a');
    }).run();
    expect(told).toEqual(['query a of flaky', 'teardown flaky']);
    expect((await recorded('unused/latest')).states).toMatchObject({
      'warehouse#0': 'skipped',
      'warehouse teardown#0': 'skipped',
      'flaky#0': 'success',
    });
  });

  it('a cached user needs none: it counts by its name and arguments', async () => {
    const cached = ask.with({ cache: cache.default, version: '1' });
    const f = flow('cached', { params: { name: param({ default: 'main' }) } }, ({ name }) => cached(warehouse(name), 'a'));
    await f.run();
    told = [];
    expect(await f.run()).toBe('a@main');
    expect(told).toEqual([]);
    expect((await recorded('cached/latest')).states).toEqual({ 'warehouse#0': 'skipped', 'warehouse teardown#0': 'skipped', 'ask#0': 'cached' });
    expect((await f.preview()).nodes.map(({ id, state }) => [id, state])).toEqual([
      ['warehouse#0', 'pending'],
      ['warehouse teardown#0', 'pending'],
      ['ask#0', 'complete'],
    ]);
    const mapped = flow('mapped', () => cached.map(unmapped(warehouse('main')), ['a', 'b']));
    expect((await mapped.preview()).nodes.at(-1)).toMatchObject({ state: 'pending' });
    await mapped.run();
    expect((await mapped.preview()).nodes.at(-1)).toMatchObject({ state: 'complete' });
    told = [];
    expect(await f.run({ name: 'other' })).toBe('a@other');
    expect(told).toEqual(['setup other', 'query a of other', 'teardown other']);
  });

  it('S30: a resumed run makes it again when a user has to run, else neither', async () => {
    let isBroken = true;
    const last = task(
      (from: Warehouse, a: string) => {
        if (isBroken) throw new Error('broken');
        return from.query(a);
      },
      { name: 'last' },
    );
    const free = task(
      (a: string) => {
        if (isBroken) throw new Error('broken');
        return a;
      },
      { name: 'free' },
    );
    const uses = flow('uses', () => {
      const base = warehouse('main');
      return last(base, ask(base, 'a'));
    });
    await failureOf(uses.run());
    const none = flow('none', () => free(ask(warehouse('main'), 'a')));
    await failureOf(none.run());
    isBroken = false;
    told = [];
    expect(await uses.resume()).toBe('a@main@main');
    expect(told).toEqual(['setup main', 'query a@main of main', 'teardown main']);
    told = [];
    expect(await none.resume()).toBe('a@main');
    expect(told).toEqual([]);
  });

  it('is taken down when the run is cancelled, and what cleans up is not told to stop', async () => {
    const started = gate();
    const hangs = task(
      async (_: Warehouse) => {
        started.open();
        await new Promise((_resolve, reject) => ctx().signal.addEventListener('abort', () => reject(new Error('stopped'))));
      },
      { name: 'hangs' },
    );
    const base = resource('base', {
      setup: () => new Warehouse('main'),
      teardown: async () => {
        await turns(5);
        told.push(`teardown, told to stop: ${ctx().signal.aborted}`);
      },
    });
    const handle = flow('cancelled', () => hangs(base())).start();
    await started.opened;
    await handle.cancel();
    expect(await failureOf(handle.result())).toMatchObject({ code: 'RUN_CANCELLED' });
    expect(told).toEqual(['teardown, told to stop: false']);
    expect((await recorded(handle.id)).states).toEqual({ 'base#0': 'success', 'base teardown#0': 'success', 'hangs#0': 'cancelled' });
  });

  it('is taken down when users and the body go on after a cancellation: with a grace of its own', async () => {
    const started = gate();
    const never = gate();
    const hangs = task(
      async (_: Warehouse) => {
        started.open();
        await never.opened;
      },
      { name: 'hangs' },
    );
    const f = flow('given up', async () => {
      await hangs(warehouse('main'));
    });
    const handle = f.start({}, { graceMs: 0 } as object);
    await started.opened;
    await handle.cancel();
    expect(await failureOf(handle.result())).toMatchObject({ code: 'RUN_CANCELLED' });
    expect(told).toEqual(['setup main', 'teardown main']);
    const stuck = resource('stuck', { setup: () => new Warehouse('stuck'), teardown: () => never.opened });
    const again = gate();
    const waits = task(
      async (_: Warehouse) => {
        again.open();
        await never.opened;
      },
      { name: 'waits' },
    );
    const other = flow('stuck', () => waits(stuck())).start({}, { graceMs: 1 } as object);
    await again.opened;
    await other.cancel();
    expect(await failureOf(other.result())).toMatchObject({ code: 'RUN_CANCELLED' });
    expect((await recorded(other.id)).states).toEqual({ 'stuck#0': 'success', 'stuck teardown#0': 'cancelled', 'waits#0': 'cancelled' });
  });

  it('a teardown that fails is told, and fails the run only if asked', async () => {
    const make = (name: string, failRun: boolean) =>
      resource(name, {
        setup: () => new Warehouse(name),
        teardown: () => {
          throw new Error('stuck');
        },
        failRun,
      });
    expect(await flow('told', () => ask(make('lenient', false)(), 'a')).run()).toBe('a@lenient');
    expect((await recorded('told/latest')).states).toMatchObject({ 'lenient teardown#0': 'failed' });
    const failure = await failureOf(flow('strict', { onFailure: 'cancel-rest' }, () => ask(make('strict', true)(), 'a')).run());
    expect(failure.failures.map(({ message }) => message)).toEqual(["task 'strict teardown#0' failed: stuck"]);
  });

  it('works in maps, branches of futures and steps between tasks, and when it is awaited', async () => {
    const words = task(() => ['a', 'b', 'c'], { name: 'words' });
    const joined = task((all: readonly string[]) => all.join(), { name: 'joined' });
    expect(await flow('maps', () => joined(ask.map(unmapped(warehouse('main')), words()))).run()).toBe('a@main,b@main,c@main');
    expect(told[0]).toBe('setup main');
    expect(told.at(-1)).toBe('teardown main');
    told = [];
    const deep = task(({ from }: { from: Warehouse }, name: string) => from.query(name), { name: 'deep' });
    const awaited = flow('awaited', async () => {
      const future = warehouse('main');
      const made = await future;
      told.push(`body ${made.open}`);
      return deep({ from: future }, future.get('name'));
    });
    expect(await awaited.run()).toBe('main@main');
    expect(told).toEqual(['setup main', 'body true', 'query main of main', 'teardown main']);
  });

  it('with arguments from tasks, and users with rules of their own', async () => {
    const name = task(() => 'dynamic', { name: 'name' });
    const always = task((from: Warehouse | undefined) => void told.push(`always ${from?.name}`), { name: 'always', trigger: 'all-done' });
    await flow('dynamic', () => {
      const base = warehouse(name());
      always(base);
      return ask(base, 'a');
    }).run();
    expect(told[0]).toBe('setup dynamic');
    expect(told.at(-1)).toBe('teardown dynamic');
    expect(told).toContain('always dynamic');
    told = [];
    await flow('rules', () => void always(warehouse('main'))).run();
    expect(told).toEqual(['setup main', 'always main', 'teardown main']);
  });

  it('of a sub-flow ends with it; handed to one, it outlives it', async () => {
    const inner = flow('inner', { params: { what: param({ default: 'x' }) } }, ({ what }) => ask(warehouse(`inner ${what}`), what));
    const note = task((text: string) => void told.push(`noted ${text}`), { name: 'note' });
    await flow('outer', () => note(inner.asTask()({ what: 'a' }))).run();
    expect(told).toEqual(['setup inner a', 'query a of inner a', 'teardown inner a', 'noted a@inner a']);
    expect(Object.keys((await recorded('outer/latest')).states)).toContain('inner#0.warehouse teardown#0');
  });

  it('is shown by preview and drawings, which make nothing', async () => {
    const f = flow('shown', () => ask(warehouse('main'), 'a'));
    expect((await f.preview()).nodes.map(({ id }) => id)).toEqual(['warehouse#0', 'warehouse teardown#0', 'ask#0']);
    expect(await f.visualize()).toContain('warehouse teardown');
    expect(told).toEqual([]);
    await f.run();
    const past = await f.visualize({}, { from: { runId: 'shown/latest' } });
    expect(past).toContain('warehouse teardown');
  });

  it('S29: a body that awaits what is put together with it is traced without setting it up', async () => {
    const f = flow('awaited', { cache: cache.default }, async () => {
      const bases = await all([warehouse('main')]);
      return ask(bases[0], 'a');
    });
    const { nodes, complete } = await f.preview();
    expect(nodes.map(({ id, certain }) => [id, certain])).toEqual([
      ['warehouse#0', true],
      ['warehouse teardown#0', true],
      ['ask#0', false],
    ]);
    expect([complete, told]).toEqual([false, []]);
  });

  it('S26, S27: where a result lies, and what a map comes to, is told without setting it up', async () => {
    const write = task((from: Warehouse, what: string) => from.query(what), { name: 'write', target: 'out/{input.what}.json' });
    const f = flow('targets', { cache: cache.default }, () => [write(warehouse('main'), 'a'), ask.map(all([warehouse('list')]), unmapped('b'))]);
    const { nodes } = await f.preview();
    expect(nodes.filter(({ task }) => ['write', 'ask'].includes(task))).toMatchObject([
      { state: 'pending', target: 'out/a.json' },
      { state: 'pending' },
    ]);
    expect(told).toEqual([]);
  });

  it('nothing is frozen of it in a strict flow; in memory, too', async () => {
    inMemory();
    const plain = resource('plain', { setup: () => ({ count: 0 }), teardown: (made) => void told.push(`count ${made.count}`) });
    const add = task((counter: { count: number }) => ++counter.count, { name: 'add' });
    await flow('strict', { strict: true }, () => {
      const counter = plain();
      return [add(counter), add(counter)];
    }).run();
    expect(told).toEqual(['count 2']);
  });

  it('refuses what it cannot be', () => {
    expect(() => resource('a', {} as never)).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
    expect(() => resource('a/b', { setup: () => 1, teardown: () => 1 })).toThrow(expect.objectContaining({ code: 'TASK_NAME_INVALID' }));
    expect(() => warehouse('x')).toThrow(expect.objectContaining({ code: 'NOT_IN_A_FLOW' }));
  });
});
