import { beforeEach, describe, expect, it } from 'vitest';
import { ctx, flow, type RunHandle, type RunOptions, registerClass, task } from '../../../src/index.js';
import { eventsOf, failureOf, freshHome, gate, recorded, turns } from './workbench.js';

beforeEach(() => void freshHome());

/** The grace is the command line's to choose; here it is over at once, or never. */
const withGrace = (graceMs: number, options: RunOptions = {}): RunOptions => ({ ...options, graceMs }) as RunOptions;

const untilAborted = task(
  async (reached: () => void) => {
    const { signal } = ctx();
    reached();
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  },
  { name: 'untilAborted' },
);
const later = task((..._: unknown[]) => 1, { name: 'later' });

describe('cancelling a run', () => {
  const ways: [string, (handle: RunHandle<unknown>, controller: AbortController) => unknown][] = [
    ['its handle', (handle) => handle.cancel('enough')],
    ['its signal', (_, controller) => controller.abort(new Error('enough'))],
  ];
  it.each(ways)('S15: by %s starts nothing new, aborts what runs, ends cancelled, and says why', async (_, cancel) => {
    const controller = new AbortController();
    const reached = gate();
    const handle = flow('stopped', { concurrency: 1 }, () => {
      const running = untilAborted(reached.open as () => void);
      later(running);
      later();
    }).start({}, withGrace(60_000, { signal: controller.signal }));
    const events = eventsOf(handle);
    await reached.opened;
    void cancel(handle, controller);
    const error = await failureOf(handle.result());
    expect(error).toMatchObject({ code: 'RUN_CANCELLED', message: expect.stringContaining('was cancelled: enough'), failures: [] });
    expect(handle.state).toBe('cancelled');
    expect((await events).at(-1)).toMatchObject({ type: 'run-state', data: { state: 'cancelled' } });
    const { run, states, task: row } = await recorded(handle.id);
    expect([run.state, states]).toEqual(['cancelled', { 'untilAborted#0': 'cancelled', 'later#0': 'cancelled', 'later#1': 'cancelled' }]);
    expect(run.counts).toEqual({ cancelled: 3 });
    for (const { createdAt, finishedAt = 0 } of [row('later#0'), row('later#1')]) expect(finishedAt).toBeGreaterThanOrEqual(createdAt);
  });

  it('S15: also the task that asks for it, before its first await', async () => {
    let handle: RunHandle<unknown> | undefined;
    const asks = task(
      async () => {
        void handle?.cancel('found what was looked for');
        await new Promise((_, reject) => {
          const { signal } = ctx();
          if (signal.aborted) reject(signal.reason);
          else signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
      { name: 'asks' },
    );
    handle = flow('asking', () => asks()).start({}, withGrace(60_000));
    expect(await failureOf(handle.result())).toMatchObject({ code: 'RUN_CANCELLED' });
    expect((await recorded(handle.id)).states).toEqual({ 'asks#0': 'cancelled' });
  });

  it.each([
    ['a text', 'too late', 'was cancelled: too late'],
    ['nothing', undefined, 'was cancelled: This operation was aborted'],
    ['no error', 5, 'was cancelled: 5'],
  ])('S15: a signal aborted with %s says so', async (_, reason, said) => {
    const error = await failureOf(flow('told', () => later()).run({}, { signal: AbortSignal.abort(reason) }));
    expect(error.message).toContain(said);
  });

  it.each([
    ['maxWorkers', 0],
    ['maxSplits', -1],
    ['maxSplits', 1.5],
    ['signal', 5],
    ['tags', 'daily'],
    ['name', 5],
    ['throwOnFailure', 'no'],
    ['logStdout', 1],
  ])('RUN_OPTION_INVALID: %s', async (name, value) => {
    const run = flow('odd', () => later()).run({}, { [name]: value });
    await expect(run).rejects.toMatchObject({ code: 'RUN_OPTION_INVALID', message: expect.stringContaining(`expected '${name}' to be`) });
  });

  it.each(['task', 'body'])('S15: a %s that awaits the end of its own run is not waited for', async (who) => {
    let handle: RunHandle<unknown> | undefined;
    const asks = task(
      async () => {
        await handle?.cancel('enough');
        ctx().signal.throwIfAborted();
      },
      { name: 'asks' },
    );
    handle = flow('asking', async () => {
      if (who === 'task') return asks();
      await handle?.cancel('enough');
      return undefined;
    }).start({}, withGrace(60_000));
    expect(await failureOf(handle.result())).toMatchObject({ code: 'RUN_CANCELLED' });
  });

  it('S15: what runs may finish within its grace, and its result is kept', async () => {
    const reached = gate();
    const finish = gate();
    const stubborn = task(
      async () => {
        reached.open();
        await finish.opened;
        return 'done';
      },
      { name: 'stubborn' },
    );
    const handle = flow('grace', () => later(stubborn())).start({}, withGrace(60_000));
    await reached.opened;
    const cancelled = handle.cancel();
    finish.open();
    await cancelled;
    expect((await recorded(handle.id)).states).toEqual({ 'stubborn#0': 'success', 'later#0': 'cancelled' });
  });

  it('S15: a task that ignores its signal is given up when its grace is over', async () => {
    const reached = gate();
    const finish = gate();
    const deaf = task(
      async () => {
        reached.open();
        await finish.opened;
        return 'too late';
      },
      { name: 'deaf' },
    );
    const handle = flow('deaf', () => deaf()).start({}, withGrace(0));
    await reached.opened;
    await handle.cancel();
    expect(handle.state).toBe('cancelled');
    finish.open();
    await turns();
    expect((await recorded(handle.id)).states).toEqual({ 'deaf#0': 'cancelled' });
  });

  it('S15: so is a body that waits for something else', async () => {
    const reached = gate();
    const handle = flow('waits', async () => {
      reached.open();
      await new Promise(() => {});
    }).start({}, withGrace(0));
    await reached.opened;
    await handle.cancel();
    expect(handle.state).toBe('cancelled');
  });

  it('S15: the body hears of it by ctx().signal, and what it calls afterwards does not run', async () => {
    let ran = false;
    const never = task(
      () => {
        ran = true;
      },
      { name: 'never' },
    );
    const reached = gate();
    const states: unknown[] = [];
    const handle = flow('listens', async () => {
      const { signal } = ctx();
      reached.open();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      states.push((await never().settled()).state);
    }).start({}, withGrace(60_000));
    await reached.opened;
    await handle.cancel();
    expect([ran, states]).toEqual([false, ['cancelled']]);
  });

  it('S15: cancelled before it began, its body does not begin', async () => {
    let began = false;
    const aborted = flow('aborted', () => {
      began = true;
    });
    const error = await failureOf(aborted.run({}, { signal: AbortSignal.abort(new Error('no need')) }));
    expect([error.code, began]).toEqual(['RUN_CANCELLED', false]);
    const handle = aborted.start();
    await handle.cancel();
    expect([handle.state, began, (await recorded(handle.id)).run.state]).toEqual(['cancelled', false, 'cancelled']);
  });

  it('S15: cancelled when all is over, nothing changes', async () => {
    const handle = flow('over', () => later()).start();
    await handle.result();
    await handle.cancel();
    expect([handle.state, await handle.result()]).toEqual(['success', 1]);
  });

  it('S10, S15: cancelled while its end is being recorded, it ends as recorded', async () => {
    class Late {}
    const encode = (): number => {
      void handle.cancel('too late');
      return 1;
    };
    registerClass(Late, { name: 'Late', encode, decode: () => new Late() });
    const handle: RunHandle<unknown> = flow('late', () => new Late()).start();
    await expect(handle.result()).resolves.toBeInstanceOf(Late);
    expect([handle.state, (await recorded(handle.id)).run.state]).toEqual(['success', 'success']);
  });

  it('S15: disposing of a handle cancels its run', async () => {
    const reached = gate();
    let id = '';
    {
      await using handle = flow('disposed', () => untilAborted(reached.open as () => void)).start();
      id = handle.id;
      await reached.opened;
    }
    expect((await recorded(id)).run.state).toBe('cancelled');
  });

  it('S15: a signal that is aborted after the run leaves no listener behind', async () => {
    const controller = new AbortController();
    const handle = flow('done', () => later()).start({}, { signal: controller.signal });
    await handle.result();
    controller.abort();
    await turns();
    expect(handle.state).toBe('success');
  });

  it('S15: a parent that waits for a child run takes it along', async () => {
    const reached = gate();
    const child = flow('child', () => untilAborted(reached.open as () => void));
    const handle = flow('parent', () => child.startChild()).start({}, withGrace(60_000));
    await reached.opened;
    await handle.cancel();
    expect([(await recorded('parent/latest')).run.state, (await recorded('child/latest')).run.state]).toEqual(['cancelled', 'cancelled']);
  });
});

describe('orphans', () => {
  it("S4: 'wait' (default) drains what nobody awaited; 'cancel' ends it with the body", async () => {
    const waits = flow('waits', () => void later(later()));
    await waits.run();
    expect((await recorded('waits/latest')).states).toEqual({ 'later#0': 'success', 'later#1': 'success' });
    const reached = gate();
    const cancels = flow('cancels', { orphans: 'cancel' }, async () => {
      later(untilAborted(reached.open as () => void));
      await reached.opened;
      return later();
    });
    expect(await cancels.run()).toBe(1);
    const { run, states } = await recorded('cancels/latest');
    expect([run.state, states]).toEqual(['success', { 'untilAborted#0': 'cancelled', 'later#0': 'cancelled', 'later#1': 'success' }]);
  });
});
