import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import type { AssetRenewal, FlowTrigger } from '../../src/model/asset.js';
import { asset, flowEvent } from '../../src/model/asset.js';
import type { RunRow } from '../../src/model/records.js';
import type { MissedPolicy } from '../../src/model/schedule.js';
import type { HeartbeatTarget } from '../../src/runs/run-record.js';
import { openServiceDatabase } from '../../src/runs/service/open-database.js';
import { ServiceRecord } from '../../src/runs/service/service-record.js';
import { MISSED_AFTER_MS, type TriggeredFlow } from '../../src/runs/service/triggered.js';
import { databases, type RecordPlace } from '../fixtures/runs/databases.js';
import { runElsewhere } from '../fixtures/runs/rows.js';

const NOW = 1_800_000_000_000;
const SECOND = 1_000;
const HOUR = 3_600_000;

describe.each(databases('triggered'))('runs that other flows trigger, in $kind', ({ make }) => {
  let place: RecordPlace;
  let one: ServiceRecord;
  let two: ServiceRecord;
  let runs = 0;

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

  const follower = (on: readonly FlowTrigger[], missed: MissedPolicy = 'latest', flow = 'report'): TriggeredFlow => ({ flow, on, missed });
  const tick = (flow: TriggeredFlow, now: number, by = one): Promise<readonly string[]> => by.addTriggered([flow], now);
  /** A run of a flow that renews assets, and ends. */
  const ran = async (flow: string, at: number, { renews = [] as readonly string[], state = 'success' as RunRow['state'] } = {}): Promise<string> => {
    const run = `${flow}-${++runs}`;
    await place.record.open(runElsewhere({ id: run, flow, createdAt: NOW }));
    const renewals: AssetRenewal[] = renews.map((name) => ({ asset: name, flow, run, task: `${name}#0`, digest: 'd', at }));
    await place.record.append({ run, epoch: 0, renewals });
    // A batch may be written twice.
    await place.record.append({ run, epoch: 0, renewals, change: { state, finishedAt: at } });
    return run;
  };
  const due = async (flow = 'report') => (await one.due({ flow })).map(({ cause, key, tags, triggers }) => ({ cause, key, tags, triggers }));

  it('an asset that was renewed makes one run, with what triggered it; what was before does not count', async () => {
    const flow = follower([asset('orders')]);
    await ran('etl', NOW - HOUR, { renews: ['orders'] });
    expect(await tick(flow, NOW)).toEqual([]);
    const run = await ran('etl', NOW + SECOND, { renews: ['orders', 'customers'] });
    const added = await tick(flow, NOW + 2 * SECOND);
    expect(added).toHaveLength(1);
    expect(await due()).toEqual([
      {
        cause: 'asset',
        key: expect.stringMatching(/^assets \["orders"\]@\d+$/),
        tags: ['on:orders'],
        triggers: [{ kind: 'asset', asset: 'orders', flow: 'etl', run, task: 'orders#0', digest: 'd', at: NOW + SECOND }],
      },
    ]);
    expect((await one.due())[0]).toMatchObject({ run: added[0], state: 'waiting', dueAt: NOW + SECOND, createdAt: NOW + 2 * SECOND, params: {} });
    expect(await tick(flow, NOW + 3 * SECOND)).toEqual([]);
  });

  it('several assets: when all of them were renewed since the last such run; renewals in between count once', async () => {
    const flow = follower([asset('a'), asset('b'), asset('a')]);
    await tick(flow, NOW);
    await ran('x', NOW + 1, { renews: ['a'] });
    await ran('x', NOW + 2, { renews: ['a'] });
    expect(await tick(flow, NOW + SECOND)).toEqual([]);
    await ran('y', NOW + 3, { renews: ['b'] });
    expect(await tick(flow, NOW + SECOND)).toHaveLength(1);
    expect((await due())[0]).toMatchObject({ key: expect.stringMatching(/^assets \["a","b"\]@\d+,\d+$/), tags: ['on:a', 'on:b'] });
    await ran('y', NOW + 4, { renews: ['b'] });
    expect(await tick(flow, NOW + SECOND)).toEqual([]);
    await ran('x', NOW + 5, { renews: ['a'] });
    expect(await tick(flow, NOW + SECOND)).toHaveLength(1);
  });

  it('runs of another flow: each that ended as asked makes a run of its own', async () => {
    const ends = {
      success: follower([flowEvent('etl', 'success')], 'all', 'on-success'),
      failure: follower([flowEvent('etl', 'failure')], 'all', 'on-failure'),
    };
    const finished = follower([flowEvent('etl', 'finished')], 'all', 'on-end');
    const all = [ends.success, ends.failure, finished];
    await one.addTriggered(all, NOW);
    const good = await ran('etl', NOW + 1);
    const bad = await ran('etl', NOW + 2, { state: 'failed' });
    const gone = await ran('etl', NOW + 3, { state: 'crashed' });
    await ran('other', NOW + 4);
    await place.record.open(runElsewhere({ id: 'going on', createdAt: NOW }));
    expect(await one.addTriggered(all, NOW + SECOND)).toHaveLength(6);
    expect(await two.addTriggered(all, NOW + 2 * SECOND)).toEqual([]);
    const of = async (flow: string) => (await due(flow)).map(({ key }) => key);
    expect(await of('on-success')).toEqual([`etl.success@${good}`]);
    expect(await of('on-failure')).toEqual([`etl.failure@${bad}`, `etl.failure@${gone}`]);
    expect(await of('on-end')).toEqual([good, bad, gone].map((run) => `etl.finished@${run}`));
    expect((await due('on-failure'))[0]).toMatchObject({
      cause: 'flow',
      tags: ['on:etl'],
      triggers: [{ kind: 'flow', flow: 'etl', run: bad, state: 'failed', at: NOW + 2 }],
    });
  });

  it('where nothing has come, nothing is written: others may be writing meanwhile', async () => {
    const flow = follower([asset('orders'), asset('prices'), flowEvent('etl', 'success')]);
    expect(await tick(flow, NOW)).toEqual([]);
    await ran('shop', NOW + SECOND, { renews: ['orders'] });
    const holder = await openServiceDatabase(place.record.heartbeat as HeartbeatTarget, systemClock);
    const looked = holder.write(async (session) => {
      await session.lock('flow report');
      return await tick(flow, NOW + 2 * SECOND);
    });
    expect(await looked).toEqual([]);
    await holder.close();
    await ran('shop', NOW + 3 * SECOND, { renews: ['prices'] });
    expect(await tick(flow, NOW + 4 * SECOND)).toHaveLength(1);
    await ran('etl', NOW + 5 * SECOND);
    expect(await tick(flow, NOW + 6 * SECOND)).toHaveLength(1);
  });

  it('a run whose end is recorded late, or by a clock that is behind, is not passed over', async () => {
    const flow = follower([flowEvent('etl', 'success')], 'all');
    await tick(flow, NOW);
    await tick(flow, NOW + 5 * 60 * SECOND);
    const late = await ran('etl', NOW + SECOND);
    expect(await tick(flow, NOW + 6 * 60 * SECOND)).toHaveLength(1);
    expect(await tick(flow, NOW + 7 * 60 * SECOND)).toEqual([]);
    expect((await due()).map(({ key }) => key)).toEqual([`etl.success@${late}`]);
  });

  it.each([
    ['all', ['1', '2', '3']],
    ['latest', ['3']],
    ['skip', ['3']],
  ] as const)('what happened while no service ran: missed %s', async (missed, expected) => {
    const flow = follower([flowEvent('etl', 'success')], missed);
    await tick(flow, NOW);
    const ids = [await ran('etl', NOW + HOUR), await ran('etl', NOW + 2 * HOUR)];
    const back = NOW + 10 * HOUR;
    // The third has only just ended: it is nothing that was missed.
    ids.push(await ran('etl', back - MISSED_AFTER_MS));
    await tick(flow, back);
    expect((await due()).map(({ key }) => key)).toEqual(expected.map((at) => `etl.success@${ids[Number(at) - 1]}`));
    await tick(flow, back + SECOND);
    expect(await due()).toHaveLength(expected.length);
  });

  it.each([
    ['all', 1],
    ['latest', 1],
    ['skip', 0],
  ] as const)('all of it was missed: %s', async (missed, count) => {
    const flow = follower([asset('orders')], missed);
    const other = follower([flowEvent('etl', 'success')], missed === 'all' ? 'latest' : missed, 'other');
    await one.addTriggered([flow, other], NOW);
    await ran('etl', NOW + HOUR, { renews: ['orders'] });
    await ran('etl', NOW + 2 * HOUR, { renews: ['orders'] });
    await one.addTriggered([flow, other], NOW + 5 * HOUR);
    expect([(await due()).length, (await due('other')).length]).toEqual([count, count]);
  });

  it('while paused nothing is added; then as missed says', async () => {
    const flow = follower([asset('orders'), flowEvent('etl', 'success')]);
    await tick(flow, NOW);
    await one.pause('report', NOW);
    await ran('etl', NOW + 1, { renews: ['orders'] });
    const last = await ran('etl', NOW + 2);
    expect(await tick(flow, NOW + HOUR)).toEqual([]);
    await one.pause('report', undefined);
    expect(await tick(flow, NOW + HOUR + SECOND)).toHaveLength(2);
    expect((await due()).map(({ key }) => key)).toEqual([expect.stringMatching(/^assets/), `etl.success@${last}`]);
  });

  it('S35: four services, each thing that happened once, none passed over', async () => {
    const services = [one, two, await ServiceRecord.open(place.record.heartbeat), await ServiceRecord.open(place.record.heartbeat)];
    const onEnd = follower([flowEvent('etl', 'success')], 'all', 'on-end');
    const onAsset = follower([asset('orders')], 'all', 'on-asset');
    const flows = [onEnd, onAsset];
    await one.addTriggered(flows, NOW);
    const ids: string[] = [];
    const rounds = 40;
    for (let round = 1; round <= rounds; round++) {
      const now = NOW + round * SECOND;
      const [run] = await Promise.all([ran('etl', now, { renews: ['orders'] }), ...services.map((service) => service.addTriggered(flows, now))]);
      ids.push(run);
    }
    const ticks = await Promise.all(services.map((service) => service.addTriggered(flows, NOW + (rounds + 1) * SECOND)));
    expect(ticks.length).toBe(4);
    const keys = (await due('on-end')).map(({ key }) => key);
    expect(keys.sort()).toEqual(ids.map((run) => `etl.success@${run}`).sort());
    const renewals = await due('on-asset');
    expect(new Set(renewals.map(({ key }) => key)).size).toBe(renewals.length);
    // The newest renewal has had its run, whoever came first.
    expect(renewals.flatMap(({ triggers = [] }) => triggers.map(({ run }) => run))).toContain(ids.at(-1));
    for (const service of services.slice(2)) await service[Symbol.asyncDispose]();
  });
});
