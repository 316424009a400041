import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { installRuntime } from '../../../src/flow/flow-runtime.js';
import type { FlowOptions } from '../../../src/flow/flow-type.js';
import { at } from '../../../src/schedule/at.js';
import { daysOfMonth } from '../../../src/schedule/calendar.js';
import { cron } from '../../../src/schedule/cron.js';
import { every } from '../../../src/schedule/every.js';
import { onDays } from '../../../src/schedule/on-days.js';
import type { Service } from '../../../src/service/service.js';
import { fullRuntime } from '../../../src/serving/full-runtime.js';
import { ServiceWorld } from '../../fixtures/service/service-world.js';

installRuntime(fullRuntime);
// Thousands of small transactions, on whatever disk there is.
vi.setConfig({ testTimeout: 60_000 });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let world: ServiceWorld;
const noon = Date.UTC(2026, 4, 4, 12);

beforeEach(async () => {
  world = await ServiceWorld.open(noon);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const serve = (options: FlowOptions<never>): void => world.serve('etl', { overlap: 'allow', ...options });

/** Turns up to `ms` from now on: each at the next instant, or after `most`. */
async function live(service: Service, ms: number, most = HOUR): Promise<void> {
  const until = world.clock.now() + ms;
  await service.turn();
  await world.pass(0);
  while (world.clock.now() < until) {
    const [now, next] = [world.clock.now(), service.nextInstant() ?? 0];
    // Of a flow that is paused, it may be over.
    await world.pass(Math.min(next > now ? next : Number.POSITIVE_INFINITY, now + most, until) - now);
    await service.turn();
    await world.pass(0);
  }
}

const times = (): readonly string[] => world.begun.map(({ due }) => new Date(due.scheduled?.at ?? 0).toISOString().replace(':00.000Z', ''));

describe('S34: instants come at their time', () => {
  it('begins with the first instant after the flow was first seen, and tells the run its time and interval', async () => {
    serve({ schedule: every('1h') });
    await live(world.service(), 3 * HOUR + MINUTE);
    expect(world.instants('etl')).toEqual(['13:00', '14:00', '15:00']);
    expect(world.begun[0]?.at).toBe(noon + HOUR);
    expect(world.begun[0]?.due).toMatchObject({ cause: 'schedule', schedule: 'every 1h', scheduled: { at: noon + HOUR, from: noon } });
  });

  it('an hour that is skipped when clocks go forward runs once, at the next time there is', async () => {
    world.clock.jump(Date.UTC(2026, 2, 28) - noon);
    serve({ schedule: cron('30 2 * * *', { timezone: 'Europe/Berlin' }) });
    await live(world.service(), 3 * DAY);
    expect(times()).toEqual(['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']);
  });

  it('an hour that is repeated when clocks go back runs once', async () => {
    world.clock.jump(Date.UTC(2026, 9, 24) - noon);
    serve({ schedule: cron('30 2 * * *', { timezone: 'Europe/Berlin' }) });
    await live(world.service(), 3 * DAY);
    expect(times()).toEqual(['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30']);
  });

  it('an interval keeps to elapsed time when clocks are changed', async () => {
    world.clock.jump(Date.UTC(2026, 2, 28, 12) - noon);
    serve({ schedule: every('1d') });
    await live(world.service(), 3 * DAY);
    expect(times()).toEqual(['2026-03-29T00:00', '2026-03-30T00:00', '2026-03-31T00:00']);
  });

  it('the last day of each month, whatever its length', async () => {
    world.clock.jump(Date.UTC(2028, 0, 15) - noon);
    serve({ schedule: onDays(daysOfMonth(-1), { at: '23:00' }) });
    await live(world.service(), 100 * DAY, DAY);
    expect(times()).toEqual(['2028-01-31T23:00', '2028-02-29T23:00', '2028-03-31T23:00']);
  });

  it('an interval longer than any timer can hold', async () => {
    serve({ schedule: every('40d', { anchor: new Date(noon) }) });
    const service = world.service();
    await live(service, 81 * DAY, 10 * DAY);
    expect(times()).toEqual(['2026-06-13T12:00', '2026-07-23T12:00']);
  });

  it('nothing before the start, nothing after the end', async () => {
    serve({ schedule: every('1h', { start: new Date(noon + 90 * MINUTE), end: new Date(noon + 4 * HOUR) }) });
    await live(world.service(), 8 * HOUR);
    expect(world.instants('etl')).toEqual(['13:30', '14:30', '15:30']);
  });

  it('a schedule whose end has passed never runs', async () => {
    serve({ schedule: every('1h', { end: new Date(noon - DAY) }), missed: 'all' });
    await live(world.service(), 3 * HOUR);
    expect(world.begun).toEqual([]);
  });

  it('a jitter delays the run, and not its time', async () => {
    serve({ schedule: every('1h', { jitter: '30m' }) });
    await live(world.service(), 3 * HOUR, MINUTE);
    expect(world.instants('etl').slice(0, 2)).toEqual(['13:00', '14:00']);
    for (const { due, at: begun } of world.begun) expect(begun - due.dueAt).toBeLessThanOrEqual(MINUTE);
    expect(new Set(world.begun.map(({ due }) => due.dueAt - (due.scheduled?.at ?? 0))).size).toBeGreaterThan(1);
  });

  it('runs of each schedule are given its parameters', async () => {
    serve({ schedule: [every('2h'), at(every('2h', { anchor: new Date(noon + HOUR) }), { full: true } as never)] });
    await live(world.service(), 3 * HOUR);
    expect(world.begun.map(({ due }) => due.params)).toEqual([{ full: 'true' }, {}, { full: 'true' }]);
  });
});

describe('S35: instants that were missed', () => {
  const missedFor = async (missed: 'skip' | 'latest' | 'all', ms: number): Promise<readonly string[]> => {
    serve({ schedule: every('1h'), missed });
    await live(world.service(), HOUR);
    world.clock.jump(ms);
    await live(world.service(), 0);
    return world.instants('etl').slice(1);
  };

  it('skip: none of them', async () => expect(await missedFor('skip', 5 * HOUR + 10 * MINUTE)).toEqual([]));
  it('latest: the last of them', async () => expect(await missedFor('latest', 5 * HOUR + 10 * MINUTE)).toEqual(['18:00']));
  it('all: each of them', async () => expect(await missedFor('all', 3 * HOUR + 10 * MINUTE)).toEqual(['14:00', '15:00', '16:00']));
  it('one that is noticed half a minute late is none', async () => expect(await missedFor('skip', HOUR + 20_000)).toEqual(['14:00']));
  it('latest: of many since a moment ago, those of the last seconds', async () => {
    serve({ schedule: every('1s') });
    const service = world.service();
    await world.turns(service, 3, 1_000);
    world.clock.jump(25_000);
    await live(service, 0);
    expect(world.instants('etl')).toEqual(['12:00:02', '12:00:03', '12:00:23', '12:00:24', '12:00:25', '12:00:26', '12:00:27', '12:00:28']);
  });

  it('latest: not a missed one, when a later one is on time', async () => expect(await missedFor('latest', 4 * HOUR + 5_000)).toEqual(['17:00']));

  it('all, with a start in the past: from that start, also for a flow that is new', async () => {
    serve({ schedule: every('1h', { start: new Date(noon - 3 * HOUR) }), missed: 'all' });
    await live(world.service(), 0);
    expect(world.instants('etl')).toEqual(['09:00', '10:00', '11:00', '12:00']);
  });

  it('latest, with a start in the past: a new flow begins now', async () => {
    serve({ schedule: every('1h', { start: new Date(noon - 3 * HOUR) }) });
    await live(world.service(), HOUR);
    expect(world.instants('etl')).toEqual(['13:00']);
  });

  it('all: thousands of them come in steps, and each once', async () => {
    world.life = () => ({ startMs: 0, lastsMs: 0 });
    serve({ schedule: every('1m'), missed: 'all' });
    await world.service().turn();
    world.clock.jump(1_200 * MINUTE);
    const service = world.service({ maxRuns: 10_000 });
    await world.turns(service, 4, 1_000);
    expect(world.begun.length).toBe(1_200);
    expect(new Set(world.begun.map(({ due }) => due.key)).size).toBe(1_200);
  });
});

describe('S35: pauses, edits, clocks', () => {
  it('while a flow is paused nothing of it starts; then `missed` says what becomes of the instants since', async () => {
    serve({ schedule: every('1h') });
    const service = world.service();
    await live(service, HOUR);
    await world.record.pause('etl', world.clock.now());
    await live(service, 4 * HOUR + MINUTE);
    expect(world.instants('etl')).toEqual(['13:00']);
    await world.record.pause('etl', undefined);
    await live(service, HOUR);
    expect(world.instants('etl')).toEqual(['13:00', '17:00', '18:00']);
  });

  it('an edited schedule goes on where the former one was: nothing twice, nothing from before', async () => {
    serve({ schedule: every('1h'), missed: 'all' });
    const service = world.service();
    await live(service, 2 * HOUR);
    serve({ schedule: every('30m'), missed: 'all' });
    await live(service, HOUR);
    expect(world.instants('etl')).toEqual(['13:00', '14:00', '14:30', '15:00']);
    // And back again: not from where it was left then.
    serve({ schedule: every('1h'), missed: 'all' });
    await live(service, HOUR);
    expect(world.instants('etl').slice(4)).toEqual(['16:00']);
  });

  it('a schedule that was edited while nothing ran is followed from where the former one was', async () => {
    serve({ schedule: every('1h'), missed: 'all' });
    await live(world.service(), HOUR);
    serve({ schedule: cron('15 * * * *'), missed: 'all' });
    world.clock.jump(2 * HOUR);
    await live(world.service(), 0);
    expect(world.instants('etl')).toEqual(['13:00', '13:15', '14:15']);
  });

  it('one that is added to others begins now', async () => {
    serve({ schedule: every('1d', { anchor: new Date(noon + HOUR) }) });
    const service = world.service();
    await live(service, 5 * HOUR, 20 * HOUR);
    serve({ schedule: [every('1d', { anchor: new Date(noon + HOUR) }), every('1h')], missed: 'all' });
    await live(service, HOUR);
    expect(world.instants('etl')).toEqual(['13:00', '18:00']);
  });

  it('a clock that is set back: nothing runs twice, and it goes on where it was', async () => {
    serve({ schedule: every('1h') });
    const service = world.service();
    await live(service, 3 * HOUR);
    world.clock.jump(-2 * HOUR);
    await live(service, 4 * HOUR);
    expect(world.instants('etl')).toEqual(['13:00', '14:00', '15:00', '16:00', '17:00']);
  });

  it('a clock that was years ahead for a moment does not stop the schedule', async () => {
    serve({ schedule: every('1h') });
    const service = world.service();
    await live(service, HOUR);
    world.clock.jump(1_000 * DAY);
    await service.turn();
    await world.pass(0);
    world.clock.jump(-1_000 * DAY);
    await live(service, 2 * HOUR);
    expect(times()).toEqual(['2026-05-04T13:00', '2029-01-28T13:00', '2026-05-04T14:00', '2026-05-04T15:00']);
  });

  it('a flow that is gone and comes back: `missed` counts', async () => {
    serve({ schedule: every('1h') });
    const service = world.service();
    await live(service, HOUR);
    const [flow] = world.definitions.list;
    world.definitions.list = [];
    await live(service, 3 * HOUR);
    if (flow) world.definitions.list = [flow];
    await live(service, 10 * MINUTE);
    expect(world.instants('etl')).toEqual(['13:00', '16:00']);
  });
});

describe('S34: schedules of a user’s own', () => {
  /** Nobody but its code knows it. */
  const own = { kind: 'own', next: (after: Date) => new Date((Math.floor(after.getTime() / HOUR) + 1) * HOUR), toString: () => 'my own' } as never;

  it('are followed by the instants that their file lists, and asked for more before those run out', async () => {
    serve({ schedule: own });
    const service = world.service();
    await live(service, 3 * HOUR);
    expect(world.instants('etl')).toEqual(['13:00', '14:00', '15:00']);
    expect(world.definitions.asked).toEqual([]);
    await live(service, 480 * HOUR);
    expect(world.definitions.asked[0]).toMatchObject({ flow: 'etl' });
    serve({ schedule: own });
    world.begun.length = 0;
    await live(service, 200 * HOUR);
    expect(world.begun.length).toBe(200);
  });

  it('all: what was missed before the list begins is asked for', async () => {
    serve({ schedule: own, missed: 'all' });
    await live(world.service(), HOUR);
    world.clock.jump(3 * HOUR);
    serve({ schedule: own, missed: 'all' });
    await live(world.service(), 0);
    expect(world.begun.length).toBe(1);
    expect(world.definitions.asked).toEqual([{ flow: 'etl', after: noon + HOUR }]);
  });
});
