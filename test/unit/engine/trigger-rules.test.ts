import { beforeEach, describe, expect, it } from 'vitest';
import { cache, type FinalState, type Future, flow, Skip, type TaskState, type TriggerRule, task, unmapped } from '../../../src/index.js';
import { failureOf, freshHome, gate, recorded, turns } from './workbench.js';

beforeEach(() => void freshHome());

const ok = task(() => 'value', { name: 'ok' });
const boom = task(
  (): string => {
    throw new Error('boom');
  },
  { name: 'boom' },
);
const skips = task(
  (): string => {
    throw new Skip('not today');
  },
  { name: 'skips' },
);
const INPUTS = { S: ok, F: boom, K: skips } as const;

interface Met {
  readonly state: TaskState | undefined;
  /** What the body was called with; undefined: it was not. */
  readonly args: readonly unknown[] | undefined;
}

/** What becomes of a task with this rule after inputs that end as the letters say. */
async function meet(inputs: string, options: { trigger: TriggerRule; skipOnUpstreamSkip?: boolean }): Promise<Met> {
  let args: readonly unknown[] | undefined;
  const ruled = task(
    (...given: unknown[]) => {
      args = given;
    },
    { name: 'ruled', ...options },
  );
  const handle = flow('rules', () => void ruled(...[...inputs].map((letter) => INPUTS[letter as 'S']()))).start();
  await handle.result().catch(() => {});
  return { state: (await recorded(handle.id)).states['ruled#0'] as TaskState, args };
}

describe('rules in real flows', () => {
  it.each<readonly [TriggerRule, string, TaskState]>([
    ['all-success', 'SF', 'upstream-failed'],
    ['all-success', 'SK', 'skipped'],
    ['all-done', 'SFK', 'success'],
    ['all-failed', 'FF', 'success'],
    ['all-failed', 'SF', 'skipped'],
    ['any-success', 'SF', 'success'],
    ['any-success', 'FF', 'upstream-failed'],
    ['any-failed', 'SF', 'success'],
    ['any-failed', 'SS', 'skipped'],
    ['none-failed', 'SK', 'success'],
    ['none-failed', 'FK', 'upstream-failed'],
    ['none-failed-min-one-success', 'SK', 'success'],
    ['none-failed-min-one-success', 'KK', 'skipped'],
  ])('S11: %s of %s ends as %s, and the body runs only with success', async (trigger, inputs, state) => {
    const met = await meet(inputs, { trigger });
    expect(met.state).toBe(state);
    expect(met.args !== undefined).toBe(state === 'success');
  });

  it('S12: an input without a value arrives as undefined, also inside an object', async () => {
    expect((await meet('SFK', { trigger: 'all-done' })).args).toEqual(['value', undefined, undefined]);
    const nested = task((given: { a: string; b: readonly string[] }) => given, { name: 'nested', trigger: 'all-done', handles: true });
    expect(await flow('nested', () => nested({ a: ok(), b: [boom(), ok()] })).run()).toEqual({ a: 'value', b: [undefined, 'value'] });
  });

  it('S11: skipOnUpstreamSkip skips where the rule says run, or counts a skip as a success', async () => {
    expect((await meet('SK', { trigger: 'all-done', skipOnUpstreamSkip: true })).state).toBe('skipped');
    expect((await meet('SK', { trigger: 'all-success', skipOnUpstreamSkip: false })).args).toEqual(['value', undefined]);
  });

  it('S11: skipOnUpstreamSkip: false without a rule hands over undefined too', async () => {
    let got: unknown = 'nothing';
    const lenient = task(
      (value: string) => {
        got = value;
      },
      { name: 'lenient', skipOnUpstreamSkip: false },
    );
    await flow('lenient', () => void lenient(skips())).run();
    expect(got).toBeUndefined();
  });

  it('S11: a clean-up ordered after others runs whatever became of them, and sees no value of theirs', async () => {
    let cleaned = 0;
    const clean = task(() => void cleaned++, { name: 'clean', trigger: 'all-done' });
    const error = await failureOf(flow('cleanup', () => void clean().after(boom(), ok(), skips())).run());
    expect(cleaned).toBe(1);
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['boom#0']);
  });

  it.each<readonly [TriggerRule, () => Future<string>]>([
    ['any-failed', boom],
    ['any-success', ok],
  ])('S11: %s runs while another input still does', async (trigger, first) => {
    const [held, fired] = [gate(), gate()];
    let calls = 0;
    const slow = task(() => held.opened, { name: 'slow' });
    const early = task(
      (_: string, late: unknown) => {
        calls++;
        fired.open();
        return late;
      },
      { name: 'early', trigger },
    );
    const run = flow('early', async () => (await early(first(), slow()).settled()).state).start();
    await fired.opened;
    held.open();
    const outcome = await run.result().catch(() => 'red');
    expect(outcome).toBe(trigger === 'any-failed' ? 'red' : 'success');
    expect(calls).toBe(1);
    expect((await recorded(run.id)).states).toMatchObject({ 'early#0': 'success', 'slow#0': 'success' });
  });

  it('S11, S20: what an early task made of part of its inputs is not taken for the whole of them', async () => {
    const held = [gate(), gate()];
    let round = 0;
    const slow = task(() => held[round]?.opened.then(() => 'slow'), { name: 'slow' });
    const got: unknown[] = [];
    const early = task(
      (a: string | undefined, b: string | undefined) => {
        got.push([a, b]);
        held[round]?.open();
        return [a, b];
      },
      { name: 'early', trigger: 'any-success', cache: cache.default, version: '1' },
    );
    const f = flow('partial', () => void early(ok(), slow() as Future<string>));
    await f.run();
    round = 1;
    await f.run();
    expect(got).toEqual([
      ['value', undefined],
      ['value', undefined],
    ]);
  });
});

