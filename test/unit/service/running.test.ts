import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { installRuntime } from '../../../src/flow/flow-runtime.js';
import type { FlowOptions } from '../../../src/flow/flow-type.js';
import type { NewDueRun } from '../../../src/model/due-run.js';
import { every } from '../../../src/schedule/every.js';
import type { Service, ServiceOptions } from '../../../src/service/service.js';
import { fullRuntime } from '../../../src/serving/full-runtime.js';
import { ServiceWorld } from '../../fixtures/service/service-world.js';

installRuntime(fullRuntime);
// Thousands of small transactions, on whatever disk there is.
vi.setConfig({ testTimeout: 60_000 });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const noon = Date.UTC(2026, 4, 4, 12);

let world: ServiceWorld;
beforeEach(async () => {
  world = await ServiceWorld.open(noon);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const serve = (options: FlowOptions<never>): void => world.serve('etl', { schedule: every('1m'), ...options });

/** Turns every ten seconds. */
async function live(service: Service, ms: number): Promise<void> {
  await service.turn();
  await world.turns(service, ms / (10 * SECOND), 10 * SECOND);
}

async function ask(run: string, parts: Partial<NewDueRun> = {}): Promise<void> {
  const now = world.clock.now();
  await world.record.addDue([{ flow: 'etl', key: run, run, cause: 'request', params: {}, tags: [], dueAt: now, createdAt: now, ...parts }]);
}

describe('S35: overlap, over time', () => {
  const LASTS = 150 * SECOND;
  const liveSlowly = async (overlap: 'skip' | 'queue' | 'allow' | 'cancel-previous', parts: FlowOptions<never> = {}): Promise<readonly string[]> => {
    world.life = () => ({ startMs: 0, lastsMs: LASTS });
    serve({ overlap, ...parts });
    await live(world.service(), 6 * MINUTE);
    return world.begun.map(({ due, at }) => `${new Date(due.scheduled?.at ?? 0).toISOString().slice(14, 16)} at ${(at - noon) / SECOND}`);
  };

  it('queue: one after the other, none left out', async () => {
    expect(await liveSlowly('queue')).toEqual(['01 at 60', '02 at 210', '03 at 360']);
  });

  it('skip: those that come meanwhile are none', async () => {
    expect(await liveSlowly('skip')).toEqual(['01 at 60', '04 at 240']);
    expect(world.told('run-skipped').map(({ due }) => new Date(due.scheduled?.at ?? 0).getUTCMinutes())).toEqual([2, 3, 5, 6]);
  });

  it('allow: all at their time, up to maxActiveRuns', async () => {
    expect(await liveSlowly('allow')).toHaveLength(6);
  });

  it('allow, with maxActiveRuns: no more than those', async () => {
    expect(await liveSlowly('allow', { maxActiveRuns: 2 })).toEqual(['01 at 60', '02 at 120', '03 at 210', '04 at 270', '05 at 360']);
  });

  it('cancel-previous: the one before is asked to end', async () => {
    expect(await liveSlowly('cancel-previous')).toEqual(['01 at 60', '03 at 210', '06 at 360']);
    expect(world.told('run-asked-to-cancel')[0]?.run).toBe(world.begun[0]?.due.run);
  });

  it('dependsOnPast: after a failure, none', async () => {
    let count = 0;
    world.life = () => ({ startMs: 0, lastsMs: SECOND, state: ++count === 2 ? 'failed' : 'success' });
    serve({ dependsOnPast: true });
    await live(world.service(), 5 * MINUTE);
    expect(world.instants('etl')).toEqual(['12:01', '12:02']);
  });
});

describe('what is asked for', () => {
  it('starts within a turn, paused or not', async () => {
    serve({});
    const service = world.service();
    await service.turn();
    await world.record.pause('etl', noon);
    await ask('by-hand');
    await world.turns(service, 1, SECOND);
    expect(world.begun.map(({ due }) => due.run)).toEqual(['by-hand']);
  });

  it('no more than maxRuns at the same time, and every flow has its turn', async () => {
    world.life = () => ({ startMs: 0, lastsMs: 5 * SECOND });
    serve({ schedule: [] });
    world.serve('other', {});
    for (let place = 0; place < 20; place++) await ask(`etl-${place}`);
    for (let place = 0; place < 3; place++) await ask(`other-${place}`, { flow: 'other' });
    const service = world.service({ maxRuns: 2 });
    let most = 0;
    for (let turn = 0; turn < 40; turn++) {
      await world.turns(service, 1, SECOND);
      most = Math.max(most, service.running);
    }
    expect(most).toBe(2);
    expect(world.begun.filter(({ due }) => due.flow === 'other').length).toBeGreaterThan(1);
  });
});

describe('what goes wrong', () => {
  it('a process that goes before it begins is tried again after a pause, and given up at last', async () => {
    world.life = () => undefined;
    serve({ schedule: [] });
    await ask('never');
    await live(world.service(), 5 * MINUTE);
    expect(world.told('run-not-started').map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(await world.record.due({ run: 'never' })).toMatchObject([{ state: 'refused', why: 'it could not be started: it went' }]);
  });

  it('what a service claimed, and went, is taken up by another when its lease has run out', async () => {
    serve({ schedule: [] });
    await ask('one');
    await world.service({ launcher: world.launcher(() => false) }).turn();
    const other = world.service();
    await live(other, 20 * SECOND);
    expect(world.begun).toEqual([]);
    await live(other, 20 * SECOND);
    expect(world.begun.map(({ due }) => due.run)).toEqual(['one']);
  });

  it('a claim is kept while its process takes long to begin', async () => {
    world.life = () => ({ startMs: 2 * MINUTE, lastsMs: 0 });
    serve({ schedule: [] });
    await ask('slow');
    const [one, other] = [world.service(), world.service()];
    for (let turn = 0; turn < 13; turn++) {
      await world.turns(one, 1, 10 * SECOND);
      await world.turns(other, 1, 0);
    }
    expect(world.begun.map(({ due }) => due.run)).toEqual(['slow']);
    expect(world.refused).toBe(0);
  });

  it('a database that is away is told of once, tried again ever later, and nothing is lost', async () => {
    serve({ missed: 'all' });
    let isAway = false;
    let asked = 0;
    const record = new Proxy(world.record, {
      get(target, name) {
        const step = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        return async (...args: unknown[]) => {
          if (isAway) asked++;
          if (isAway) throw new Error('no connection');
          return await step.apply(target, args);
        };
      },
    }) as ServiceOptions['record'];
    const service = world.service({ record });
    await live(service, MINUTE);
    isAway = true;
    await world.turns(service, 300, SECOND);
    isAway = false;
    await live(service, MINUTE);
    expect(world.instants('etl')).toEqual(['12:01', '12:02', '12:03', '12:04', '12:05', '12:06', '12:07']);
    const steps = world.told('trouble').map(({ step }) => step);
    expect(new Set(steps).size).toBe(steps.length);
    expect(
      world
        .told('trouble-over')
        .map(({ step }) => step)
        .sort(),
    ).toEqual([...steps].sort());
    expect(asked).toBeLessThan(100);
  });

  it('a run that starts late is told of; one that was missed is not late', async () => {
    world.life = () => ({ startMs: 0, lastsMs: 3 * MINUTE });
    serve({ overlap: 'queue' });
    await live(world.service(), 5 * MINUTE);
    expect(world.told('run-late').map(({ lateMs }) => lateMs)).toEqual([2 * MINUTE]);
    world.events.length = 0;
    world.serve('daily', { schedule: every('1d', { anchor: new Date(noon) }) });
    await world.service().turn();
    world.clock.jump(30 * 60 * MINUTE);
    await world.service().turn();
    expect(world.told('run-starting').map(({ due }) => due.flow)).toContain('daily');
    expect(world.told('run-late').filter(({ due }) => due.flow === 'daily')).toEqual([]);
  });
});

describe('ending', () => {
  it('drains: starts nothing new, waits for what runs, and is forgotten', async () => {
    world.life = () => ({ startMs: 0, lastsMs: 5 * SECOND });
    serve({ schedule: [] });
    await ask('one');
    const service = world.service();
    await world.turns(service, 1, SECOND);
    expect(await world.record.services(world.clock.now())).toMatchObject([{ id: service.id, draining: false }]);
    await ask('two');
    const drained = service.drain(MINUTE);
    await untilDrained(drained);
    expect(world.begun.map(({ due }) => due.run)).toEqual(['one']);
    expect(world.told('run-ended')).toMatchObject([{ state: 'success', tookMs: 5 * SECOND }]);
    expect(await world.record.services(world.clock.now())).toEqual([]);
  });

  it('what has not ended after the grace is cancelled', async () => {
    world.life = () => ({ startMs: 0, lastsMs: 60 * MINUTE });
    serve({ schedule: [] });
    await ask('endless');
    const service = world.service();
    await world.turns(service, 1, SECOND);
    await untilDrained(service.drain(10 * SECOND));
    expect(world.told('cancelling')).toEqual([{ type: 'cancelling', running: 1 }]);
    expect(world.told('stopped')).toEqual([{ type: 'stopped', running: 0 }]);
  });

  /** Time goes on meanwhile. */
  async function untilDrained(drained: Promise<void>): Promise<void> {
    let isOver = false;
    void drained.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      if (world.clock.timers > 0) await world.pass(100);
    }
  }
});
