import { beforeEach, describe, expect, it } from 'vitest';
import { cache, check, ctx, flow, type RunHandle, Skip, type TaskHooks, task } from '../../../src/index.js';
import { openProject } from '../../../src/runtime/project.js';
import { failureOf, freshHome, gate, recorded } from './workbench.js';

beforeEach(() => void freshHome());

let told: string[] = [];
beforeEach(() => {
  told = [];
});

const telling: TaskHooks<unknown> = {
  onStart: ({ taskRunId, attempt }) => void told.push(`start ${taskRunId} ${attempt}`),
  onSuccess: ({ taskRunId }, value) => void told.push(`success ${taskRunId} ${String(value)}`),
  onFailure: ({ taskRunId }, error) => void told.push(`failure ${taskRunId} ${error.message}`),
  onRetry: ({ taskRunId, attempt }, error) => void told.push(`retry ${taskRunId} ${attempt} ${(error as Error).message}`),
};

async function linesOf(run: string): Promise<string[]> {
  await using project = await openProject();
  return (await project.record.logs(run)).map(({ text, level }) => `${level} ${text}`);
}

describe('hooks of a task', () => {
  it('are told of each attempt, each retry, and how it ended, in order', async () => {
    const flaky = task(
      () => {
        told.push('body');
        if (ctx().attempt === 1) throw new Error('again');
        return 'value';
      },
      { name: 'flaky', retries: 1, hooks: telling },
    );
    await flow('flaky', () => flaky()).run();
    expect(told).toEqual(['start flaky#0 1', 'body', 'retry flaky#0 1 again', 'start flaky#0 2', 'body', 'success flaky#0 value']);
  });

  it('S6: hooks, and checks, are in the context of their task: ctx(), what they print, and tasks that they call', async () => {
    const inner = task((x: number) => x + 1, { name: 'inner' });
    const look = (where: string): void => {
      told.push(`${where}: ${ctx().taskRunId} ${String(inner(1))}`);
      ctx().log.info(`seen by ${where}`);
    };
    const hooks: TaskHooks<unknown> = { onStart: () => look('onStart'), onSuccess: () => look('onSuccess'), onRetry: () => look('onRetry') };
    const checked = check('looked at', async () => {
      look('check');
      await Promise.resolve();
      return ctx().attempt === 2;
    });
    const handle = flow('looking', () => task(() => 1, { name: 'looked', retries: 1, hooks, checks: [checked] })()).start();
    await handle.result();
    expect(told).toEqual(['onStart', 'check', 'onRetry', 'onStart', 'check', 'onSuccess'].map((where) => `${where}: looked#0 2`));
    await using project = await openProject();
    const lines = await project.record.logs(handle.id, { node: 'looked#0' });
    expect(lines.filter(({ text }) => text.startsWith('seen by'))).toHaveLength(6);
    expect(Object.keys((await recorded(handle.id)).states)).toEqual(['looked#0']);
  });

  it('onFailure comes once, when nothing more will be tried', async () => {
    const boom = task(
      () => {
        throw new Error('boom');
      },
      { name: 'boom', retries: 1, hooks: telling },
    );
    await failureOf(flow('boom', () => void boom()).run());
    expect(told.at(-1)).toBe("failure boom#0 task 'boom#0' failed: boom");
    expect(told.filter((line) => line.startsWith('failure'))).toHaveLength(1);
  });

  it('S19: onSuccess comes when success is recorded', async () => {
    let state: string | undefined;
    const seen = gate();
    const t = task(() => 1, {
      name: 't',
      hooks: {
        onSuccess: async ({ runId }) => {
          state = (await recorded(runId)).states['t#0'];
          seen.open();
        },
      },
    });
    await flow('recorded', () => t()).run();
    await seen.opened;
    expect(state).toBe('success');
  });

  it('nothing is told of what did not run: skipped, upstream-failed, cached', async () => {
    const skips = task(
      () => {
        throw new Skip('no');
      },
      { name: 'skips', hooks: telling },
    );
    const after = task((_: unknown) => 1, { name: 'after', hooks: telling });
    await flow('skips', () => void after(skips())).run();
    expect(told).toEqual(['start skips#0 1']);

    told = [];
    const kept = task(() => 1, { name: 'kept', version: '1', cache: cache.default, hooks: telling });
    const cached = flow('cached', () => kept());
    await cached.run();
    await cached.run();
    expect(told).toEqual(['start kept#0 1', 'success kept#0 1']);
  });

  it('each child of a map is told of, the map is not', async () => {
    const t = task((n: number) => n, { name: 't', hooks: telling });
    await flow('map', () => t.map([5, 6])).run();
    expect(told).toEqual(['start t#0[0] 1', 'start t#0[1] 1', 'success t#0[0] 5', 'success t#0[1] 6']);
  });

  it.each<[string, () => never | Promise<never>]>([
    [
      'throws',
      () => {
        throw new Error('bad hook');
      },
    ],
    ['rejects', () => Promise.reject(new Error('bad hook'))],
  ])('one that %s is logged and changes nothing', async (_, hook) => {
    const t = task(
      (fails: boolean) => {
        if (fails && ctx().attempt < 3) throw new Error('again');
        if (fails) throw new Error('boom');
        return 'value';
      },
      { name: 't', retries: 1, hooks: { onStart: hook, onSuccess: hook, onFailure: hook, onRetry: hook } },
    );
    const handle = flow('bad', () => [t(false), t(true).orElse('fallback')]).start();
    expect(await handle.result()).toEqual(['value', 'fallback']);
    const lines = (await linesOf(handle.id)).filter((line) => line.includes('hook'));
    // Two starts of the one, one of the other, a retry, a success, a failure.
    expect(lines.toSorted()).toEqual(
      [...Array(3).fill('onStart'), 'onRetry', 'onSuccess', 'onFailure'].map((name) => `warn hook ${name} failed: bad hook`).toSorted(),
    );
  });
});