describe('who answers for a failure', () => {
  it('S12: a rule alone does not turn a red run green; `handles` does', async () => {
    const alert = (handles: boolean) => task((_: unknown) => 'sent', { name: 'alert', trigger: 'any-failed', handles });
    await failureOf(flow('red', () => alert(false)(boom())).run());
    expect(await flow('green', () => alert(true)(boom())).run()).toBe('sent');
  });

  it('S12: `handles` answers for what failed further up, and for no failure beside it', async () => {
    const pass = task((value: string) => value, { name: 'pass' });
    const alert = task((_: unknown) => 'sent', { name: 'alert', trigger: 'all-done', handles: true });
    expect(await flow('up', () => alert(pass(pass(boom())))).run()).toBe('sent');
    const error = await failureOf(
      flow('beside', () => {
        boom();
        return alert(boom());
      }).run(),
    );
    expect(error.message).toContain("task 'boom#0' failed");
    expect(error.message).not.toContain("task 'boom#1' failed");
  });

  it('S12: `handles` of a task that did not run answers for nothing', async () => {
    const alert = task((_a: unknown, _b: unknown) => 'sent', { name: 'alert', trigger: 'all-failed', handles: true });
    await failureOf(flow('unneeded', () => alert(boom(), ok())).run());
  });

  it('S12: `handles` of a task that failed itself leaves its own failure', async () => {
    const alert = task(
      (_: unknown) => {
        throw new Error('no mail');
      },
      { name: 'alert', trigger: 'all-done', handles: true },
    );
    expect((await failureOf(flow('mail', () => void alert(boom())).run())).message).toContain('1 task failed');
  });

  it.each(['any-failed', 'any-success'] as const)(
    'S12: `handles` of a task that %s started early answers for what failed later, too',
    async (trigger) => {
      const [began, held] = [gate(), gate()];
      const late = task(async () => {
        await held.opened;
        throw new Error('late');
      });
      const pass = task((value: unknown) => value, { name: 'pass' });
      const alert = task((..._: unknown[]) => began.open(), { name: 'alert', trigger, handles: true });
      const handle = flow('early', () => void alert(trigger === 'any-failed' ? boom() : ok(), late(), pass(late()))).start();
      await began.opened;
      held.open();
      await handle.result();
      expect((await recorded(handle.id)).states).toMatchObject({ 'late#0': 'failed', 'late#1': 'failed', 'pass#0': 'upstream-failed' });
    },
  );

  it('S12: who hears of a task that did not run hears of nothing that was still under way', async () => {
    const [ended, held] = [gate(), gate()];
    const late = task(async () => {
      await held.opened;
      throw new Error('late');
    });
    const use = task((_list: unknown, _same: unknown) => 1, { name: 'use' });
    const handle = flow('beside', async () => {
      const list = boom() as unknown as Future<unknown[]>;
      await use.map(list, unmapped(late())).settled();
      ended.open();
    }).start();
    await ended.opened;
    held.open();
    expect((await failureOf(handle.result())).message).toContain("task 'late#0' failed");
  });

  it('S11, S12: a clean-up after a map answers for its children', async () => {
    const picky = task(
      (n: number) => {
        if (n === 1) throw new Error('no ones');
      },
      { name: 'picky' },
    );
    const clean = task((_: unknown) => 'cleaned', { name: 'clean', trigger: 'all-done', handles: true });
    expect(await flow('map', () => clean(picky.map([0, 1, 2]))).run()).toBe('cleaned');
  });
});

describe('a rule of one’s own', () => {
  const states = (upstream: ReadonlyMap<string, FinalState<unknown>>): string[] => [...upstream].map(([id, { state }]) => `${id} ${state}`);

  it('S11: is asked once, with the final states by id, when all inputs have settled', async () => {
    const asked: string[][] = [];
    const met = await meet('SFK', { trigger: (upstream) => asked.push(states(upstream)) > 0 });
    expect(met.state).toBe('success');
    expect(asked).toEqual([['ok#0 success', 'boom#0 failed', 'skips#0 skipped']]);
  });

  it('S11: a no ends the task by what weighs most', async () => {
    expect((await meet('SF', { trigger: () => false })).state).toBe('upstream-failed');
    expect((await meet('SS', { trigger: () => false })).state).toBe('skipped');
  });

  it.each<[string, TriggerRule, string]>([
    [
      'throws',
      () => {
        throw new Error('bad rule');
      },
      'bad rule',
    ],
    ['answers with a promise', (async () => true) as unknown as TriggerRule, 'expected a trigger function to return true or false'],
  ])('S11: one that %s fails the task with that', async (_, trigger, message) => {
    let ran = false;
    const ruled = task(
      (_: unknown) => {
        ran = true;
      },
      { name: 'ruled', trigger },
    );
    const error = await failureOf(flow('broken', () => void ruled(ok())).run());
    expect(error.message).toContain(message);
    expect(ran).toBe(false);
  });

  it('S11: a rule in a flow that was cancelled runs nothing', async () => {
    let cleaned = false;
    const clean = task(
      (_: unknown) => {
        cleaned = true;
      },
      { name: 'clean', trigger: 'all-done' },
    );
    const [held, reached] = [gate(), gate()];
    const slow = task(
      () => {
        reached.open();
        return held.opened;
      },
      { name: 'slow' },
    );
    const handle = flow('stopped', () => void clean(slow())).start();
    await reached.opened;
    const cancelled = handle.cancel('enough');
    await turns(2);
    held.open();
    await Promise.all([cancelled, failureOf(handle.result())]);
    expect(cleaned).toBe(false);
    expect((await recorded(handle.id)).states['clean#0']).toBe('cancelled');
  });
});
