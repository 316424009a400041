import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, task } from '../../../src/index.js';
import { failureOf, freshHome, inMemory, recorded } from './workbench.js';

const evil = (property: string): Error =>
  Object.defineProperty(new Error('evil'), property, {
    get: () => {
      throw new Error('gotcha');
    },
  });
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe('whatever a task throws', () => {
  const thrown: [string, unknown][] = [
    ['undefined', undefined],
    ['a string', 'text'],
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['an error whose message cannot be read', evil('message')],
    ['an error whose name cannot be read', evil('name')],
    ['an error whose stack cannot be read', evil('stack')],
    ['an error whose code cannot be read', evil('code')],
    ['an error whose cause cannot be read', evil('cause')],
    ['an error whose message is a symbol', Object.assign(new Error(), { message: Symbol('no text') })],
    ['a revoked proxy', revoked()],
    ['an object without a prototype', Object.create(null)],
  ];
  it.each(thrown)('S12: %s is a failure like any other, thrown or rejected', async (_, value) => {
    freshHome();
    const sync = task(
      () => {
        throw value;
      },
      { name: 'sync' },
    );
    const later = task(() => Promise.reject(value), { name: 'later' });
    const error = await failureOf(
      flow('hostile', () => {
        sync();
        later();
      }).run(),
    );
    expect(error.failures.map(({ taskRunId, code }) => [taskRunId, code])).toEqual([
      ['sync#0', 'TASK_FAILED'],
      ['later#0', 'TASK_FAILED'],
    ]);
    const { run, states } = await recorded('hostile/latest');
    expect([run.state, states]).toEqual(['failed', { 'sync#0': 'failed', 'later#0': 'failed' }]);
  });

  it('an error that is its own cause ends somewhere', async () => {
    freshHome();
    const circular = new Error('round');
    circular.cause = circular;
    await failureOf(
      flow(
        'circular',
        () =>
          void task(
            () => {
              throw circular;
            },
            { name: 'circular' },
          )(),
      ).run(),
    );
    expect((await recorded('circular/latest')).task('circular#0').error).toMatchObject({ cause: { message: 'round' } });
  });
});

describe('whatever a task returns', () => {
  beforeEach(inMemory);

  it.each<[string, () => unknown]>([
    [
      'a then that cannot be read',
      () =>
        Object.defineProperty({}, 'then', {
          get: () => {
            throw new Error('no then');
          },
        }),
    ],
    [
      'a then that throws',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried
        then: () => {
          throw new Error('no then');
        },
      }),
    ],
    [
      'a then that rejects twice',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried
        then: (_: unknown, reject: (error: Error) => void) => {
          reject(new Error('no then'));
          reject(new Error('again'));
        },
      }),
    ],
  ])('%s is a failure of that task alone', async (_, give) => {
    const error = await failureOf(flow('thenable', () => [task(give, { name: 'odd' })(), task(() => 1, { name: 'fine' })()]).run());
    expect(error.failures).toMatchObject([{ taskRunId: 'odd#0', cause: { message: 'no then' } }]);
  });

  it('a thenable that is no promise is waited for', async () => {
    const give = (): PromiseLike<number> =>
      ({
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried
        then: (resolve: (value: number) => void) => {
          resolve(1);
          resolve(2);
        },
      }) as PromiseLike<number>;
    expect(await flow('thenable', () => task(give, { name: 'lazy' })()).run()).toBe(1);
  });
});

describe('whatever a policy does', () => {
  beforeEach(inMemory);

  it('a key that throws fails the task that has it, and no other, whenever it is asked for', async () => {
    const key = cache.key(() => {
      throw new Error('no key');
    });
    const bad = task(() => 1, { name: 'bad', version: '1', cache: key });
    const body = async (): Promise<void> => {
      // The first question waits for the record; the second is answered at once.
      await bad().settled();
      await bad().settled();
      await task(() => 1, { name: 'fine' })();
      bad();
    };
    const error = await failureOf(flow('bad-key', body).run());
    expect(error.failures.map(({ taskRunId, cause }) => [taskRunId, (cause as Error).message])).toEqual([0, 1, 2].map((n) => [`bad#${n}`, 'no key']));
  });
});
