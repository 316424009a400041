import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { match, merge, sequence, when } from '../../../src/flow/control.js';
import { grid } from '../../../src/flow/grid.js';
import { all, cache, type FlowRunError, type Future, flow, param, Skip, type TriggerRule, task } from '../../../src/index.js';

beforeAll(() => {
  process.env.MILLRACE_HOME = ':memory:';
});

const give = task(<T>(value: T): T => value, { name: 'give' }) as unknown as <T>(value: T | Future<T>) => Future<T>;
const fail = task(
  (): number => {
    throw new Error('broken');
  },
  { name: 'fail' },
);
const skip = task(
  (): number => {
    throw new Skip('not today');
  },
  { name: 'skip' },
);
const half = task((n: number) => n / 2, { name: 'half' });
const add = task((a: number, b: number) => a + b, { name: 'add' });

/** A task that says its name, and the names it said. */
function recorder() {
  const ran: string[] = [];
  const step = task(
    (name: string) => {
      ran.push(name);
      return name;
    },
    { name: 'step' },
  );
  return { ran, step };
}

/** Runs a body and tells how it ended, and the futures it put aside. */
async function run(body: (keep: (name: string, future: Future<unknown>) => void) => unknown): Promise<{
  readonly value: unknown;
  readonly error: FlowRunError | undefined;
  readonly states: Record<string, string>;
}> {
  const kept = new Map<string, Future<unknown>>();
  const outcome = await flow('test', () => body((name, future) => kept.set(name, future)))
    .run()
    .then(
      (value) => ({ value, error: undefined }),
      (error: FlowRunError) => ({ value: undefined, error }),
    );
  return { ...outcome, states: Object.fromEntries([...kept].map(([name, { state }]) => [name, state])) };
}

const BOTH: readonly boolean[] = [true, false];

