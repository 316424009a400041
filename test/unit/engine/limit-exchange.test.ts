import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Dispatch } from '../../../src/engine/dispatch.js';
import { LimitExchange } from '../../../src/engine/limit-exchange.js';
import { LimitRegistry } from '../../../src/engine/limit-registry.js';
import { limit } from '../../../src/model/concurrency-limit.js';
import type { RunRow } from '../../../src/model/records.js';
import { LimitRecord } from '../../../src/runs/limits/limit-record.js';
import type { RunRecord } from '../../../src/runs/run-record.js';
import { openSqliteRecord } from '../../../src/runs/sqlite/sqlite-record.js';
import { HeldClock } from '../../fixtures/engine/held-clock.js';

let folder: string;
let runs: RunRecord;
let shared: LimitRecord;
let clock: HeldClock;
const exchanges: LimitExchange[] = [];

beforeEach(async () => {
  clock = new HeldClock(1_800_000_000_000);
  folder = await mkdtemp(join(tmpdir(), 'millrace-exchange-'));
  runs = await openSqliteRecord({ path: join(folder, 'record.db') });
  if (runs.heartbeat === undefined) throw new Error('expected a record that can be shared');
  shared = await LimitRecord.open(runs.heartbeat, { now: () => clock.now() });
});

afterEach(async () => {
  await Promise.all(exchanges.splice(0).map((exchange) => exchange.close()));
  await shared[Symbol.asyncDispose]();
  await runs[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function runRow(id: string): RunRow {
  const owner = { host: 'elsewhere', bootId: 'b', pidNamespace: 'n', pid: 1, pidStarted: '1' };
  const none = { name: undefined, finishedAt: undefined, error: undefined, parentRun: undefined, originRun: undefined, result: undefined };
  return { id, flow: 'etl', state: 'running', params: {}, tags: [], createdAt: 0, startedAt: 0, owner, epoch: 1, counts: {}, ...none };
}

/** A process with one run of its own. */
async function processOf(run: string, slots = 100) {
  await runs.open(runRow(run));
  const asked = { times: 0, failures: 0 };
  const warnings: string[] = [];
  const out: number[] = [];
  const exchange = new LimitExchange({
    connect: async () => ({
      exchange: async (holder, request) => {
        asked.times++;
        if (asked.failures-- > 0) throw new Error('the database has a hiccup');
        return await shared.exchange(holder, request);
      },
      leave: shared.leave.bind(shared),
      [Symbol.asyncDispose]: async () => {},
    }),
    look: async (held) => {
      const found = await Promise.all(held.map((id) => runs.run(id)));
      return found.some((row) => row?.state === 'crashed');
    },
    clock,
    random: () => 0.5,
  });
  exchanges.push(exchange);
  const turn = (): void => {
    for (let node = dispatch.next(); node !== undefined; node = dispatch.next()) out.push(node);
  };
  const dispatch = new Dispatch({
    slots,
    clock,
    limits: new LimitRegistry(exchange),
    owner: { run, epoch: 1 },
    wake: turn,
    warn: (text) => warnings.push(text),
    nameOf: (node) => `train#${node}`,
  });
  return {
    out,
    asked,
    warnings,
    dispatch,
    turn,
    add(node: number, limits: Parameters<Dispatch['add']>[2], priority = 0): void {
      dispatch.add(node, priority, limits);
      turn();
    },
    end(node: number): void {
      out.splice(out.indexOf(node), 1);
      dispatch.release(node);
      turn();
    },
  };
}

async function rest(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise<void>((done) => setImmediate(done));
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    clock.advance(Math.min(left, 10));
    await rest();
  }
}

const gpu = [limit('gpu', 2)];

describe('S14 one process and the record', () => {
  it('S14: alone it asks once, and then a few times in a second, however many task runs go by', async () => {
    const one = await processOf('one');
    for (let node = 0; node < 1_000; node++) one.dispatch.add(node, 0, gpu);
    one.turn();
    await rest();
    expect(one.out).toEqual([0, 1]);
    for (let node = 0; node < 900; node++) one.end(node);
    expect(one.out).toEqual([900, 901]);
    await rest();
    expect(one.asked.times).toBeLessThanOrEqual(2);
    await pass(1_000);
    expect(one.asked.times).toBeLessThanOrEqual(14);
  });

  it('S14: with nothing more to do it gives back what it has, and asks no more', async () => {
    const one = await processOf('one');
    one.add(1, gpu);
    await rest();
    one.end(1);
    await pass(300);
    expect(await shared.inUse()).toEqual([]);
    const { times } = one.asked;
    await pass(2_000);
    expect(one.asked.times).toBe(times);
    expect(clock.timers).toBe(0);
  });

  it('S14: a run without a slot asks for nothing, and goes on when it has one', async () => {
    const one = await processOf('one', 1);
    one.add(1, gpu);
    one.add(2, gpu);
    await rest();
    const [listed] = await shared.inUse();
    expect([one.out, listed?.used]).toEqual([[1], 1]);
    await pass(200);
    one.end(1);
    await pass(100);
    expect(one.out).toEqual([2]);
  });

  it('S14: between two processes the highest priority goes first, then who came first', async () => {
    const [one, two] = [await processOf('one'), await processOf('two')];
    const single = [limit('single', 1)];
    one.add(1, single);
    await rest();
    one.add(2, single);
    await pass(20);
    two.add(3, single);
    two.add(4, single, 1);
    await pass(300);
    one.end(1);
    await pass(100);
    expect([one.out, two.out]).toEqual([[], [4]]);
    two.end(4);
    await pass(300);
    expect([one.out, two.out]).toEqual([[2], []]);
    one.end(2);
    await pass(300);
    expect([one.out, two.out]).toEqual([[], [3]]);
  });

  it('S14: who holds nothing up any more is not waited for: several limits at once hold no process for ever', async () => {
    const [one, two] = [await processOf('one'), await processOf('two')];
    const [a, b] = [limit('a', 1), limit('b', 1)];
    one.add(1, [a]);
    two.add(1, [b]);
    await rest();
    one.add(2, [a, b]);
    two.add(2, [b, a]);
    await pass(300);
    one.end(1);
    two.end(1);
    const ended: number[] = [];
    for (let turn = 0; turn < 20 && ended.length < 2; turn++) {
      await pass(100);
      for (const each of [one, two])
        if (each.out[0] !== undefined) {
          ended.push(each.out[0]);
          each.end(each.out[0]);
        }
    }
    expect(ended).toEqual([2, 2]);
  });

  it('S31: when the run that holds units has crashed, who waits goes on at the next look', async () => {
    const [one, two] = [await processOf('one'), await processOf('two')];
    one.add(1, gpu);
    one.add(2, gpu);
    await rest();
    two.add(3, gpu);
    await pass(600);
    expect(two.out).toEqual([]);
    await runs.append({ run: 'one', epoch: 1, change: { state: 'crashed', finishedAt: clock.now() } });
    await pass(300);
    expect(two.out).toEqual([3]);
    // The one that was taken comes back: it gets nothing more.
    one.end(1);
    one.add(4, gpu);
    await pass(600);
    expect(one.out).toEqual([2]);
  });

  it('S14: a record that has a hiccup is asked again', async () => {
    const one = await processOf('one');
    one.asked.failures = 2;
    one.add(1, [limit('api', 1, { per: '1s' })]);
    await pass(600);
    expect(one.out).toEqual([1]);
    one.add(2, [limit('api', 1, { per: '1s' })]);
    one.asked.failures = 1;
    await pass(500);
    expect(one.out).toEqual([1]);
    await pass(700);
    expect(one.out).toEqual([1, 2]);
  });

  it('S14: another number in a later process counts from then on, and its log says so once', async () => {
    const [one, two] = [await processOf('one'), await processOf('two')];
    one.add(1, gpu);
    one.add(2, gpu);
    await pass(50);
    const three = [limit('gpu', 3)];
    two.add(3, three);
    two.add(4, three);
    await pass(300);
    expect([one.out, two.out]).toEqual([[1, 2], [3]]);
    expect(two.warnings).toEqual(["limit 'gpu' is 2 at once for another process, and 3 at once here: from now on it is 3 at once for both"]);
    expect(one.warnings).toEqual([]);
  });

  it('S14: the record knows which task runs have units', async () => {
    const one = await processOf('one');
    one.add(7, gpu);
    await rest();
    await pass(150);
    expect((await shared.inUse())[0]?.holders).toEqual([{ run: 'one', taskRuns: ['train#7'] }]);
  });
});
