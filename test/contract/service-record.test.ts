import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DueRun, DueState, NewDueRun } from '../../src/model/due-run.js';
import type { RunRow } from '../../src/model/records.js';
import type { FlowPolicy } from '../../src/runs/service/admission.js';
import type { Backfill } from '../../src/runs/service/backfills.js';
import { ServiceRecord } from '../../src/runs/service/service-record.js';
import { databases, type RecordPlace } from '../fixtures/runs/databases.js';
import { runElsewhere } from '../fixtures/runs/rows.js';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const LEASE = 30_000;

function dueRow(parts: Partial<NewDueRun> = {}): NewDueRun {
  const at = parts.scheduled?.at ?? NOW - MINUTE;
  return {
    flow: 'etl',
    key: `every 1m@${at}`,
    run: `run-${at}`,
    cause: 'schedule',
    schedule: 'every 1m',
    params: { day: '"2026-01-01"' },
    tags: ['nightly'],
    scheduled: { at, from: at - MINUTE },
    dueAt: at,
    createdAt: NOW,
    ...parts,
  };
}

const at = (instant: number): Partial<NewDueRun> => ({ scheduled: { at: instant, from: instant - MINUTE } });

function policy(parts: Partial<FlowPolicy> = {}): FlowPolicy {
  return { flow: 'etl', overlap: 'queue', dependsOnPast: false, ...parts };
}