describe('when', () => {
  it.each(BOTH)('S11: runs the branch of its condition and skips the other (%s)', async (condition) => {
    const { ran, step } = recorder();
    const { value, error, states } = await run((keep) => {
      const chosen = when(
        give(condition),
        () => {
          const first = step('a1');
          keep('a1', first);
          const second = step('a2').after(first);
          keep('a2', second);
          return second;
        },
        () => {
          const only = step('b');
          keep('b', only);
          return only;
        },
      );
      return chosen;
    });
    expect(error).toBeUndefined();
    expect(value).toBe(condition ? 'a2' : 'b');
    expect(ran).toEqual(condition ? ['a1', 'a2'] : ['b']);
    expect(states).toEqual(condition ? { a1: 'success', a2: 'success', b: 'skipped' } : { a1: 'skipped', a2: 'skipped', b: 'success' });
  });

  it('takes a plain condition, and gives undefined where there is no other branch', async () => {
    expect((await run(() => [when(true, () => give(1)), when(false, () => give(2))])).value).toEqual([1, undefined]);
  });

  it('skips all that a branch calls, also behind steps that give values where there are none', async () => {
    const { value, states } = await run((keep) => {
      const chosen = when(
        give(false),
        () => {
          const fallback = give(1).orElse(5);
          const used = add(fallback, 1);
          keep('fallback', fallback);
          keep('used', used);
          keep('outcome', used.outcome());
          return used;
        },
        () => give(7),
      );
      return add(chosen, 1);
    });
    expect(value).toBe(8);
    expect(states).toEqual({ fallback: 'skipped', used: 'skipped', outcome: 'skipped' });
  });

  it.each(BOTH)('chooses by the condition when a branch returns a future from outside (%s)', async (condition) => {
    const { value, states } = await run((keep) => {
      const outside = give('outside');
      keep('outside', outside);
      return when(
        give(condition),
        () => outside,
        () => give('inside'),
      );
    });
    expect(value).toBe(condition ? 'outside' : 'inside');
    expect(states).toEqual({ outside: 'success' });
  });

  it('nests: a law of two conditions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.boolean(), fc.boolean(), async (outer, inner, plain) => {
        const condition = (value: boolean) => (plain ? value : give(value));
        const { ran, step: leaf } = recorder();
        const nested = (name: string) =>
          when(
            condition(inner),
            () => leaf(`${name}1`),
            () => leaf(`${name}2`),
          );
        const { value, error } = await run(() =>
          when(
            condition(outer),
            () => nested('a'),
            () => nested('b'),
          ),
        );
        const expected = `${outer ? 'a' : 'b'}${inner ? 1 : 2}`;
        expect(error).toBeUndefined();
        expect(value).toBe(expected);
        expect(ran).toEqual([expected]);
      }),
      { numRuns: 20 },
    );
  });

  it('a future that leaves a branch not taken is skipped, whatever stands behind it', async () => {
    const { states } = await run((keep) => {
      const outside = give(1);
      when(false, () => {
        const leaked = when(true, () => outside);
        keep('leaked', leaked);
        return leaked;
      });
    });
    expect(states).toEqual({ leaked: 'skipped' });
  });

  it('S11: skips a branch that is not taken also where an input of it failed', async () => {
    const { states } = await run((keep) => {
      const broken = fail();
      keep('broken', broken);
      return when(give(false), () => {
        const used = add(broken, 1);
        keep('used', used);
        keep('mapped', half.map(broken as unknown as Future<number[]>));
        return used;
      }).orElse(0);
    });
    expect(states).toEqual({ broken: 'failed', used: 'skipped', mapped: 'skipped' });
  });

  it('S11: that a branch is taken is no success that a trigger rule counts', async () => {
    const rule = (trigger: TriggerRule) => task((_?: unknown) => trigger, { name: `${trigger}`, trigger });
    const { states } = await run((keep) =>
      when(give(true), () => {
        for (const trigger of ['all-failed', 'any-success', 'any-failed'] as const) keep(trigger, rule(trigger)(fail()));
        const alone = rule('all-success')();
        keep('alone', alone);
        return alone;
      }),
    );
    expect(states).toEqual({ 'all-failed': 'success', 'any-success': 'upstream-failed', 'any-failed': 'success', alone: 'success' });
  });

  it('S11: runs neither branch when its condition failed or was skipped', async () => {
    const failed = await run((keep) => {
      const chosen = when(fail().get('x' as never) as unknown as Future<boolean>, () => give(1));
      keep('chosen', chosen);
    });
    expect(failed.states).toEqual({ chosen: 'upstream-failed' });
    expect(failed.error?.failures.map(({ taskRunId }) => taskRunId)).toEqual(['fail#0']);
    const skipped = await run((keep) => {
      keep(
        'chosen',
        when(skip() as unknown as Future<boolean>, () => give(1)),
      );
    });
    expect(skipped.states).toEqual({ chosen: 'skipped' });
    expect(skipped.error).toBeUndefined();
  });

  it('S11, S12: ends as the branch that is taken', async () => {
    const { error, states } = await run((keep) => {
      keep(
        'failed',
        when(true, () => fail()),
      );
      keep(
        'skipped',
        when(true, () => skip()),
      );
    });
    expect(states).toEqual({ failed: 'upstream-failed', skipped: 'skipped' });
    expect(error?.code).toBe('RUN_FAILED');
  });

  it('says why a task of a branch was skipped', async () => {
    const { value } = await run(() => {
      let inside: Future<number> | undefined;
      when(give(false), () => {
        inside = give(1);
        return inside;
      });
      return (inside as Future<number>).settled().then((end) => ('error' in end ? end.error?.message : undefined));
    });
    expect(value).toBe("task 'give#1' was skipped: the condition of when() is false");
  });

  it('S11: the gate of a branch is no upstream to the rules in it', async () => {
    const asked: string[][] = [];
    const ruled = task((n: number) => n, {
      name: 'ruled',
      trigger: (upstream) => {
        asked.push([...upstream.keys()]);
        return true;
      },
    });
    const boom = task(
      (): number => {
        throw new Error('boom');
      },
      { name: 'boom' },
    );
    const alarm = task((_: unknown) => 'told', { name: 'alarm', trigger: 'all-failed', handles: true });
    const { value } = await run(() => [when(give(true), () => ruled(give(1))), when(give(true), () => alarm(boom()))]);
    expect(value).toEqual([1, 'told']);
    expect(asked).toEqual([['give#1']]);
  });

  it('S11: a step between tasks that fails is called what the user wrote', async () => {
    const error = await flow('step', () => match(give('x') as never, { y: () => give(1) } as never))
      .run()
      .catch((thrown) => thrown);
    expect(error.message).toContain('\n  - match() failed: expected a key that match() has a case for ("y"); got "x"');
    expect(error.failures[0].taskRunId).toBe('match()');
  });

  it('S29: draws both branches, all of it known and the branches uncertain', async () => {
    const ready = task(() => true, { name: 'ready' });
    const graph = await flow('drawn', () =>
      add(
        when(
          ready(),
          () => add(give(1), 2),
          () => give(3),
        ),
        1,
      ),
    ).graph();
    expect(graph.complete).toBe(true);
    expect(graph.nodes.map(({ id, certain }) => [id, certain])).toEqual([
      ['ready#0', true],
      ['give#0', false],
      ['add#0', false],
      ['give#1', false],
      ['add#1', true],
    ]);
    // An edge from the condition to what is behind `give#0` goes without saying.
    expect(graph.edges.filter(({ kind }) => kind === 'control').map(({ from, to }) => `${from} -> ${to}`)).toEqual([
      'ready#0 -> give#0',
      'ready#0 -> give#1',
    ]);
  });

  it('S29: knows the branch of a condition that is no future', async () => {
    const graph = await flow('drawn', () =>
      when(
        true,
        () => give(1),
        () => give(2),
      ),
    ).graph();
    expect(graph.nodes.map(({ certain }) => certain)).toEqual([true, false]);
  });

  it('S27: a preview skips the branch that is known not to be taken, and what needs it', async () => {
    const options = { cache: cache.default };
    const flag = task((value: boolean) => value, { ...options, name: 'flag' });
    const step = task((name: string, _after?: unknown) => name, { ...options, name: 'step' });
    const always = task((name: string) => name, { ...options, name: 'always', trigger: 'all-done' });
    const inner = flow('inner', () => step('inside'));
    const asked = flow('asked', { params: { yes: param({ default: true }) } }, ({ yes }) => {
      const no = when(
        flag(yes),
        () => step('taken'),
        () => all([step('a', step('b')), inner.asTask()(), always('c')]),
      );
      return step('after', no);
    });
    const states = async (yes: boolean) => {
      const { nodes, ...graph } = await asked.preview({ yes });
      return { text: graph.toTree(), states: nodes.map(({ state, certain, outcome }) => outcome?.state ?? `${state}${certain ? '' : '?'}`) };
    };
    expect((await states(true)).states).toEqual(['pending', ...Array(5).fill('pending?'), 'pending', 'pending?']);
    await asked.run({ yes: true });
    const known = await states(true);
    expect(known.states).toEqual(['complete', 'complete', ...Array(4).fill('skipped'), 'unknown', 'skipped']);
    expect(known.text).not.toMatch(/may run|upstream-pending: step/);
    expect((await states(false)).states[0]).toBe('pending');
    await asked.run({ yes: false });
    expect((await states(false)).states.slice(0, 3)).toEqual(['complete', 'skipped', 'complete']);
  });

  it('S29: gives a body that awaits it the value of the branch that a run would take', async () => {
    const options = { cache: cache.default };
    const flag = task((value: boolean) => value, { ...options, name: 'flag' });
    const made = task((name: string) => name, { ...options, name: 'made' });
    const seen: unknown[] = [];
    const asked = flow('asked', { params: { yes: param({ default: true }) } }, async ({ yes }) => {
      let inside: Future<string> = made('x');
      const chosen = when(
        flag(yes),
        () => {
          inside = made('a');
          return inside;
        },
        () => when(true, () => made('b')),
      );
      seen.push(await merge(inside, made('outside')), await chosen);
    });
    for (const yes of BOTH) await asked.run({ yes });
    const ran = seen.splice(0);
    expect(ran).toEqual(['a', 'a', 'outside', 'b']);
    for (const yes of BOTH) expect((await asked.preview({ yes })).complete).toBe(true);
    expect(seen).toEqual(ran);
  });

  it('refuses branches that return no future', async () => {
    const { error } = await run(() => when(true, (async () => give(1)) as unknown as () => Future<number>));
    expect(error?.message).toContain('expected then of when() to be a function that returns a future; got [object Promise]');
    expect(() => when(true, () => give(1))).toThrowError(expect.objectContaining({ code: 'NOT_IN_A_FLOW' }));
  });

  it('leaves a task of the user free to be called merge or when', async () => {
    const mine = task((a: number) => a + 1, { name: 'merge' });
    expect((await run(() => merge(mine(1), mine(2)))).value).toBe(2);
  });
});

