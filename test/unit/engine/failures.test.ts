import { beforeEach, describe, expect, it } from 'vitest';
import { type ErrorInfo, FlowRunError, flow, Skip, TaskError, task, when } from '../../../src/index.js';
import type { TaskStateData } from '../../../src/model/event.js';
import { eventsOf, failureOf, freshHome, gate, inMemory, statesOfLatest } from './workbench.js';

beforeEach(inMemory);

const ok = task(() => 1, { name: 'ok' });
const boom = task(
  (name: string) => {
    throw new Error(name);
  },
  { name: 'boom' },
);
const no = task(() => false, { name: 'no' });
const use = task((..._: unknown[]) => 'used', { name: 'use' }) as unknown as (...values: unknown[]) => ReturnType<typeof ok>;
const ids = (error: FlowRunError): string[] => error.failures.map(({ taskRunId }) => taskRunId);

describe('what is told of a failure', () => {
  it('stacks lead to the line of the task, never into the engine, and a skip has none', async () => {
    const mixed = flow('mixed', () => [use(boom('root')), when(no(), () => ok())]);
    const handle = mixed.start();
    const told = (await eventsOf(handle)).filter(({ type }) => type === 'task-state').map(({ data }) => data as TaskStateData);
    const stacks = (error: ErrorInfo | undefined): string[] => (error ? [error.stack ?? '', ...stacks(error.cause)] : []);
    const of = (state: string): string[] => stacks(told.find((data) => data.state === state)?.error);
    expect(of('failed')).toEqual(['', expect.stringMatching(/^Error: root\n +at .*failures\.test/)]);
    expect(of('upstream-failed')).toEqual(['', '', expect.stringMatching(/^Error: root\n +at .*failures\.test/)]);
    expect(of('skipped').length).toBeGreaterThan(1);
    expect(of('skipped').join('')).toBe('');
  });
});

describe('an error of several parts, or lines', () => {
  const none = task(() => Promise.any([1, 2, 3, 4, 5, 6].map((part) => Promise.reject(new Error(`part ${part}`)))), { name: 'none' });

  it('what an AggregateError is made of is told, in the error of the run and in the record', async () => {
    const handle = flow('aggregate', () => none()).start();
    const told = eventsOf(handle);
    const said = 'All promises were rejected\n- part 1\n- part 2\n- part 3\n- part 4\n- part 5\n- and 1 more';
    expect((await failureOf(handle.result())).failures[0]?.message).toBe(`task 'none#0' failed: ${said}`);
    const failed = (await told).map(({ data }) => data as TaskStateData).find(({ state }) => state === 'failed');
    expect(failed?.error?.cause).toMatchObject({ name: 'AggregateError', message: said });
  });

  it('of a typed array the kind is told, not its bytes', async () => {
    const error = await failureOf(flow('typed', () => boom.map(new Float64Array(1_000) as never)).run());
    expect(error.message).toMatch(/with lists or futures of lists; got \[object Float64Array\] as 'name'$/);
  });

  it('the errors of a child run are listed under its task', async () => {
    const child = flow('child-of-two', () => [boom('left'), boom('right')]);
    const error = await failureOf(flow('parent', () => [child.startChild(), boom('own')]).run());
    expect(error.message.split('\n').slice(1)).toEqual([
      "  - task 'boom#0' failed: own",
      expect.stringMatching(/^ {2}- task 'run child-of-two#0' failed: run \S+ of flow 'child-of-two' failed: 2 tasks failed$/),
      "      - task 'boom#0' failed: left",
      "      - task 'boom#1' failed: right",
    ]);
  });
});

