import { beforeEach, describe, expect, it } from 'vitest';
import { all, ctx, flow, merge, Skip, task } from '../../../src/index.js';
import { freshHome, gate, inMemory, statesOfLatest, turns } from './workbench.js';

beforeEach(inMemory);

const boom = task(
  (_?: unknown): number => {
    throw new Error('boom');
  },
  { name: 'boom' },
);
const pass = task((n: number) => n, { name: 'pass' });
const list = task((n: number) => Array.from({ length: n }, (_, i) => i), { name: 'list' });

const skips = task(
  (): number => {
    throw new Skip('not today');
  },
  { name: 'skips' },
);

/** Runs a body beside a task that ends by itself a while after the failure, unless it is cancelled before. */
async function restOf(body: () => unknown): Promise<'success' | 'cancelled'> {
  freshHome();
  const begun = gate();
  const over = gate();
  const rest = task(
    () =>
      new Promise<void>((resolve, reject) => {
        ctx().signal.addEventListener('abort', () => reject(new Error('told to stop')));
        over.opened.then(resolve);
      }),
    { name: 'rest' },
  );
  const run = flow('fail-fast', { onFailure: 'cancel-rest' }, async () => {
    begun.open();
    rest();
    await body();
  }).run();
  const ended = run.catch(() => {});
  // How many turns it takes to open a project depends on the machine.
  await begun.opened;
  await turns(30);
  over.open();
  await ended;
  return (await statesOfLatest('fail-fast'))['rest#0'] as 'success';
}

describe("onFailure: 'cancel-rest'", () => {
  it.each<[string, () => unknown]>([
    ['nobody', () => void boom()],
    ['a task downstream without a rule', () => void pass(boom())],
    ['a clean-up that does not say that it handles', () => void task(() => 0, { name: 'clean', trigger: 'all-done' }).after(boom())()],
    ['a rule that no failure satisfies', () => void task(() => 0, { name: 'odd', trigger: 'none-failed', handles: true }).after(boom())()],
    ['a fallback that fails itself', () => void pass(list(1) as never).after(pass(1).orElse(boom()))],
    ['all() that nobody asks', () => void all([boom(), pass(1)])],
    ['a merge that has another', () => void merge(pass(1).after(list(1)), boom()).orElse(0)],
    ['length of a map with a failed child', () => void boom.map([1]).length],
    ['another element of the map', () => void boom.map([1, 2]).at(0).orElse(0)],
    [
      'a later await',
      async () => {
        const failing = boom();
        await turns(10);
        await failing.catch(() => {});
      },
    ],
    ['an await that is not caught', async () => void (await boom())],
    ['a returned future', () => all([boom()])],
    ['a sub-flow whose body does not catch', () => void flow('inner', async () => void (await boom())).asTask()()],
  ])('S12: stops the rest after a failure handled by: %s', async (_, body) => {
    expect(await restOf(body)).toBe('cancelled');
  });

  it.each<[string, () => unknown]>([
    ['orElse', () => void boom().orElse(0)],
    ['orElse further down', () => void pass(pass(boom())).orElse(0)],
    ['orElse of all()', () => void all([pass(1), boom()]).orElse([])],
    ['outcome', () => void boom().outcome()],
    ['a task that handles', () => void task(() => 0, { name: 'alarm', trigger: 'any-failed', handles: true }).after(boom())()],
    ['states of a map', () => void boom.map([1, 2]).states()],
    ['successes of a map over a map', () => void pass.map(boom.map([1, 2])).successes()],
    ['states of a map whose list failed', () => void boom.map(task((): number[] => boom.fn() as never, { name: 'nolist' })()).states()],
    ['its own element', () => void boom.map([1]).at(-1).orElse(0)],
    [
      'a merge that has no other',
      () => {
        const skipped = skips();
        merge(boom(skipped.outcome()), skipped).orElse(3);
      },
    ],
    [
      'try and await',
      async () => {
        try {
          await boom();
        } catch {
          await pass(1);
        }
      },
    ],
    ['try and await of what depends on it', async () => await pass(pass(boom())).catch(() => 0)],
    ['settled', async () => await boom().settled()],
    ['a sub-flow that catches', () => void flow('inner', async () => await boom().catch(() => 0)).asTask()()],
    [
      'orElse of a sub-flow',
      () =>
        void flow('inner', () => boom())
          .asTask()()
          .orElse(0),
    ],
    [
      'orElse of a sub-flow whose body throws',
      () =>
        void flow('inner', async () => await boom())
          .asTask()()
          .orElse(0),
    ],
  ])('S12: lets the rest go on after a failure handled by: %s', async (_, body) => {
    expect(await restOf(body)).toBe('success');
  });

  it('S12: two awaited side by side: the second is cancelled with the rest', async () => {
    freshHome();
    const never = task(() => new Promise<void>((_, reject) => ctx().signal.addEventListener('abort', () => reject(new Error('stop')))), {
      name: 'never',
    });
    const run = flow('both', { onFailure: 'cancel-rest' }, async () => await Promise.all([never(), boom()])).run();
    await expect(run).rejects.toMatchObject({ code: 'RUN_FAILED', failures: [{ taskRunId: 'boom#0' }] });
    expect(await statesOfLatest('both')).toEqual({ 'never#0': 'cancelled', 'boom#0': 'failed' });
  });
});