describe('match', () => {
  it.each(['a', 'b'] as const)('runs the case that the key names (%s)', async (key) => {
    const { value, states } = await run((keep) => {
      const branch = (name: string) => {
        const made = give(name);
        keep(name, made);
        return made;
      };
      const chosen: Future<string> = match(give<'a' | 'b'>(key), { a: () => branch('a'), b: () => branch('b') });
      return chosen;
    });
    expect(value).toBe(key);
    expect(states).toEqual({ a: key === 'a' ? 'success' : 'skipped', b: key === 'b' ? 'success' : 'skipped' });
  });

  it('types the result by the cases', async () => {
    const body = () => match('n' as 'n' | 's', { n: () => give(1), s: () => give('one') });
    const typed: Future<number | string> extends ReturnType<typeof body> ? true : false = true;
    expect(typed).toBe(true);
    expect((await run(body)).value).toBe(1);
  });

  it.each([null, undefined, {}, 5])('MATCH_CASES_INVALID: cases %j', async (cases) => {
    const { error } = await run(() => match('a', cases as never));
    expect(error?.cause).toMatchObject({ code: 'MATCH_CASES_INVALID' });
  });

  it('MATCH_NO_CASE names the key and the cases, and no case runs', async () => {
    const { error, states } = await run((keep) => {
      const only = give(1);
      match(
        give('c') as unknown as Future<'a'>,
        {
          a: () => {
            const inside = give(2);
            keep('inside', inside);
            return inside;
          },
          b: () => only,
        } as { a: () => Future<number> },
      );
    });
    expect(states).toEqual({ inside: 'skipped' });
    expect(error?.message).toContain('expected a key that match() has a case for ("a", "b"); got "c"');
    expect(error?.failures[0]?.cause).toMatchObject({ code: 'MATCH_NO_CASE' });
  });

  it('a match in a branch that is not taken asks for no case', async () => {
    const { error } = await run(() => when(false, () => match('x' as 'a', { a: () => give(1) })));
    expect(error).toBeUndefined();
  });
});