describe('hooks of a flow', () => {
  const telling = {
    onStart: (run: RunHandle<unknown>) => void told.push(`start ${run.state}`),
    onSuccess: (run: RunHandle<unknown>) => void told.push(`success ${run.state}`),
    onFailure: (run: RunHandle<unknown>, error: unknown) => void told.push(`failure ${run.state} ${(error as { code: string }).code}`),
    onCancel: (run: RunHandle<unknown>) => void told.push(`cancel ${run.state}`),
  };

  it('are told how the run began and ended', async () => {
    await flow('green', { hooks: telling }, () => 1).run();
    expect(told).toEqual(['start running', 'success success']);
    told = [];
    await failureOf(
      flow('red', { hooks: telling }, () => {
        throw new Error('boom');
      }).run(),
    );
    expect(told).toEqual(['start running', 'failure failed RUN_FAILED']);
  });

  it('S15: onCancel, and not onFailure, of a run that was cancelled', async () => {
    const reached = gate();
    const stuck = task(
      () =>
        new Promise((_, reject) => {
          ctx().signal.addEventListener('abort', () => reject(new Error('aborted')));
          reached.open();
        }),
      { name: 'stuck' },
    );
    const handle = flow('cancelled', { hooks: telling }, () => stuck()).start();
    await reached.opened;
    await Promise.all([failureOf(handle.result()), handle.cancel('enough')]);
    expect(told).toEqual(['start running', 'cancel cancelled']);
  });

  it('one that throws or rejects is logged and changes nothing', async () => {
    const bad = (): never => {
      throw new Error('bad hook');
    };
    const handle = flow('bad', { hooks: { onStart: bad, onSuccess: bad } }, () => 1).start();
    expect(await handle.result()).toBe(1);
    expect(handle.state).toBe('success');
    expect(await linesOf(handle.id)).toContain('warn hook onStart of the flow failed: bad hook');
  });
});