describe.each(databases('service'))('service record in $kind', ({ make }) => {
  let place: RecordPlace;
  let one: ServiceRecord;
  let two: ServiceRecord;

  beforeEach(async () => {
    place = await make();
    one = await ServiceRecord.open(place.record.heartbeat);
    two = await ServiceRecord.open(place.record.heartbeat);
  });

  afterEach(async () => {
    await one[Symbol.asyncDispose]();
    await two[Symbol.asyncDispose]();
    await place.record[Symbol.asyncDispose]();
    await place.cleanUp();
  });

  const claim = (record: ServiceRecord, parts: Partial<FlowPolicy> = {}, now = NOW) =>
    record.claimDue({ service: record === one ? 'one' : 'two', flows: [policy(parts)], now, leaseMs: LEASE });
  const ran = async (run: string, state: RunRow['state'], parts: Partial<RunRow> = {}): Promise<void> => {
    await place.record.open(runElsewhere({ id: run, createdAt: NOW, ...parts }));
    await place.record.append({ run, epoch: 0, change: { state, finishedAt: NOW } });
  };

  it('S35: a due run is found as it was added, once for one key', async () => {
    expect(await one.addDue([dueRow(), dueRow({ run: 'second' })])).toEqual([dueRow().run]);
    expect(await two.addDue([dueRow({ run: 'third' })])).toEqual([]);
    expect(await two.due()).toEqual([{ ...dueRow(), state: 'waiting' }]);
    expect(await two.due({ flow: 'other' })).toEqual([]);
    expect(await two.due({ states: ['claimed', 'started'], until: NOW })).toEqual([]);
    await one.addDue([dueRow({ key: 'again', run: 'again', resumes: 'before' })]);
    expect(await one.due({ run: 'again' })).toMatchObject([{ run: 'again', resumes: 'before' }]);
  });

  it('S35: of two services that claim at once, one has it', async () => {
    await one.addDue([dueRow()]);
    const both = await Promise.all([claim(one), claim(two)]);
    expect(both.flatMap(({ start }) => start.map(({ run }) => run))).toEqual([dueRow().run]);
    expect((await one.due())[0]?.state).toBe('claimed');
  });

  it('S35: of two services that move a schedule at once, one does, with its runs', async () => {
    const step = { flow: 'etl', schedule: 'every 1m', from: undefined, until: NOW };
    const moved = await Promise.all([
      one.follow({ ...step, due: [dueRow({ run: 'by-one' })] }),
      two.follow({ ...step, due: [dueRow({ run: 'by-two' })] }),
    ]);
    expect([...moved].sort()).toEqual([false, true]);
    expect((await one.due()).map(({ run }) => run)).toEqual([moved[0] ? 'by-one' : 'by-two']);
    expect(await one.cursors('etl')).toEqual(new Map([['every 1m', NOW]]));
    expect(await one.follow({ ...step, from: NOW - 1, until: NOW + MINUTE, due: [] })).toBe(false);
    expect(await one.follow({ ...step, from: NOW, until: NOW + MINUTE, due: [] })).toBe(true);
  });

  it('S35: a schedule that stands in the place of others takes their cursors away, when it is the one that moves', async () => {
    const step = { flow: 'etl', until: NOW, due: [] };
    await one.follow({ ...step, schedule: 'former', from: undefined });
    expect(await two.follow({ ...step, schedule: 'every 1m', from: NOW - 1, replaces: ['former'] })).toBe(false);
    expect(await two.cursors('etl')).toEqual(new Map([['former', NOW]]));
    expect(await two.follow({ ...step, schedule: 'every 1m', from: undefined, replaces: ['former'] })).toBe(true);
    expect(await one.cursors('etl')).toEqual(new Map([['every 1m', NOW]]));
  });

  it('a service claims no more than it has room for; what else is due is left for others', async () => {
    await one.addDue([dueRow(), dueRow(at(NOW - 2 * MINUTE)), dueRow({ flow: 'other', run: 'elsewhere' })]);
    const flows = [policy({ overlap: 'allow' }), policy({ flow: 'other' })];
    const request = { flows, now: NOW, leaseMs: LEASE };
    const runsOf = async (record: ServiceRecord, limit?: number): Promise<readonly string[]> =>
      (await record.claimDue({ ...request, service: 'one', ...(limit === undefined ? {} : { limit }) })).start.map(({ run }) => run);
    expect(await runsOf(one, 0)).toEqual([]);
    expect(await runsOf(one, 1)).toEqual([`run-${NOW - 2 * MINUTE}`]);
    expect(await runsOf(two)).toEqual([`run-${NOW - MINUTE}`, 'elsewhere']);
    expect(await one.due({ run: 'elsewhere' })).toMatchObject([{ flow: 'other', state: 'claimed' }]);
  });

  it('a claim that nobody made use of is anybody’s when its lease is over; one whose run has begun is started', async () => {
    await one.addDue([dueRow(), dueRow({ flow: 'other' })]);
    await claim(one);
    expect((await claim(two, {}, NOW + LEASE - 1)).start).toEqual([]);
    expect((await claim(two, {}, NOW + LEASE)).start.map(({ run }) => run)).toEqual([dueRow().run]);
    await place.record.open(runElsewhere({ id: dueRow().run, createdAt: NOW }));
    expect((await claim(one, {}, NOW + 3 * LEASE)).start).toEqual([]);
    expect((await one.due({ flow: 'etl' }))[0]?.state).toBe('started');
  });

  it('a claim is kept, given back, and settled', async () => {
    await one.addDue([dueRow()]);
    await claim(one);
    await one.keepClaims('one', [dueRow().run], NOW + 2 * LEASE);
    await two.keepClaims('two', [dueRow().run], NOW);
    expect((await claim(two, {}, NOW + LEASE)).start).toEqual([]);
    await one.settleDue(dueRow().run, 'waiting');
    expect((await claim(two)).start).toHaveLength(1);
    await two.settleDue(dueRow().run, 'refused', 'the parameter day is missing');
    expect((await one.due())[0]).toMatchObject({ state: 'refused', why: 'the parameter day is missing' });
    expect((await claim(one, {}, NOW + 9 * LEASE)).start).toEqual([]);
  });

  describe('while a run of the schedule goes on', () => {
    beforeEach(async () => {
      await place.record.open(
        runElsewhere({ id: 'before', createdAt: NOW, cause: 'schedule', scheduled: { at: NOW - 9 * MINUTE, from: NOW - 10 * MINUTE } }),
      );
      await one.addDue([dueRow(at(NOW - 2 * MINUTE)), dueRow(at(NOW - MINUTE))]);
    });
    const states = async (): Promise<readonly string[]> => (await one.due()).map(({ state }) => state);

    it('queue: later ones wait, and then start one after the other', async () => {
      expect((await claim(one)).start).toEqual([]);
      await place.record.append({ run: 'before', epoch: 0, change: { state: 'failed', finishedAt: NOW } });
      expect((await claim(one)).start.map(({ scheduled }) => scheduled?.at)).toEqual([NOW - 2 * MINUTE]);
      expect(await states()).toEqual(['claimed', 'waiting']);
    });

    it('skip: later ones are left out, with the reason', async () => {
      expect((await claim(one, { overlap: 'skip' })).skipped.map(({ why }) => why)).toEqual(['run before was going on', 'run before was going on']);
      expect(await states()).toEqual(['skipped', 'skipped']);
    });

    it('allow: all start, up to maxActive', async () => {
      expect((await claim(one, { overlap: 'allow', maxActive: 2 })).start).toHaveLength(1);
      expect((await claim(one, { overlap: 'allow' })).start).toHaveLength(1);
    });

    it('cancel-previous: it is asked to end, once, and only the newest of those that wait will follow', async () => {
      const first = await claim(one, { overlap: 'cancel-previous' });
      expect([first.start, first.cancelled]).toEqual([[], ['before']]);
      expect(await states()).toEqual(['skipped', 'waiting']);
      expect((await claim(one, { overlap: 'cancel-previous' })).cancelled).toEqual([]);
      await place.record.append({ run: 'before', epoch: 0, change: { state: 'cancelled', finishedAt: NOW } });
      expect((await claim(one, { overlap: 'cancel-previous' })).start.map(({ scheduled }) => scheduled?.at)).toEqual([NOW - MINUTE]);
    });

    it('what is about to be tried again goes on: between two tries nothing slips in', async () => {
      await place.record.append({ run: 'before', epoch: 0, change: { state: 'success', finishedAt: NOW - MINUTE } });
      const [first] = (await claim(one)).start;
      await ran(first?.run as string, 'failed', { cause: 'schedule', scheduled: first?.scheduled });
      await one.settleDue(first?.run as string, 'started');
      expect((await claim(two, { retries: 1 })).start).toEqual([]);
      // Once the next try goes on, that is what counts: also of one that stands for no time.
      await one.addDue(
        ['asked', 'more'].map((run) => {
          const { scheduled: _, ...row } = dueRow({ run, key: run, cause: 'request', dueAt: NOW });
          return row;
        }),
      );
      await ran('asked', 'failed', { cause: 'request' });
      await one.settleDue('asked', 'started');
      await place.record.open(runElsewhere({ id: 'asked-again', cause: 'request', originRun: 'asked', createdAt: NOW + 1 }));
      expect((await claim(two, { retries: 1, maxActive: 3 })).start.map(({ run }) => run)).toEqual(['more']);
      // It never came: its process has gone.
      const later = await claim(two, { retries: 1 }, NOW + 10_000);
      expect(later.start).toHaveLength(1);
    });

    it('what has failed for good keeps nothing waiting', async () => {
      await place.record.append({ run: 'before', epoch: 0, change: { state: 'success', finishedAt: NOW - MINUTE } });
      const [first] = (await claim(one)).start;
      await ran(first?.run as string, 'failed', { cause: 'schedule', scheduled: first?.scheduled });
      await one.settleDue(first?.run as string, 'started');
      await ran('again', 'failed', { cause: 'schedule', scheduled: first?.scheduled, originRun: first?.run, createdAt: NOW + 1 });
      expect((await claim(two, { retries: 1 })).start).toHaveLength(1);
    });

    it('what somebody asks for starts beside it', async () => {
      const { schedule: _, scheduled: __, ...row } = dueRow({ key: 'asked', run: 'asked', cause: 'request' });
      await one.addDue([row]);
      expect((await claim(one)).start.map(({ run }) => run)).toEqual(['asked']);
    });
  });

  it('paused flows start nothing by themselves, and what somebody asks for all the same', async () => {
    expect(await one.pause('etl', NOW, 'the source is down')).toBe(true);
    expect(await two.pause('etl', NOW)).toBe(false);
    expect(await two.settings()).toEqual([{ flow: 'etl', pausedAt: NOW, pausedWhy: 'the source is down' }]);
    await one.addDue([dueRow(), dueRow({ key: 'asked', run: 'asked', cause: 'request' })]);
    expect((await claim(one)).start.map(({ run }) => run)).toEqual(['asked']);
    expect(await two.pause('etl', undefined)).toBe(true);
    expect((await claim(one)).start.map(({ run }) => run)).toEqual([dueRow().run]);
  });

  it('dependsOnPast: waits until a run of the instant before has succeeded, whichever', async () => {
    const [first, second] = [dueRow(at(NOW - 2 * MINUTE)), dueRow(at(NOW - MINUTE))];
    await one.addDue([first, second]);
    const next = async () => (await claim(one, { overlap: 'allow', dependsOnPast: true })).start.map(({ run }) => run);
    expect(await next()).toEqual([first.run]);
    await ran(first.run, 'failed', { cause: 'schedule', scheduled: first.scheduled });
    await one.settleDue(first.run, 'started');
    expect(await next()).toEqual([]);
    await ran('resumed', 'success', { scheduled: first.scheduled });
    expect(await next()).toEqual([second.run]);
  });

  it('S36: a backfill keeps to its own number of runs, stops when paused, and tells what became of each instant', async () => {
    const backfill: Backfill = {
      id: 'b1',
      flow: 'etl',
      schedule: 'every 1m',
      from: NOW - 3 * MINUTE,
      to: NOW,
      params: {},
      reprocess: 'none',
      direction: 'forward',
      maxActive: 2,
      state: 'active',
      createdAt: NOW,
      filledAt: undefined,
      finishedAt: undefined,
    };
    const rows = [3, 2, 1].map((back) => dueRow({ ...at(NOW - back * MINUTE), cause: 'backfill', backfill: 'b1', dueAt: NOW }));
    await one.addBackfill(backfill, rows);
    expect(await two.backfills({ flow: 'etl' })).toEqual([backfill]);
    expect((await claim(two)).start).toHaveLength(2);
    for (const { run, scheduled } of rows.slice(0, 2)) {
      await ran(run, run === rows[0]?.run ? 'success' : 'failed', { cause: 'backfill', scheduled });
      await two.settleDue(run, 'started');
    }
    expect(await one.moveBackfill('b1', 'paused', NOW)).toBe(true);
    expect((await claim(two)).start).toEqual([]);
    expect(await one.outcomes('etl', backfill.from, backfill.to)).toEqual([
      { at: NOW - 3 * MINUTE, outcome: 'success' },
      { at: NOW - 2 * MINUTE, outcome: 'failed' },
      { at: NOW - MINUTE, outcome: 'waiting' },
    ]);
    await one.moveBackfill('b1', 'active', NOW);
    expect((await claim(two)).start).toHaveLength(1);
    expect(await one.moveBackfill('b1', 'done', NOW)).toBe(true);
    expect(await one.moveBackfill('b1', 'paused', NOW)).toBe(false);
    expect((await one.backfills({ id: 'b1' }))[0]).toMatchObject({ state: 'done', finishedAt: NOW });
  });

  describe('S36: the rows of a backfill', () => {
    const backfill: Backfill = {
      id: 'b1',
      flow: 'etl',
      schedule: 'every 1m',
      from: NOW - 4 * MINUTE,
      to: NOW - MINUTE,
      params: { day: '1' },
      reprocess: 'none',
      direction: 'forward',
      maxActive: 2,
      file: 'etl.ts',
      state: 'active',
      createdAt: NOW,
      filledAt: undefined,
      finishedAt: undefined,
    };
    const instants = [4, 3, 2, 1].map((back) => ({ at: NOW - back * MINUTE, from: NOW - (back + 1) * MINUTE }));
    const chunk = { backfill, instants, isLast: true, now: NOW };
    const runsOf = async (states: readonly DueState[]): Promise<readonly DueRun[]> => one.due({ backfill: 'b1', states });

    it('only what is missing is added, once, by whichever of two that fill it', async () => {
      await one.addBackfill(backfill, []);
      await ran('done', 'success', { cause: 'schedule', scheduled: instants[0] });
      // Passed over, so that its key is taken.
      const iso = new Date(NOW - 3 * MINUTE).toISOString();
      await one.addDue([dueRow({ ...at(NOW - 3 * MINUTE), key: `every 1m@${iso}`, run: 'passed' })]);
      await one.settleDue('passed', 'skipped');
      const added = await Promise.all([one.fillBackfill(chunk), two.fillBackfill(chunk)]);
      expect([...added].sort()).toEqual([0, 3]);
      expect((await runsOf(['waiting'])).map(({ scheduled }) => scheduled)).toEqual(instants.slice(1));
      expect((await one.backfills({ id: 'b1' }))[0]).toEqual({ ...backfill, filledAt: NOW });
      expect(await two.backfillCounts('b1')).toEqual({ total: 3, waiting: 3, running: 0, success: 0, failed: 0, stopped: 0, left: 0 });
    });

    it('failed and all: what has had a run is run again, under a key of its own', async () => {
      await ran('bad', 'failed', { scheduled: instants[0] });
      await ran('good', 'success', { scheduled: instants[1] });
      await one.addBackfill(backfill, []);
      expect(await one.fillBackfill({ ...chunk, backfill: { ...backfill, reprocess: 'failed' } })).toBe(3);
      expect(await one.fillBackfill({ ...chunk, backfill: { ...backfill, reprocess: 'all' } })).toBe(1);
    });

    it('S30: what crashed or was cancelled is due again, to be resumed, before the others; then it is done', async () => {
      await one.addBackfill(backfill, []);
      await one.fillBackfill(chunk);
      const { start } = await one.claimDue({ service: 'one', flows: [policy()], now: NOW, leaseMs: LEASE, backfill: 'b1' });
      expect(start).toHaveLength(2);
      for (const [place, { run, scheduled }] of start.entries()) {
        await ran(run, place === 0 ? 'success' : 'cancelled', { cause: 'backfill', scheduled });
        await one.settleDue(run, 'started');
      }
      expect(await one.moveBackfill('b1', 'paused', NOW)).toBe(true);
      expect((await claim(two)).start).toEqual([]);
      await one.moveBackfill('b1', 'active', NOW);
      expect([await one.reviveRuns(backfill, { failed: false, now: NOW }), await two.reviveRuns(backfill, { failed: true, now: NOW })]).toEqual([
        1, 0,
      ]);
      expect(await two.backfillCounts('b1')).toMatchObject({ total: 4, success: 1, waiting: 3, stopped: 0 });
      const next = (await claim(two)).start;
      expect(next.map(({ resumes, scheduled }) => [resumes, scheduled?.at])).toEqual([
        [start[1]?.run, NOW - 3 * MINUTE],
        [undefined, NOW - 2 * MINUTE],
      ]);
      expect(await one.endBackfill('b1', NOW)).toBe(false);
      for (const { run } of [...next, ...(await runsOf(['waiting']))]) await one.settleDue(run, 'refused');
      await claim(one);
      expect((await one.backfills({ id: 'b1' }))[0]?.state).toBe('done');
      expect(await two.backfillCounts('b1')).toMatchObject({ success: 1, left: 3 });
    });

    const started = async (): Promise<readonly DueRun[]> => {
      await one.addBackfill(backfill, []);
      await one.fillBackfill(chunk);
      const { start } = await claim(one);
      for (const { run } of start) await one.settleDue(run, 'started');
      return start;
    };

    it('a run that is tried again counts among those that go on, and it is not over before', async () => {
      const [first, second] = (await started()) as [DueRun, DueRun];
      await ran(first.run, 'failed', { cause: 'backfill', scheduled: first.scheduled });
      await ran('try-2', 'failed', { cause: 'backfill', scheduled: first.scheduled, originRun: first.run, createdAt: NOW + 1 });
      await place.record.open(runElsewhere({ id: 'try-3', cause: 'backfill', scheduled: first.scheduled, originRun: 'try-2', createdAt: NOW + 2 }));
      await place.record.open(runElsewhere({ id: second.run, createdAt: NOW, cause: 'backfill', scheduled: second.scheduled }));
      expect((await claim(two)).start).toEqual([]);
      expect(await one.backfillCounts('b1')).toMatchObject({ running: 2, waiting: 2, failed: 0 });
      expect([await one.nextTry(first.run), await one.nextTry('try-2'), await one.nextTry('try-3')]).toEqual(['try-2', 'try-3', undefined]);
      for (const { run } of await runsOf(['waiting'])) await one.settleDue(run, 'refused');
      await place.record.append({ run: second.run, epoch: 0, change: { state: 'success', finishedAt: NOW } });
      expect(await two.endBackfill('b1', NOW)).toBe(false);
      await place.record.append({ run: 'try-3', epoch: 0, change: { state: 'success', finishedAt: NOW } });
      expect(await two.endBackfill('b1', NOW)).toBe(true);
      expect(await one.backfillCounts('b1')).toMatchObject({ success: 2, left: 2 });
    });

    it('what somebody resumes by hand is none of its runs', async () => {
      const [first] = (await started()) as [DueRun];
      await ran(first.run, 'failed', { cause: 'backfill', scheduled: first.scheduled });
      await place.record.open(runElsewhere({ id: 'by-hand', scheduled: first.scheduled, originRun: first.run, createdAt: NOW + 1 }));
      expect(await one.nextTry(first.run)).toBeUndefined();
      expect((await claim(two)).start).toHaveLength(2);
    });

    it('S30: what crashed is taken up again by whoever goes on with it, once for each instant', async () => {
      const [first, second] = (await started()) as [DueRun, DueRun];
      await ran(first.run, 'crashed', { cause: 'backfill', scheduled: first.scheduled });
      // Its second try did.
      await ran(second.run, 'failed', { cause: 'backfill', scheduled: second.scheduled });
      await ran('again', 'crashed', { cause: 'backfill', scheduled: second.scheduled, originRun: second.run, createdAt: NOW + 1 });
      expect(await two.endBackfill('b1', NOW)).toBe(false);
      const { start } = await claim(two);
      expect(start.map(({ resumes }) => resumes)).toEqual([first.run, 'again']);
      expect(await one.takeUpInterrupted(NOW)).toBe(0);
      for (const { run, scheduled, resumes } of start) {
        await ran(run, 'crashed', { cause: 'backfill', scheduled, originRun: resumes, createdAt: NOW + 2 });
        await one.settleDue(run, 'started');
      }
      expect(await one.takeUpInterrupted(NOW)).toBe(0);
      for (const { run } of await runsOf(['waiting'])) await one.settleDue(run, 'refused');
      expect(await one.endBackfill('b1', NOW)).toBe(true);
      // People may.
      expect(await one.reviveRuns(backfill, { failed: false, now: NOW })).toBe(2);
    });

    it('of a paused backfill nothing is taken up', async () => {
      const [first] = (await started()) as [DueRun];
      await ran(first.run, 'crashed', { cause: 'backfill', scheduled: first.scheduled });
      await one.moveBackfill('b1', 'paused', NOW);
      expect(await one.takeUpInterrupted(NOW)).toBe(0);
    });

    it('one that is cancelled starts nothing any more, for good', async () => {
      await one.addBackfill(backfill, []);
      await one.fillBackfill(chunk);
      expect(await one.moveBackfill('b1', 'cancelled', NOW)).toBe(true);
      expect([(await claim(one)).start, await one.moveBackfill('b1', 'active', NOW)]).toEqual([[], false]);
      expect(await one.backfillCounts('b1')).toMatchObject({ waiting: 0, left: 4 });
    });

    it('with dependsOnPast a run waits for the one of the instant before', async () => {
      await one.addBackfill(backfill, []);
      await one.fillBackfill(chunk);
      expect((await claim(one, { dependsOnPast: true })).start.map(({ scheduled }) => scheduled?.at)).toEqual([NOW - 4 * MINUTE]);
    });

    it('what it has waiting keeps nothing else from starting', async () => {
      await one.addBackfill({ ...backfill, maxActive: 1 }, []);
      await one.fillBackfill(chunk);
      const asked = dueRow({ key: 'asked', run: 'asked', cause: 'request', resumes: 'r0', again: { tasks: ['load'], downstream: true }, dueAt: NOW });
      await one.addDue([asked]);
      const { start } = await claim(one);
      expect(start.map(({ run }) => run)).toContain('asked');
      expect(start).toHaveLength(2);
      expect(await one.due({ run: 'asked' })).toMatchObject([{ resumes: 'r0', again: { tasks: ['load'], downstream: true } }]);
    });
  });

  it('S15: a run that goes on is asked to end, one that is due is withdrawn, and what has ended stays as it is', async () => {
    await place.record.open(runElsewhere({ id: 'on', createdAt: NOW }));
    expect(await one.askToCancel('on', 'first')).toBe('asked');
    expect(await two.askToCancel('on', 'second')).toBe('asked');
    expect(await place.record.cancelAsked(['on', 'other'])).toEqual(new Map([['on', 'first']]));
    await ran('over', 'success');
    expect(await one.askToCancel('over', 'late')).toBe('ended');
    expect(await place.record.cancelAsked(['over'])).toEqual(new Map());
    await one.addDue([dueRow({ run: 'waits', key: 'a' }), dueRow({ run: 'claimed', key: 'b' })]);
    expect(await one.askToCancel('waits', 'not today')).toBe('withdrawn');
    expect((await one.due({ states: ['skipped'] })).map(({ run, why }) => [run, why])).toEqual([['waits', 'not today']]);
    expect(await one.askToCancel('waits', 'again')).toBe('ended');
    expect((await claim(two, { overlap: 'allow' })).start.map(({ run }) => run)).toEqual(['claimed']);
    expect(await one.askToCancel('claimed', 'too late')).toBe('starting');
    expect(await one.askToCancel('nobody', 'x')).toBe('unknown');
    // A run that is tried again is known by its first try.
    await one.addDue([dueRow({ run: 'first', key: 'c' })]);
    await ran('first', 'failed', { cause: 'schedule', scheduled: { at: NOW, from: NOW } });
    await place.record.open(
      runElsewhere({ id: 'second', cause: 'schedule', scheduled: { at: NOW, from: NOW }, originRun: 'first', createdAt: NOW + 1 }),
    );
    expect(await one.askToCancel('first', 'enough')).toBe('asked');
    expect(await place.record.cancelAsked(['first', 'second'])).toEqual(new Map([['second', 'enough']]));
  });

  it('services and what they have loaded are there while their lease holds', async () => {
    const row = (id: string) => ({
      id,
      owner: runElsewhere({ id: 'x', createdAt: NOW }).owner,
      folder: '/srv/flows',
      startedAt: NOW,
      seenAt: NOW,
      leaseUntil: NOW + LEASE,
      draining: false,
    });
    const file = { path: 'etl.ts', digest: 'd', error: undefined, loadedAt: NOW, flows: [{ name: 'etl', definition: { description: 'all of it' } }] };
    await one.report(row('one'), [file, { ...file, path: 'broken.ts', error: 'it does not compile', flows: [] }]);
    await two.report(row('two'), [file]);
    await two.report({ ...row('two'), leaseUntil: NOW + 2 * LEASE, draining: true });
    expect((await one.files(NOW)).map(({ service, path }) => `${service} ${path}`)).toEqual(['one broken.ts', 'one etl.ts', 'two etl.ts']);
    expect((await one.services(NOW + LEASE)).map(({ id, draining }) => [id, draining])).toEqual([['two', true]]);
    await one.forget('two', NOW);
    expect(await one.services(NOW)).toEqual([row('one')]);
    expect(await one.files(NOW)).toHaveLength(2);
  });

  it('of a crash one service tells, once', async () => {
    await ran('r1', 'crashed');
    await ran('r2', 'failed');
    await ran('r3', 'crashed', { flow: 'other' });
    const r1 = { run: 'r1', flow: 'etl' };
    const r3 = { run: 'r3', flow: 'other' };
    expect(await one.untoldCrashes(NOW)).toEqual([r1, r3]);
    expect(await one.untoldCrashes(NOW + 1)).toEqual([]);
    const claims = await Promise.all([one.claimCrash('r1', NOW), two.claimCrash('r1', NOW), one.claimCrash('r1', NOW)]);
    expect(claims.filter((isOurs) => isOurs)).toHaveLength(1);
    expect(await two.claimCrash('r2', NOW)).toBe(false);
    expect(await two.claimCrash('r9', NOW)).toBe(false);
    expect(await two.untoldCrashes(0)).toEqual([r3]);
  });
});