describe('merge', () => {
  it('of branches without an else, gives the value of the one that was taken; undefined where none was', async () => {
    const branches = (...taken: readonly boolean[]) =>
      run(() => merge(...taken.map((is, place) => when(give(is), () => give(place))))).then(({ value, error }) => ({ value, error }));
    expect(await branches(false, false, true)).toEqual({ value: 2, error: undefined });
    expect(await branches(false, true, true)).toEqual({ value: 1, error: undefined });
    expect(await branches(true, false)).toEqual({ value: 0, error: undefined });
    expect(await branches(false, false)).toEqual({ value: undefined, error: undefined });
    expect((await run(() => merge(give(undefined), give(null)))).value).toBe(null);
  });

  it('gives the value of the first that has one', async () => {
    expect((await run(() => merge(skip(), give(2), give(3)))).value).toBe(2);
  });

  it('S12: a failure beside a value stays a failure of the run', async () => {
    const { error, states } = await run((keep) => keep('merged', merge(fail(), give(2))));
    expect(states).toEqual({ merged: 'success' });
    expect(error?.failures).toHaveLength(1);
  });

  it('S11: skipped when all were, upstream-failed when one failed and none has a value', async () => {
    const { error, states } = await run((keep) => {
      keep('skipped', merge(skip(), skip()));
      keep('failed', merge(skip(), fail()));
    });
    expect(states).toEqual({ skipped: 'skipped', failed: 'upstream-failed' });
    expect(error?.code).toBe('RUN_FAILED');
  });

  it('takes parts of results, and refuses what is no future', async () => {
    expect((await run(() => merge(give({ a: 1 }).get('a')))).value).toBe(1);
    expect(() => merge()).toThrowError(expect.objectContaining({ code: 'MERGE_INVALID' }));
    expect(() => merge(1 as unknown as Future<number>)).toThrowError('got 1');
  });
});

