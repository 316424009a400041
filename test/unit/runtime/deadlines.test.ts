import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { FLOW, type FlowInside } from '../../../src/flow/flow.js';
import { type Flow, flow, type Notification, type NotificationEvent } from '../../../src/index.js';
import { openProject } from '../../../src/runtime/project.js';
import type { StartOptions } from '../../../src/runtime/run-options.js';

const MINUTE = 60_000;

function listener(on: Notification['on'] = ['deadline', 'late']): Notification & { readonly events: NotificationEvent[] } {
  const events: NotificationEvent[] = [];
  return { name: 'a listener', ...(on ? { on } : {}), events, notify: (event) => void events.push(event) };
}

async function warningsOf(run: string): Promise<readonly string[]> {
  await using project = await openProject();
  return (await project.record.logs(run)).filter(({ level }) => level === 'warn').map(({ text }) => text);
}

/** As a service starts it. */
function startDue<R>(due: Flow<Record<never, never>, R>, options: StartOptions) {
  return due.start({}, options as never);
}

const dueRun = (at: number, parts: Partial<NonNullable<StartOptions['due']>> = {}): StartOptions => ({
  due: { run: `due-${Math.random().toString(36).slice(2)}`, cause: 'schedule', scheduled: { at, from: at - MINUTE }, ...parts },
});

describe('deadline', () => {
  it('is told once while the run goes on, which it does', async () => {
    const told = listener();
    const states: string[] = [];
    let past = (): void => {};
    const isPast = new Promise<void>((resolve) => {
      past = resolve;
    });
    const hooks = {
      onDeadline: (run: { readonly state: string }) => {
        states.push(run.state);
        past();
      },
    };
    const waiting = flow('waiting', { deadline: 10, hooks, notify: told }, async () => {
      await isPast;
      return 'went on';
    });
    const handle = waiting.start();
    expect(await handle.result()).toBe('went on');
    expect(states).toEqual(['running']);
    expect(told.events).toMatchObject([{ event: 'deadline', state: 'running', run: handle.id, deadline: expect.any(String) }]);
    expect(told.events[0]?.text).toMatch(/^flow 'waiting' goes on past its deadline, 20\S+ \(run /);
    expect(await warningsOf(handle.id)).toEqual([`the run goes on past its deadline, ${told.events[0]?.deadline}`]);
  });

  it('is not told of a run that has ended by then', async () => {
    const told = listener();
    expect(await flow('swift', { deadline: '1h', notify: told }, () => 1).run()).toBe(1);
    expect(told.events).toEqual([]);
  });

  it('counts from the time that the run stands for, also when that is long past; of a backfill from its start', async () => {
    const told = listener(['deadline']);
    const turns = async (): Promise<string> => {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
      return 'done';
    };
    const past = flow('past', { deadline: '10m', notify: told }, turns);
    const now = systemClock.now();
    await past.run({}, { scheduledTime: new Date(now - 11 * MINUTE) });
    await startDue(past, dueRun(now - 20 * MINUTE)).result();
    expect(told.events.map(({ deadline }) => new Date(deadline ?? 0).getTime() - Math.trunc(now))).toEqual([-MINUTE, -10 * MINUTE]);
    await startDue(past, dueRun(now - 20 * MINUTE, { cause: 'backfill' })).result();
    await past.run({}, { scheduledTime: new Date(now - 9 * MINUTE) });
    await past.run();
    expect(told.events).toHaveLength(2);
  });

  it('is one for all tries of a run', async () => {
    const told = listener(['deadline', 'retry', 'failure']);
    const failing = flow('failing', { deadline: 1, retries: 2, notify: told }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      throw new Error('no');
    });
    await failing.run({}, { throwOnFailure: false });
    expect(told.events.map(({ event }) => event)).toEqual(['deadline', 'retry', 'retry', 'failure']);
  });
});

describe('waits longer than a timer of Node holds', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('last as long as they were asked to', () => {
    const DAY = 24 * 60 * MINUTE;
    const called: string[] = [];
    systemClock.schedule(60 * DAY, () => called.push('60 days'), { idle: true });
    const cancel = systemClock.schedule(30 * DAY, () => called.push('30 days'));
    systemClock.schedule(1, () => called.push('at once'));
    vi.advanceTimersByTime(26 * DAY);
    expect(called).toEqual(['at once']);
    cancel();
    vi.advanceTimersByTime(34 * DAY - 1);
    expect(called).toEqual(['at once']);
    vi.advanceTimersByTime(1);
    expect(called).toEqual(['at once', '60 days']);
  });
});

describe('late runs', () => {
  it('a run that starts long after it was due says so', async () => {
    const told = listener();
    const late = flow('late', { notify: told }, () => 1);
    const now = Math.trunc(systemClock.now());
    const handle = startDue(late, dueRun(now - 3 * MINUTE));
    await handle.result();
    expect(told.events).toMatchObject([
      { event: 'late', state: 'running', dueAt: new Date(now - 3 * MINUTE).toISOString(), scheduledTime: new Date(now - 3 * MINUTE).toISOString() },
    ]);
    expect(await warningsOf(handle.id)).toEqual([expect.stringMatching(/^the run starts 3 m 0\d s late: it was due at 20/)]);
  });

  it('`lateAfter` says what is long; jitter, backfills and runs of people are not late', async () => {
    const told = listener();
    const now = systemClock.now();
    const ago = (ms: number, parts?: Partial<NonNullable<StartOptions['due']>>) => dueRun(now - ms, parts);
    const patient = flow('patient', { lateAfter: '1h', notify: told }, () => 1);
    await startDue(patient, ago(59 * MINUTE)).result();
    const late = flow('late', { notify: told }, () => 1);
    await startDue(late, ago(30_000)).result();
    await startDue(late, ago(10 * MINUTE, { dueAt: now })).result();
    await startDue(late, ago(10 * MINUTE, { cause: 'backfill' })).result();
    await late.run({}, { scheduledTime: new Date(now - 10 * MINUTE) });
    expect(told.events).toEqual([]);
    await startDue(patient, ago(61 * MINUTE)).result();
    await startDue(late, ago(0, { cause: 'request', dueAt: now - 2 * MINUTE })).result();
    expect(told.events.map(({ flow }) => flow)).toEqual(['patient', 'late']);
  });
});

it('a flow that is made of another has its deadline, unless it says otherwise', () => {
  const first = flow('first', { deadline: '1h', lateAfter: '2m' }, () => 1);
  const times = (made: unknown) => {
    const { deadlineMs, lateAfterMs } = (made as Record<symbol, FlowInside>)[FLOW]?.definition ?? {};
    return [deadlineMs, lateAfterMs];
  };
  expect(times(first.with({ owner: 'ana' }))).toEqual([60 * MINUTE, 2 * MINUTE]);
  expect(times(first.with({ deadline: '2h', lateAfter: undefined as never }))).toEqual([120 * MINUTE, MINUTE]);
  expect(times(first.with({ deadline: undefined as never }))).toEqual([undefined, 2 * MINUTE]);
});

it('durations that are none are refused', () => {
  expect(() => flow('wrong', { deadline: 'soon' as never }, () => 1)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  expect(() => flow('wrong', { lateAfter: -1 }, () => 1)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
});
