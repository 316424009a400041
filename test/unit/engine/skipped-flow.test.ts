import { beforeEach, describe, expect, it } from 'vitest';
import { flow, Skip, type TaskError, task } from '../../../src/index.js';
import { failureOf, freshHome, recorded } from './workbench.js';

beforeEach(() => void freshHome());

const skips = task(
  (): number => {
    throw new Skip('nothing new');
  },
  { name: 'skips' },
);
const inc = task((n: number) => n + 1, { name: 'inc' });
const boom = task(
  (): number => {
    throw new Error('boom');
  },
  { name: 'boom' },
);

describe('a flow that has nothing to do', () => {
  it.each([
    ['returns what was skipped', () => skips()],
    ['returns what was skipped with it', () => inc(inc(skips()))],
    ['awaits what was skipped', async () => (await skips()) + 1],
    ['skips by itself', () => Promise.reject(new Skip('closed today'))],
  ])('S11, S12: has not failed when it %s', async (_, body) => {
    await expect(flow('idle', body as () => unknown).run()).resolves.toBeUndefined();
    expect((await recorded('idle/latest')).run.state).toBe('success');
  });

  it('S11: a part of the result that was skipped is left empty', async () => {
    expect(await flow('parts', () => ({ some: inc(1), none: inc(skips()), list: [skips().get('x' as never), inc(2)] })).run()).toEqual({
      some: 2,
      none: undefined,
      list: [undefined, 3],
    });
  });

  it('S12: a failure beside it is a failure', async () => {
    const error = await failureOf(
      flow('red', () => {
        boom();
        return skips();
      }).run(),
    );
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['boom#0']);
  });

  it.each([
    ['returns what was skipped', () => skips()],
    ['awaits what was skipped', async () => await skips()],
    ['skips by itself', () => Promise.reject(new Skip('closed today'))],
  ])('S7, S11: as a sub-flow that %s it is skipped, and so is what depends on it', async (_, body) => {
    const inner = flow('inner', body as () => unknown).asTask();
    const outer = flow('outer', { onFailure: 'cancel-rest' }, () => [inc(inner() as never), inc(5)]);
    expect(await outer.run()).toEqual([undefined, 6]);
    expect((await recorded('outer/latest')).states).toMatchObject({ 'inner#0': 'skipped', 'inc#0': 'skipped', 'inc#1': 'success' });
  });

  it('S6: a single task outside a flow says that it was skipped', async () => {
    await expect(skips()).rejects.toMatchObject({ code: 'TASK_SKIPPED' } satisfies Partial<TaskError>);
    expect((await skips().settled()).state).toBe('skipped');
  });
});