describe('sequence', () => {
  it('runs one step after the other, tasks inside a step too, and gives the last', async () => {
    const ran: string[] = [];
    const step = task(
      async (name: string, _before?: string) => {
        await new Promise((resolve) => setImmediate(resolve));
        ran.push(name);
        return name;
      },
      { name: 'step' },
    );
    const { value } = await run(() => {
      const last: Future<string> = sequence(
        () => step('a'),
        () => step('b2', step('b1')),
        () => step('c'),
      );
      return last;
    });
    expect(value).toBe('c');
    expect(ran).toEqual(['a', 'b1', 'b2', 'c']);
  });

  it('takes tasks as they are; draws one edge from step to step', async () => {
    const [start, hello, end] = ['start', 'hello', 'end'].map((name) => task(() => name, { name }));
    const graph = await flow('HelloFlow', () => sequence(start!, hello!, end!)).graph();
    expect(graph.edges).toEqual([
      { from: 'start#0', to: 'hello#0', kind: 'order' },
      { from: 'hello#0', to: 'end#0', kind: 'order' },
    ]);
  });

  it('S11: what comes after a failure or a skip does not run', async () => {
    const { states } = await run((keep) => {
      keep(
        'failed',
        sequence(
          () => fail(),
          () => give(1),
        ),
      );
      keep(
        'skipped',
        sequence(
          () => skip(),
          () => when(true, () => give(1)),
        ),
      );
    });
    expect(states).toEqual({ failed: 'upstream-failed', skipped: 'skipped' });
  });

  it('orders futures that were made before, and takes the same one twice', async () => {
    const ran: string[] = [];
    const step = task((name: string) => ran.push(name), { name: 'step' });
    await run(() => {
      const early = step('early');
      return sequence(
        () => step('first'),
        () => early,
        () => early,
      );
    });
    expect(ran).toEqual(['first', 'early']);
  });

  it('is skipped as a whole in a branch that is not taken', async () => {
    const { states } = await run((keep) => {
      when(false, () => {
        const last = sequence(
          () => give(1),
          () => give(2),
        );
        keep('last', last);
        return last;
      });
    });
    expect(states).toEqual({ last: 'skipped' });
  });

  it('refuses no steps at all', async () => {
    const { error } = await run(() => (sequence as () => unknown)());
    expect(error?.cause).toMatchObject({ code: 'SEQUENCE_EMPTY' });
  });
});

describe('grid', () => {
  it.each([undefined, null, 5, { a: 5 }])('GRID_INVALID: %j', (lists) => {
    expect(() => grid(lists as never)).toThrow(expect.objectContaining({ code: 'GRID_INVALID' }));
  });

  it('gives every combination in sorted key order, whatever the order it was written in', () => {
    const settings: { model: 'svc' | 'knn'; depth: 3 | 6 }[] = grid({ model: ['svc', 'knn'], depth: [3, 6] });
    expect(settings).toEqual([
      { depth: 3, model: 'svc' },
      { depth: 3, model: 'knn' },
      { depth: 6, model: 'svc' },
      { depth: 6, model: 'knn' },
    ]);
    expect(grid({ depth: [3, 6], model: ['svc', 'knn'] })).toEqual(settings);
  });

  it('a law: as many as the product of the lengths, all different, each value from its list', () => {
    const lists = fc.dictionary(fc.string({ maxLength: 3 }), fc.uniqueArray(fc.integer(), { maxLength: 4 }), { maxKeys: 4 });
    fc.assert(
      fc.property(lists, (given) => {
        const all = grid(given);
        const product = Object.values(given).reduce((count, values) => count * values.length, 1);
        expect(all).toHaveLength(product);
        expect(new Set(all.map((setting) => JSON.stringify(Object.entries(setting)))).size).toBe(product);
        for (const setting of all) for (const [key, value] of Object.entries(setting)) expect(given[key]).toContain(value);
      }),
    );
  });

  it('refuses what is no list', () => {
    expect(() => grid({ lr: 0.1 as unknown as number[] })).toThrowError("expected a list of values for 'lr' of a grid; got 0.1");
  });
});
