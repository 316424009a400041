import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cron, ctx, every, flow, param, task } from '../../../../src/index.js';
import { ServiceRecord } from '../../../../src/runs/service/service-record.js';
import { openProject, type Project } from '../../../../src/runtime/project.js';
import { gate } from '../../engine/workbench.js';

const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const DAILY = every('1d', { start: day('2026-01-01') });

describe('flow.backfill', () => {
  let folder: string;
  let before: string | undefined;
  let project: Project;
  let service: ServiceRecord;

  /** What each run saw, in the order in which they ran. */
  const ledger: string[] = [];

  beforeEach(async () => {
    ledger.splice(0);
    folder = mkdtempSync(join(tmpdir(), 'millrace-backfill-'));
    before = process.env.MILLRACE_HOME;
    process.env.MILLRACE_HOME = join(folder, '.millrace');
    project = await openProject();
    service = await ServiceRecord.open(project.record.heartbeat);
  });

  afterEach(async () => {
    await service[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
    if (before === undefined) delete process.env.MILLRACE_HOME;
    else process.env.MILLRACE_HOME = before;
    rmSync(folder, { recursive: true, force: true });
  });

  const note = task((what: string) => {
    const { scheduledTime, dataInterval } = ctx();
    ledger.push(`${what} ${scheduledTime.toISOString().slice(0, 10)} from ${dataInterval.start.toISOString().slice(0, 10)}`);
  });
  const etl = flow('etl', { schedule: DAILY, params: { what: param({ default: 'all' }) } }, ({ what }) => note(what));
  const days = (): readonly string[] => ledger.map((line) => line.split(' ')[1] as string);
  const all = async <T>(runs: AsyncIterable<T>): Promise<readonly T[]> => {
    const found: T[] = [];
    for await (const run of runs) found.push(run);
    return found;
  };

  it('S36: runs each instant of the range, both ends included, with its time and data interval', async () => {
    const runs = await all(etl.backfill({ from: day('2026-01-03'), to: day('2026-01-05'), params: { what: 'rows' } }));
    expect(ledger).toEqual(['rows 2026-01-03 from 2026-01-02', 'rows 2026-01-04 from 2026-01-03', 'rows 2026-01-05 from 2026-01-04']);
    expect(runs.map(({ state }) => state)).toEqual(['success', 'success', 'success']);
    const row = await project.record.run(runs[0]?.id as string);
    expect(row).toMatchObject({ cause: 'backfill', scheduled: { at: day('2026-01-03').getTime() }, params: { what: '"rows"' } });
    const [backfill] = await service.backfills({ flow: 'etl' });
    expect(backfill).toMatchObject({ state: 'done', reprocess: 'none', maxActive: 1, params: { what: '"rows"' } });
    expect(await service.backfillCounts(backfill?.id as string)).toMatchObject({ total: 3, success: 3, waiting: 0 });
  });

  it('S36: fills only what is missing, by whatever cause it ran; a dry run says what that is and stores nothing', async () => {
    await etl.run({}, { scheduledTime: day('2026-01-04') });
    const range = { from: day('2026-01-03'), to: day('2026-01-06') };
    const missing = ['2026-01-03', '2026-01-05', '2026-01-06'];
    expect((await etl.backfill(range).instants()).map((at) => at.toISOString().slice(0, 10))).toEqual(missing);
    expect(await all(etl.backfill({ ...range, dryRun: true }))).toEqual([]);
    expect(await service.backfills()).toEqual([]);
    ledger.splice(0);
    await all(etl.backfill(range));
    expect(days()).toEqual(missing);
    expect(await all(etl.backfill(range))).toEqual([]);
  });

  it('S36: reprocess failed runs those that came to no success again, all every one; backward is newest first', async () => {
    let broken = '2026-01-02';
    const shaky = flow('shaky', { schedule: DAILY }, () => {
      note('x');
      if (ctx().scheduledTime.toISOString().startsWith(broken)) throw new Error('no data');
    });
    const range = { from: day('2026-01-01'), to: day('2026-01-03') };
    expect((await all(shaky.backfill(range))).map(({ state }) => state)).toEqual(['success', 'failed', 'success']);
    broken = 'none';
    ledger.splice(0);
    expect(await all(shaky.backfill(range))).toEqual([]);
    await all(shaky.backfill({ ...range, reprocess: 'failed' }));
    expect(days()).toEqual(['2026-01-02']);
    ledger.splice(0);
    await all(shaky.backfill({ ...range, reprocess: 'all', order: 'backward' }));
    expect(days()).toEqual(['2026-01-03', '2026-01-02', '2026-01-01']);
  });

  it('S36: an instant that was passed over is filled all the same', async () => {
    const at = day('2026-01-02').getTime();
    const key = `${DAILY}@2026-01-02T00:00:00.000Z`;
    const due = {
      flow: 'etl',
      key,
      run: 'passed',
      cause: 'schedule' as const,
      schedule: String(DAILY),
      params: {},
      tags: [],
      dueAt: at,
      createdAt: at,
    };
    await service.addDue([{ ...due, scheduled: { at, from: at - 1 } }]);
    await service.settleDue('passed', 'skipped', 'a run was going on');
    await all(etl.backfill({ from: day('2026-01-02'), to: day('2026-01-02') }));
    expect(days()).toEqual(['2026-01-02']);
  });

  it('S36: so many runs at the same time, and no more', async () => {
    let [now, most] = [0, 0];
    const three = gate();
    const wide = flow('wide', { schedule: DAILY }, async () => {
      most = Math.max(most, ++now);
      if (now === 3) three.open();
      await three.opened;
      // A fourth would come now.
      await new Promise((resolve) => setTimeout(resolve, 20));
      now--;
    });
    await all(wide.backfill({ from: day('2026-01-01'), to: day('2026-01-07'), maxActive: 3 }));
    expect(most).toBe(3);
  });

  it('S36: a run that is tried again is still one of those that go on', async () => {
    let [now, most] = [0, 0];
    const tries = new Map<string, number>();
    let [againHasBegun, lastIsOver] = [() => {}, () => {}];
    const again = new Promise<void>((resolve) => {
      againHasBegun = resolve;
    });
    const last = new Promise<void>((resolve) => {
      lastIsOver = resolve;
    });
    const work = async (at: string): Promise<void> => {
      const count = (tries.get(at) ?? 0) + 1;
      tries.set(at, count);
      if (at === '2026-01-01' && count === 1) throw new Error('once');
      if (at === '2026-01-01') {
        againHasBegun();
        await last;
      } else await again;
      if (at === '2026-01-05') lastIsOver();
    };
    const stubborn = flow('stubborn', { schedule: DAILY, retries: 1 }, async () => {
      most = Math.max(most, ++now);
      await work(ctx().scheduledTime.toISOString().slice(0, 10)).finally(() => now--);
    });
    const runs = await all(stubborn.backfill({ from: day('2026-01-01'), to: day('2026-01-05'), maxActive: 2 }));
    expect([most, runs.map(({ state }) => state)]).toEqual([2, ['success', 'success', 'success', 'success', 'success']]);
    const [{ id } = { id: '' }] = await service.backfills();
    expect(await service.backfillCounts(id)).toMatchObject({ total: 5, success: 5, failed: 0 });
  });

  it('S36: left early it is paused; the same range goes on with it', async () => {
    const range = { from: day('2026-01-01'), to: day('2026-01-04') };
    for await (const _ of etl.backfill(range)) break;
    expect(days()).toEqual(['2026-01-01']);
    const [paused] = await service.backfills();
    expect(paused?.state).toBe('paused');
    await all(etl.backfill(range));
    expect(days()).toEqual(['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04']);
    expect(await service.backfills()).toMatchObject([{ id: paused?.id, state: 'done' }]);
  });

  it('S30, S36: a run that was cancelled with it is resumed, and does nothing twice', async () => {
    const stop = new AbortController();
    let isHealed = false;
    const first = task(() => void ledger.push(`first ${ctx().scheduledTime.toISOString().slice(0, 10)}`));
    const second = task(async () => {
      const { scheduledTime, signal } = ctx();
      ledger.push(`second ${scheduledTime.toISOString().slice(0, 10)}`);
      if (isHealed || scheduledTime < day('2026-01-02')) return;
      const aborted = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      stop.abort();
      await aborted;
    });
    const two = flow('two', { schedule: DAILY }, () => second().after(first()));
    const range = { from: day('2026-01-01'), to: day('2026-01-03') };
    const states = (await all(two.backfill({ ...range, signal: stop.signal }))).map(({ state }) => state);
    expect(states).toEqual(['success', 'cancelled']);
    const [{ id, state } = { id: '', state: '' }] = await service.backfills();
    expect([state, await service.backfillCounts(id)]).toEqual(['paused', expect.objectContaining({ success: 1, stopped: 1, waiting: 1 })]);
    isHealed = true;
    ledger.splice(0);
    expect((await all(two.backfill(range))).map((run) => run.state)).toEqual(['success', 'success']);
    expect(ledger).toEqual(['second 2026-01-02', 'first 2026-01-03', 'second 2026-01-03']);
    expect(await service.backfillCounts(id)).toMatchObject({ total: 3, success: 3, stopped: 0 });
  });

  it('with dependsOnPast one waits for the other, and none is run after one that failed', async () => {
    const chain = flow('chain', { schedule: DAILY, dependsOnPast: true }, () => {
      note('x');
      if (ctx().scheduledTime.getTime() === day('2026-01-02').getTime()) throw new Error('no data');
    });
    const range = { from: day('2026-01-01'), to: day('2026-01-04'), maxActive: 4 };
    await expect(all(chain.backfill(range))).rejects.toMatchObject({ code: 'BACKFILL_STALLED' });
    expect(days()).toEqual(['2026-01-01', '2026-01-02']);
    expect((await service.backfills())[0]?.state).toBe('paused');
    await expect(all(chain.backfill({ ...range, order: 'backward' }))).rejects.toMatchObject({ code: 'BACKFILL_INVALID' });
  });

  it('what is wrong is said before anything is stored', async () => {
    const none = flow('none', () => {});
    const several = flow('several', { schedule: [every('1d'), cron('0 6 * * *', { timezone: 'UTC' })] }, () => {});
    const range = { from: day('2026-01-01'), to: day('2026-01-02') };
    await expect(all(none.backfill(range))).rejects.toMatchObject({
      code: 'SCHEDULE_UNKNOWN',
      message: "expected a flow with a schedule; flow 'none' has none",
    });
    await expect(all(several.backfill(range))).rejects.toMatchObject({ code: 'SCHEDULE_UNKNOWN', hint: expect.stringContaining('2: cron') });
    expect(await several.backfill({ ...range, schedule: 2 }).instants()).toEqual([new Date('2026-01-01T06:00Z')]);
    await expect(all(etl.backfill({ from: day('2025-01-01'), to: day('2025-02-01') }))).rejects.toMatchObject({ code: 'BACKFILL_INVALID' });
    await expect(all(etl.backfill({ from: range.to, to: range.from }))).rejects.toMatchObject({ code: 'BACKFILL_INVALID' });
    await expect(all(etl.backfill({ ...range, maxActive: 0 }))).rejects.toMatchObject({ code: 'BACKFILL_INVALID' });
    await expect(all(etl.backfill({ ...range, params: { what: 3 as never } }))).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
    const seconds = flow('seconds', { schedule: every('1s') }, () => {});
    await expect(seconds.backfill({ from: day('2025-01-01'), to: day('2026-01-01') }).instants()).rejects.toMatchObject({ code: 'BACKFILL_INVALID' });
    expect(await service.backfills()).toEqual([]);
  });

  it('thousands of instants are added in chunks, and a paused backfill keeps nothing else from starting', async () => {
    const hourly = flow('hourly', { schedule: every('1h') }, () => {});
    for await (const _ of hourly.backfill({ from: day('2024-01-01'), to: day('2025-01-01') })) break;
    const [backfill] = await service.backfills();
    expect(await service.backfillCounts(backfill?.id as string)).toMatchObject({ total: 8_785, waiting: 8_784 });
    const row = {
      flow: 'hourly',
      key: 'asked',
      run: 'asked',
      cause: 'request' as const,
      params: {},
      tags: [],
      dueAt: Date.now(),
      createdAt: Date.now(),
    };
    await service.addDue([row]);
    const policy = { flow: 'hourly', overlap: 'queue' as const, dependsOnPast: false };
    const { start } = await service.claimDue({ service: 's', flows: [policy], now: Date.now() + 1, leaseMs: 1_000 });
    expect(start.map(({ run }) => run)).toEqual(['asked']);
  }, 60_000);
});