describe('an unhandled failure', () => {
  it('S12: fails the run with one error that lists every failed task and its cause', async () => {
    const error = await failureOf(flow('two', () => [boom('first'), ok(), boom('second')]).run());
    expect(error).toBeInstanceOf(FlowRunError);
    expect(error.code).toBe('RUN_FAILED');
    expect(error.message).toMatch(/^run \S+ of flow 'two' failed: 2 tasks failed/);
    expect(error.message).toContain("\n  - task 'boom#0' failed: first\n  - task 'boom#1' failed: second");
    expect(error.failures).toMatchObject([{ taskRunId: 'boom#0', attempts: 1, cause: { message: 'first' } }, { cause: { message: 'second' } }]);
    expect(error.cause).toBe(error.failures[0]);
  });

  it('S12: a green last task does not hide a red one in the middle', async () => {
    const error = await failureOf(
      flow('middle', async () => {
        boom('red');
        return ok();
      }).run(),
    );
    expect(ids(error)).toEqual(['boom#0']);
  });

  it('S12: what depends on it does not run, and is not listed as a failure of its own', async () => {
    freshHome();
    const error = await failureOf(flow('downstream', () => use(use(boom('root')), ok())).run());
    expect(ids(error)).toEqual(['boom#0']);
    expect(error.message).toMatch(/failed: 1 task failed\n {2}- task 'boom#0' failed: root$/);
    expect(await statesOfLatest('downstream')).toEqual({
      'boom#0': 'failed',
      'use#0': 'upstream-failed',
      'ok#0': 'success',
      'use#1': 'upstream-failed',
    });
  });

  it('S12: at the end of a long chain the message names the root, not every step', async () => {
    const states: unknown[] = [];
    await flow('chain', async () => {
      let last = use(boom('root'));
      for (let n = 0; n < 50; n++) last = use(last);
      states.push(await last.settled());
    }).run();
    expect(states).toMatchObject([
      {
        state: 'upstream-failed',
        error: { code: 'TASK_UPSTREAM_FAILED', message: "task 'use#50' did not run: task 'boom#0' failed: root", cause: { taskRunId: 'boom#0' } },
      },
    ]);
  });

  it('S12: other work goes on (finish-independent)', async () => {
    const started: string[] = [];
    const slow = task(
      async (name: string) => {
        started.push(name);
        await Promise.resolve();
        return name;
      },
      { name: 'slow' },
    );
    await failureOf(
      flow('independent', () => {
        boom('x');
        use(slow(slow('a') as never));
      }).run(),
    );
    expect(started).toEqual(['a', 'a']);
  });
});

describe('a handled failure', () => {
  const handled: [string, () => unknown][] = [
    [
      'await in try/catch',
      async () => {
        try {
          await boom('x');
        } catch {}
      },
    ],
    ['catch()', async () => await boom('x').catch(() => 0)],
    ['settled()', async () => void (await boom('x').settled())],
    ['await of what depends on it', async () => await use(boom('x')).catch(() => 0)],
    ['outcome()', () => use(boom('x').outcome())],
    ['orElse()', () => use(boom('x').orElse(0))],
    ['orElse() of what depends on it', () => use(use(boom('x')).orElse(0))],
    [
      'result() and a rejection handler',
      async () =>
        await boom('x').then(
          () => 1,
          () => 2,
        ),
    ],
  ];
  it.each(handled)('S12: by %s does not fail the run', async (_, body) => {
    await flow('handled', body).run();
  });

  it('S12: with Promise.all each member counts as delivered, and is listed all the same', async () => {
    const late = gate();
    const slowBoom = task(
      async () => {
        await late.opened;
        throw new Error('late');
      },
      { name: 'slowBoom' },
    );
    let caught: unknown;
    await flow('promise-all', async () => {
      caught = await Promise.all([boom('early'), slowBoom(), ok()]).catch((error: unknown) => error);
      late.open();
    }).run();
    expect(caught).toMatchObject({ taskRunId: 'boom#0' });
  });

  it('S12: one that was handled does not excuse another', async () => {
    const error = await failureOf(
      flow('mixed', async () => {
        await boom('handled').catch(() => 0);
        boom('not');
      }).run(),
    );
    expect(error.message).toMatch(/failed: 1 task failed\n {2}- task 'boom#1' failed: not$/);
    expect(ids(error)).toEqual(['boom#0', 'boom#1']);
  });

  it('S12: orElse() gives the value, or the fallback for a failed or skipped task; a fallback that failed matters only then', async () => {
    const skips = task(
      () => {
        throw new Skip();
      },
      { name: 'skips' },
    );
    const result = await flow('fallbacks', () => [
      ok().orElse(9),
      boom('x').orElse(ok()),
      skips().orElse(3),
      ok().orElse(boom('unneeded').orElse(0)),
    ]).run();
    expect(result).toEqual([1, 1, 3, 1]);
    const error = await failureOf(flow('no-fallback', () => boom('a').orElse(boom('b'))).run());
    expect(error.message).toContain("task 'boom#1' failed: b");
  });

  it('S12: outcome() tells each end as a value', async () => {
    const skips = task(
      () => {
        throw new Skip('no news');
      },
      { name: 'skips' },
    );
    const result = await flow('outcomes', async () => {
      const states = [ok(), boom('x'), skips(), use(boom('y')), use(skips())].map((future) => future.outcome());
      return await Promise.all(states);
    }).run();
    expect(result).toMatchObject([
      { state: 'success', value: 1 },
      { state: 'failed', error: { code: 'TASK_FAILED' } },
      { state: 'skipped', error: { code: 'TASK_SKIPPED' } },
      { state: 'upstream-failed', error: { code: 'TASK_UPSTREAM_FAILED' } },
      { state: 'skipped' },
    ]);
  });
});

