import { afterEach, expect, it } from 'vitest';
import { installRuntime } from '../../../src/flow/flow-runtime.js';
import { cron } from '../../../src/schedule/cron.js';
import { every } from '../../../src/schedule/every.js';
import type { Service, ServiceOptions } from '../../../src/service/service.js';
import { fullRuntime } from '../../../src/serving/full-runtime.js';
import { ServiceWorld } from '../../fixtures/service/service-world.js';

installRuntime(fullRuntime);

const SEED = Number(process.env.MILLRACE_TEST_SEED ?? 7);
const START = Date.UTC(2026, 2, 1);
const TURNS = 10_000;
const SERVICES = 4;
const STEPS = ['cursors', 'follow', 'claimDue', 'due', 'keepClaims', 'nextTry', 'settleDue', 'settings', 'report', 'forget'] as const;

let world: ServiceWorld | undefined;
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
});

/** mulberry32: small, and the same everywhere. */
function chanceFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Mortal {
  readonly service: Service;
  isDead: boolean;
}

/** A service that goes before or behind any step of the record, and then does nothing any more. */
function mortal(world: ServiceWorld, chance: () => number): Mortal {
  const one: { service?: Service; isDead: boolean } = { isDead: false };
  const dead = (): Promise<never> => Promise.reject(new Error('it is gone'));
  const stepOf = (name: (typeof STEPS)[number]) => {
    const step = world.record[name].bind(world.record) as (...args: unknown[]) => Promise<unknown>;
    return async (...args: unknown[]) => {
      one.isDead ||= chance() < 0.002;
      if (one.isDead) return await dead();
      const result = await step(...args);
      one.isDead ||= chance() < 0.002;
      return one.isDead ? await dead() : result;
    };
  };
  const record = Object.fromEntries(STEPS.map((name) => [name, stepOf(name)])) as unknown as ServiceOptions['record'];
  one.service = world.service({ record, launcher: world.launcher(() => !one.isDead), tell: () => {}, maxRuns: 4 });
  return one as Mortal;
}

it('S35: four services, 10,000 turns, restarts at any point: one run for each instant, none missed, none twice', { timeout: 600_000 }, async () => {
  world = await ServiceWorld.open(START);
  const here = world;
  const chance = chanceFrom(SEED);
  here.life = () => (chance() < 0.05 ? undefined : { startMs: Math.floor(chance() * 3_000), lastsMs: Math.floor(chance() * 9_000) });
  const schedules = { often: every('20s'), minutely: cron('* * * * *'), jittery: every('90s', { jitter: '40s' }), hourly: cron('30 * * * *') };
  here.serve('often', { schedule: schedules.often, missed: 'all', overlap: 'allow' });
  here.serve('both', { schedule: [schedules.minutely, schedules.hourly], missed: 'all' });
  here.serve('jittery', { schedule: schedules.jittery, missed: 'all', maxActiveRuns: 1 });
  let deaths = 0;
  const services: Mortal[] = Array.from({ length: SERVICES }, () => mortal(here, chance));
  // All of them follow the flows from the start on.
  await here.service({ tell: () => {} }).turn();
  for (let turn = 0; turn < TURNS; turn++) {
    await here.pass(1_000);
    for (let place = 0; place < SERVICES; place++) {
      const one = services[place] as Mortal;
      // A service that went is started again after a while.
      if (one.isDead && chance() < 0.1) {
        services[place] = mortal(here, chance);
        deaths++;
      } else if (!one.isDead) await one.service.turn();
    }
  }
  const until = here.clock.now();
  // What is still under way comes to its end.
  here.life = () => ({ startMs: 0, lastsMs: 10 });
  await here.turns(here.service({ tell: () => {} }), 300, 1_000);

  expect(deaths).toBeGreaterThan(50);
  expect(await here.record.due({ states: ['refused', 'skipped'] })).toEqual([]);
  const counts = new Map<string, number>();
  for (const { due } of here.begun) counts.set(due.key, (counts.get(due.key) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
  for (const schedule of Object.values(schedules)) {
    const expected: string[] = [];
    for (let at = schedule.next(new Date(START)) as Date; at.getTime() <= until; at = schedule.next(at) as Date)
      expected.push(`${schedule}@${at.toISOString()}`);
    expect(expected.filter((key) => !counts.has(key))).toEqual([]);
  }
});
