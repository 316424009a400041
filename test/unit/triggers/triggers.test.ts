import { beforeEach, describe, expect, it } from 'vitest';
import { FLOW, type FlowInside } from '../../../src/flow/flow.js';
import { asset, cache, ctx, type Flow, flow, flowRef, type RunTrigger, task } from '../../../src/index.js';
import { ServiceRecord } from '../../../src/runs/service/service-record.js';
import type { TriggeredFlow } from '../../../src/runs/service/triggered.js';
import { openProject } from '../../../src/runtime/project.js';
import { failureOf, freshHome, recorded } from '../engine/workbench.js';

beforeEach(() => void freshHome());

const definitionOf = (of: unknown) => (of as { readonly [FLOW]: FlowInside })[FLOW].definition;
// biome-ignore lint/suspicious/noExplicitAny: flows of every signature
const following = (of: Flow<any, any>): TriggeredFlow => {
  const { name, on, missed } = definitionOf(of);
  // As a service has it: by way of JSON.
  return JSON.parse(JSON.stringify({ flow: name, on, missed })) as TriggeredFlow;
};

async function withServices<T>(job: (services: ServiceRecord) => Promise<T>): Promise<T> {
  await using project = await openProject();
  await using services = await ServiceRecord.open(project.record.heartbeat);
  return await job(services);
}

describe('flows that run because of others', () => {
  it('a task that ends in success renews its assets; a reused or failed one does not; the run knows why it runs', async () => {
    let isBroken = false;
    const load = task(
      (day: string) => {
        if (isBroken) throw new Error('broken');
        return `orders of ${day}`;
      },
      { name: 'load', version: '1', cache: cache.default, renews: [asset('orders'), asset('rows/of: all')] },
    );
    const etl = flow('etl', { params: {} }, () => load(new Date().toISOString().slice(0, 1)));
    const broken = flow('broken', () => load('other'));
    let seen: readonly RunTrigger[] = [];
    const read = task(
      () => {
        seen = ctx().triggers;
        return seen.length;
      },
      { name: 'read' },
    );
    const report = flow('report', { on: asset('orders') }, () => {
      expect(ctx().triggers.length).toBeLessThanOrEqual(1);
      return read();
    });
    const now = (): number => Date.now();
    await withServices(async (services) => {
      await services.addTriggered([following(report)], now());
      const handle = etl.start();
      await handle.result();
      const [run] = await services.addTriggered([following(report)], now());
      const [due] = await services.due({ flow: 'report' });
      expect(due).toMatchObject({ run, cause: 'asset', tags: ['on:orders'] });
      expect(await report.start({}, { due } as object).result()).toBe(1);
      const { artifacts } = (await recorded(handle.id)).task('load#0');
      expect(seen).toEqual([
        {
          kind: 'asset',
          asset: 'orders',
          flow: 'etl',
          run: handle.id,
          task: 'load#0',
          digest: artifacts[0]?.ref.valueDigest,
          at: expect.any(Number),
        },
      ]);
      expect((await recorded(run as string)).run).toMatchObject({ cause: 'asset' });
      await etl.run();
      expect((await recorded('etl/latest')).states).toEqual({ 'load#0': 'cached' });
      isBroken = true;
      await failureOf(broken.run());
      expect(await services.addTriggered([following(report)], now())).toEqual([]);
    });
    expect(await report.run()).toBe(0);
  });

  it('runs of other flows, by the flow and by its name', async () => {
    const work = task(
      (ok: boolean) => {
        if (!ok) throw new Error('broken');
      },
      { name: 'work' },
    );
    const etl = flow('etl', () => work(true));
    const bad = flow('bad', () => work(false));
    const after = flow('after', { on: [etl.success, flowRef('bad').failure, bad.with({}).finished], missed: 'all' }, () => ctx().triggers);
    expect(definitionOf(after).on).toEqual([
      { kind: 'flow', flow: 'etl', end: 'success' },
      { kind: 'flow', flow: 'bad', end: 'failure' },
      { kind: 'flow', flow: 'bad', end: 'finished' },
    ]);
    await withServices(async (services) => {
      await services.addTriggered([following(after)], Date.now() - 1_000);
      await etl.run();
      await failureOf(bad.run());
      expect(await services.addTriggered([following(after)], Date.now())).toHaveLength(3);
      const [due] = await services.due({ flow: 'after' });
      const triggers = await after.start({}, { due } as object).result();
      expect(triggers).toEqual([{ kind: 'flow', flow: 'etl', run: (await recorded('etl/latest')).run.id, state: 'success', at: expect.any(Number) }]);
    });
  });

  it('assets are renewed by maps and by variants of tasks', async () => {
    const part = task((n: number) => n, { name: 'part' }).with({ renews: asset('parts') });
    const parts = flow('parts', () => part.map([1, 2]));
    const report = flow('report', { on: asset('parts') }, () => 1);
    await withServices(async (services) => {
      await services.addTriggered([following(report)], Date.now());
      await parts.run();
      expect(await services.addTriggered([following(report)], Date.now())).toHaveLength(1);
      expect((await services.due())[0]?.triggers).toMatchObject([{ task: expect.stringMatching(/^part#0\[[01]\]$/) }]);
    });
  });

  it('refuses what is none', () => {
    const code = (value: string) => expect.objectContaining({ code: value });
    expect(() => asset('')).toThrow(code('ASSET_INVALID'));
    expect(() => asset(7 as never)).toThrow(code('ASSET_INVALID'));
    expect(() => flow('a', { on: 'orders' as never }, () => 1)).toThrow(code('FLOW_OPTION_INVALID'));
    expect(() => task(() => 1, { name: 'a', renews: 'orders' as never })).toThrow(code('TASK_OPTION_INVALID'));
  });
});

describe('S7: startChild', () => {
  it('a child stands for the time of its parent; a waiting parent holds no slot', async () => {
    const times = task(() => [ctx().scheduledTime.toISOString(), ctx().dataInterval.start.toISOString()], { name: 'times' });
    const child = flow('child', () => times());
    const parent = flow('parent', { concurrency: 1 }, () => [child.startChild(), child.startChild({}, { wait: false }), times()]);
    const at = '2026-03-01T06:00:00.000Z';
    const from = '2026-02-28T06:00:00.000Z';
    const result = await parent.run({}, { dataInterval: { start: new Date(from), end: new Date(at) } });
    expect([result[0], result[2]]).toEqual([
      [at, from],
      [at, from],
    ]);
    const byHand = (await recorded('parent/latest')).run;
    expect(byHand.scheduled).toEqual({ at: Date.parse(at), from: Date.parse(from) });
    expect((await recorded('child/latest')).run.scheduled).toEqual(byHand.scheduled);
  });
});
