import { beforeEach, describe, expect, it } from 'vitest';
import { ctx, Fail, flow, type RetryPolicy, Skip, type TaskState, task } from '../../../src/index.js';
import { TASK_MOVES } from '../../../src/model/transition.js';
import { openProject } from '../../../src/runtime/project.js';
import { eventsOf, failureOf, freshHome, gate, type Recorded, recorded, statesTold, turns } from './workbench.js';

beforeEach(() => void freshHome());

/** Fails until the given attempt. */
const until = (last: number, retries: number | RetryPolicy, name = 'flaky') =>
  task(
    async () => {
      const { attempt } = ctx();
      if (attempt < last) throw new Error(`attempt ${attempt} failed`);
      return attempt;
    },
    { name, retries },
  );

/** The states that a row's attempts tell, each a legal move from the one before. */
function replayed({ attemptRows }: Recorded['tasks'][number]): string[] {
  const told = ['pending', ...attemptRows.flatMap(({ changes }) => changes.split(' ').map((change) => change.split('@')[0] as string))];
  for (let at = 1; at < told.length; at++) expect(TASK_MOVES[told[at - 1] as TaskState]).toContain(told[at]);
  return told;
}

describe('retries', () => {
  it('S13, S10: each attempt has a row whose packed changes, replayed, are what the events told', async () => {
    const handle = flow('attempts', () => until(3, 5)()).start();
    const told = statesTold(await eventsOf(handle));
    expect(await handle.result()).toBe(3);
    const row = (await recorded(handle.id)).task('flaky#0');
    expect(row).toMatchObject({ state: 'success', attempts: 3 });
    expect(row.attemptRows.map(({ attempt, state, error }) => [attempt, state, error?.message])).toEqual([
      [1, 'retrying', 'attempt 1 failed'],
      [2, 'retrying', 'attempt 2 failed'],
      [3, 'success', undefined],
    ]);
    expect(told['flaky#0']).toEqual(['pending', ...Array(2).fill(['queued', 'running', 'retrying']).flat(), 'queued', 'running', 'success']);
    expect(replayed(row)).toEqual(told['flaky#0']);
    expect(row.startedAt).toBe(row.attemptRows[0]?.startedAt);
  });

  it('S13: when the last one fails too, the error says after how many', async () => {
    const handle = flow('exhausted', () => until(9, 2)()).start();
    const error = await failureOf(handle.result());
    expect(error.failures).toMatchObject([{ attempts: 3, cause: { message: 'attempt 3 failed' } }]);
    expect((await recorded(handle.id)).task('flaky#0').attemptRows.map(({ state }) => state)).toEqual(['retrying', 'retrying', 'failed']);
  });

  it('S13: a synchronous function that throws is tried again too, and waits by its delays', async () => {
    const at: number[] = [];
    const sync = task(
      () => {
        at.push(performance.now());
        if (at.length < 3) throw new Error('again');
      },
      { name: 'sync', retries: { max: 2, delay: [1, 20] } },
    );
    await flow('delays', () => void sync()).run();
    expect((at[2] as number) - (at[1] as number)).toBeGreaterThanOrEqual(19);
  });

  it('S13: Fail ends it at once, and so does Skip, as skipped', async () => {
    let tries = 0;
    const throws = (error: Error) =>
      task(
        () => {
          tries++;
          throw error;
        },
        { name: error.name.toLowerCase(), retries: 3 },
      );
    const handle = flow('stops', () => {
      throws(new Fail('enough'))();
      throws(new Skip('nothing to do'))();
    }).start();
    await failureOf(handle.result());
    expect(tries).toBe(2);
    expect((await recorded(handle.id)).states).toEqual({ 'fail#0': 'failed', 'skip#0': 'skipped' });
  });

  it('S13: `if` decides by the error and the attempt; one that throws is logged and counts as no', async () => {
    const asked: unknown[] = [];
    const policy: RetryPolicy = {
      max: 9,
      if: (error, attempt) => {
        asked.push([(error as Error).message, attempt]);
        if (attempt === 2) throw new Error('bad policy');
        return true;
      },
    };
    const handle = flow('if', () => until(9, policy)()).start();
    await failureOf(handle.result());
    expect(asked).toEqual([
      ['attempt 1 failed', 1],
      ['attempt 2 failed', 2],
    ]);
    await using project = await openProject();
    expect((await project.record.logs(handle.id)).map(({ text }) => text)).toEqual([expect.stringContaining('bad policy')]);
  });

  it('S13: the wait holds no slot, and dependants wait for the last attempt', async () => {
    const done = gate();
    const flaky = task(
      async () => {
        // Only what runs while it waits can let it go on.
        if (ctx().attempt === 1) throw new Error('again');
        await done.opened;
        return 'late';
      },
      { name: 'flaky', retries: { max: 1, delay: 5 } },
    );
    const other = task(() => done.open(), { name: 'other' });
    const read = task((value: string) => value, { name: 'read' });
    const run = flow('slots', () => {
      const value = read(flaky());
      other();
      return value;
    }).run({}, { maxWorkers: 1 });
    expect(await run).toBe('late');
  });

  it('S13: lines of each attempt are kept, and its context says which it is', async () => {
    const talks = task(
      () => {
        ctx().log.info(`this is ${ctx().attempt}`);
        if (ctx().attempt === 1) throw new Error('again');
      },
      { name: 'talks', retries: 1 },
    );
    const handle = flow('lines', () => void talks()).start();
    await handle.result();
    await using project = await openProject();
    expect((await project.record.logs(handle.id)).map(({ attempt, text }) => [attempt, text])).toEqual([
      [1, 'this is 1'],
      [2, 'this is 2'],
    ]);
  });

  it('S13: onRetry is told before each wait; one that throws changes nothing', async () => {
    const told: unknown[] = [];
    const hooked = until(3, 2).with({
      hooks: {
        onRetry: ({ attempt }, error) => {
          told.push([attempt, (error as Error).message]);
          throw new Error('bad hook');
        },
      },
    });
    expect(await flow('hooked', () => hooked()).run()).toBe(3);
    expect(told).toEqual([
      [1, 'attempt 1 failed'],
      [2, 'attempt 2 failed'],
    ]);
  });

  it('S13, S10: the artifacts of a failed attempt stay hidden', async () => {
    const refused = task(() => 'draft', {
      name: 'refused',
      retries: 1,
      checks: [{ name: 'never', severity: 'fail', ok: () => false }],
    });
    const handle = flow('hidden', () => void refused()).start();
    await failureOf(handle.result());
    expect((await recorded(handle.id)).task('refused#0').artifacts).toEqual([]);
  });

  it('S13, S15: cancelled during the wait, it ends at once, and the attempts made stay as they were', async () => {
    const waiting = gate();
    const slow = until(9, { max: 3, delay: '1h' }).with({ hooks: { onRetry: () => waiting.open() } });
    const handle = flow('cancelled', () => void slow()).start();
    const events = eventsOf(handle);
    await waiting.opened;
    await turns(2);
    await Promise.all([failureOf(handle.result()), handle.cancel('enough')]);
    const row = (await recorded(handle.id)).task('flaky#0');
    expect(row).toMatchObject({ state: 'cancelled', attempts: 1 });
    expect(row.attemptRows.map(({ state }) => state)).toEqual(['retrying']);
    expect(statesTold(await events)['flaky#0']).toEqual(['pending', 'queued', 'running', 'retrying', 'cancelled']);
  });

  it('S13: children of a map are tried again one by one', async () => {
    const once = task(
      (n: number) => {
        if (n === 1 && ctx().attempt === 1) throw new Error('again');
        return n;
      },
      { name: 'once', retries: 1 },
    );
    const handle = flow('children', () => once.map([0, 1, 2])).start();
    expect(await handle.result()).toEqual([0, 1, 2]);
    expect((await recorded(handle.id)).tasks.filter(({ id }) => id.includes('[')).map(({ attempts }) => attempts)).toEqual([1, 2, 1]);
  });
});

describe("a flow's defaults", () => {
  it('S13: fill in what its tasks did not say, and no more', async () => {
    const handle = flow(
      'defaults',
      { defaults: { retries: 2, priority: 5, tags: ['all'] } },
      () => [until(3, 0, 'own'), until(3, 4, 'more')].map((t) => t().settled()) && until(3, undefined as never, 'none')(),
    ).start();
    await handle.result().catch(() => {});
    const { task: row } = await recorded(handle.id);
    expect([row('own#0').attempts, row('more#0').attempts, row('none#0').attempts]).toEqual([1, 3, 3]);
  });

  it('S7, S13: are for tasks: a flow in the flow is not drawn twice for a child that failed', async () => {
    let bodies = 0;
    const inner = flow('inner', () => {
      bodies++;
      return until(9, 1)();
    });
    const error = await failureOf(flow('outer', { defaults: { retries: 2 } }, () => inner.asTask()()).run());
    expect(bodies).toBe(1);
    expect(error.failures).toHaveLength(1);
  });
});