describe('a body that throws', () => {
  it('S12: fails the run by itself, after its tasks were drained', async () => {
    let done = false;
    const slow = task(
      async () => {
        await Promise.resolve();
        done = true;
      },
      { name: 'slow' },
    );
    const thrown = new RangeError('my own');
    const error = await failureOf(
      flow('throws', () => {
        slow();
        throw thrown;
      }).run(),
    );
    expect(error).toMatchObject({ code: 'RUN_FAILED', message: expect.stringContaining('its body threw: my own'), failures: [] });
    expect(error.cause).toBe(thrown);
    expect(done).toBe(true);
  });

  it('S12: on an awaited failure, which is its cause and is listed', async () => {
    const error = await failureOf(
      flow('awaits', async () => {
        await boom('root');
      }).run(),
    );
    expect(ids(error)).toEqual(['boom#0']);
    expect(error.cause).toBeInstanceOf(TaskError);
    expect(error.message).toContain("task 'boom#0' failed: root");
  });

  it('S12: returning a future is no throwing: the failure is told once', async () => {
    const error = await failureOf(flow('returns', () => use(boom('root'))).run());
    expect(error.message).toMatch(/failed: 1 task failed\n {2}- task 'boom#0' failed: root$/);
  });
});

describe('a skipped task', () => {
  it('S11: skips what depends on it; a failure weighs more', async () => {
    freshHome();
    const skips = task(
      () => {
        throw new Skip('nothing new');
      },
      { name: 'skips' },
    );
    await failureOf(
      flow('skipping', () => {
        use(use(skips()));
        use(skips(), boom('x'));
      }).run(),
    );
    expect(await statesOfLatest('skipping')).toEqual({
      'skips#0': 'skipped',
      'use#0': 'skipped',
      'use#1': 'skipped',
      'skips#1': 'skipped',
      'boom#0': 'failed',
      'use#2': 'upstream-failed',
    });
  });

  it('S12: is no failure', async () => {
    const skips = task(
      () => {
        throw new Skip();
      },
      { name: 'skips' },
    );
    await expect(flow('no-failure', () => void use(skips())).run()).resolves.toBeUndefined();
  });
});

describe('onFailure', () => {
  it("'cancel-rest': after a failure nothing new starts, and what runs is told", async () => {
    freshHome();
    const reached = gate();
    const started: string[] = [];
    const listens = task(
      async () => {
        const { signal } = (await import('../../../src/index.js')).ctx();
        started.push('listens');
        reached.open();
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
      { name: 'listens' },
    );
    const fails = task(
      async () => {
        await reached.opened;
        throw new Error('first');
      },
      { name: 'fails' },
    );
    const later = task((_: unknown) => void started.push('later'), { name: 'later' });
    const error = await failureOf(
      flow('cancel-rest', { onFailure: 'cancel-rest', concurrency: 2 }, () => {
        listens();
        fails();
        later(0);
      }).run(),
    );
    expect(ids(error)).toEqual(['fails#0']);
    expect(started).toEqual(['listens']);
    expect(await statesOfLatest('cancel-rest')).toEqual({ 'listens#0': 'cancelled', 'fails#0': 'failed', 'later#0': 'cancelled' });
  });
});
