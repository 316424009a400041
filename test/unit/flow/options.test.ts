import { beforeEach, describe, expect, it } from 'vitest';
import { check, flow, limit, Skip, task } from '../../../src/index.js';
import { failureOf, freshHome, inMemory, recorded } from '../engine/workbench.js';

beforeEach(inMemory);

const of = (options: unknown) => task(() => 1, { name: 't', ...(options as object) });
const ofFlow = (options: unknown) => flow('f', options as object, () => 1);

describe('options of the wrong kind, for who has no type checker', () => {
  it.each([
    ['name', 5],
    ['description', 5],
    ['tags', 'daily'],
    ['tags', [1]],
    ['version', 2],
    ['captures', []],
    ['cache', true],
    ['persist', 'no'],
    ['serializer', 'json'],
    ['handles', 1],
    ['skipOnUpstreamSkip', 'yes'],
    ['checks', check('one', () => true)],
    ['checks', [5]],
    ['limit', 5],
    ['limit', [limit('a', 1), null]],
    ['limit', { name: 'a' }],
    ['priority', '3'],
    ['hooks', 'log'],
    ['outputs', 5],
  ])('of a task: %s', (name, value) => {
    const refused = expect.objectContaining({ code: 'TASK_OPTION_INVALID', message: expect.stringContaining(`expected '${name}' to be`) });
    expect(() => of({ [name]: value })).toThrow(refused);
    expect(() => of({}).with({ [name]: value } as never)).toThrow(refused);
    expect(() => ofFlow({ defaults: { [name]: value } })).toThrow(refused);
  });

  it.each([
    ['description', 5],
    ['owner', {}],
    ['params', 5],
    ['cache', 'default'],
    ['concurrency', 0],
    ['tags', 'daily'],
    ['defaults', 5],
    ['hooks', [() => 5]],
    ['strict', 'yes'],
    ['orphans', 'kill'],
    ['onFailure', 'cancel'],
  ])('of a flow: %s', (name, value) => {
    const refused = expect.objectContaining({
      code: 'FLOW_OPTION_INVALID',
      message: expect.stringContaining(`expected '${name}' of flow 'f' to be`),
    });
    expect(() => ofFlow({ [name]: value })).toThrow(refused);
    expect(() => ofFlow({}).with({ [name]: value } as never)).toThrow(refused);
  });

  it('options that are no object', () => {
    expect(() => task(() => 1, 'named' as never)).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
    for (const odd of [null, 5, []]) expect(() => ofFlow(odd)).toThrow(expect.objectContaining({ code: 'FLOW_OPTION_INVALID' }));
  });

  it('undefined counts as not said: the result is kept', async () => {
    freshHome();
    await flow('keeps', () => of({ persist: undefined, handles: undefined, hooks: undefined, tags: undefined })()).run();
    expect((await recorded('keeps/latest')).task('t#0').artifacts).toHaveLength(1);
  });
});

describe('options of asTask()', () => {
  const boom = task(
    (): number => {
      throw new Error('boom');
    },
    { name: 'boom' },
  );
  const one = task(() => 1, { name: 'one' });
  const inner = flow('inner', () => one());

  it.each(['retries', 'timeout', 'priority'])('S7: %s are those of the tasks in it', (name) => {
    const refused = expect.objectContaining({ code: 'TASK_OPTION_INVALID', message: expect.stringContaining(`'${name}'`) });
    expect(() => inner.asTask({ [name]: 3 })).toThrow(refused);
    expect(() => inner.asTask().with({ [name]: 3 })).toThrow(refused);
  });

  it('S7: it holds no slot, so neither a limit nor the concurrency of a map can count it', async () => {
    expect(() => inner.asTask({ limit: limit('one', 1) })).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
    const error = await failureOf(flow('bounded', () => inner.asTask().mapWith({ concurrency: 1 })([{}] as never)).run());
    expect(error.cause).toMatchObject({ code: 'MAP_OPTION_INVALID', hint: expect.stringContaining('limit') });
  });

  it('S11, S12: a trigger rule, and handles', async () => {
    const saved = flow('saved', () =>
      inner
        .asTask({ trigger: 'any-failed', handles: true })()
        .after(boom() as never),
    );
    expect(await saved.run()).toBe(1);
    const quiet = flow('quiet', () =>
      inner
        .asTask({ trigger: 'all-failed' })()
        .after(one() as never)
        .outcome(),
    );
    expect(await quiet.run()).toMatchObject({ state: 'skipped' });
    const skips = task(
      () => {
        throw new Skip();
      },
      { name: 'skips' },
    );
    expect(
      await flow('anyway', () =>
        inner
          .asTask({ skipOnUpstreamSkip: false })()
          .after(skips() as never),
      ).run(),
    ).toBe(1);
  });

  it('hooks, checks, tags and names', async () => {
    freshHome();
    const told: unknown[] = [];
    const hooks = { onStart: () => void told.push('start'), onSuccess: (_: unknown, value: number) => void told.push(value) };
    const checks = [check<number>('is two', (value) => value === 2)];
    await flow('hooked', () => inner.asTask({ hooks, tags: ['nightly'], name: () => 'the inner one' })()).run();
    expect(told).toEqual(['start', 1]);
    expect((await recorded('hooked/latest')).task('inner#0')).toMatchObject({ label: 'the inner one' });
    const error = await failureOf(flow('checked', () => inner.asTask({ checks })()).run());
    expect(error.failures[0]).toMatchObject({ taskRunId: 'inner#0', cause: { code: 'CHECK_FAILED' } });
  });
});
