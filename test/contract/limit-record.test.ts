import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunRow } from '../../src/model/records.js';
import { LimitRecord } from '../../src/runs/limits/limit-record.js';
import type { Asked, LimitAnswer, LimitRequest } from '../../src/runs/limits/limit-request.js';
import { databases, type RecordPlace } from '../fixtures/runs/databases.js';
import { runElsewhere } from '../fixtures/runs/rows.js';

const NOW = 1_800_000_000_000;

const GPU = { name: 'gpu', max: 2 };

function asked(parts: Partial<Asked> = {}): Asked {
  return { priority: 0, agoMs: 0, count: 1, units: 1, ...parts };
}

describe.each(databases('limits'))('limit record in $kind', ({ make }) => {
  let place: RecordPlace;
  let one: LimitRecord;
  let two: LimitRecord;
  let now: number;

  beforeEach(async () => {
    now = NOW;
    place = await make();
    const { heartbeat } = place.record;
    if (heartbeat === undefined) throw new Error('expected a record that can be shared');
    one = await LimitRecord.open(heartbeat, { now: () => now });
    two = await LimitRecord.open(heartbeat, { now: () => now });
    for (const run of ['a', 'b', 'c']) await place.record.open(runElsewhere({ id: run, createdAt: NOW, epoch: 1 }));
  });

  afterEach(async () => {
    await one[Symbol.asyncDispose]();
    await two[Symbol.asyncDispose]();
    await place.record[Symbol.asyncDispose]();
    await place.cleanUp();
  });

  /** A process with one run of its own; `b` has the other connection. */
  function ask(run: string, parts: Partial<LimitRequest> = {}): Promise<LimitAnswer> {
    const uses = [{ run, epoch: 1, holds: (parts.inUse ?? 0) > 0 ? ['train#0'] : [], waits: 0, priority: 0, agoMs: 0 }];
    const request = { meaning: GPU, saidAgoMs: 0, inUse: 0, started: [], demand: [], uses, ...parts };
    return (run === 'b' ? two : one).exchange(`process of ${run}`, request);
  }

  async function end(run: string, state: RunRow['state'] = 'success'): Promise<void> {
    await place.record.append({ run, epoch: 1, change: { state, finishedAt: now } });
  }

  it('S14: gives what is free, and no more, to whichever process', async () => {
    expect((await ask('a', { demand: [asked({ count: 5 })] })).granted).toBe(2);
    expect(await ask('b', { demand: [asked()] })).toMatchObject({ granted: 0, isContended: true, isNext: false, heldBy: ['a'] });
    await ask('a', { inUse: 1 });
    expect((await ask('b', { demand: [asked()] })).granted).toBe(1);
    expect((await ask('a', { inUse: 1, demand: [asked()] })).granted).toBe(0);
  });

  it('S14: of all that ask at once, no more get something than there is', async () => {
    const answers = await Promise.all(['a', 'b', 'c'].map((run) => ask(run, { demand: [asked({ count: 2 })] })));
    expect(answers.reduce((sum, { granted }) => sum + granted, 0)).toBe(2);
  });

  it('S14: what is given back goes to the highest priority, then to who came first', async () => {
    await ask('a', { demand: [asked({ count: 2 })] });
    await ask('a', { inUse: 2 });
    await ask('b', { demand: [asked({ agoMs: 50 })] });
    await ask('c', { demand: [asked({ priority: 1 })] });
    await ask('a', { inUse: 1, demand: [asked({ agoMs: 100 })] });
    expect(await ask('b', { demand: [asked({ agoMs: 60 })] })).toMatchObject({ granted: 0, isNext: false });
    expect((await ask('c', { demand: [asked({ priority: 1 })] })).granted).toBe(1);
    await ask('c', { inUse: 1 });
    await ask('a', { inUse: 0 });
    expect((await ask('b', { demand: [asked({ agoMs: 60 })] })).granted).toBe(1);
  });

  it('S14: what one has and does not use goes to who comes before it', async () => {
    expect((await ask('a', { demand: [asked({ count: 2 })] })).granted).toBe(2);
    await ask('b', { demand: [asked({ priority: 1 })] });
    expect((await ask('a', { inUse: 1, demand: [asked()] })).granted).toBe(0);
    expect((await ask('b', { demand: [asked({ priority: 1 })] })).granted).toBe(1);
  });

  it('S14: who has stopped asking is not waited for', async () => {
    await ask('a', { demand: [asked({ count: 2 })] });
    await ask('b', { demand: [asked({ priority: 9 })] });
    await ask('a', { inUse: 1, demand: [asked()] });
    now += 1_500;
    expect((await ask('c', { demand: [asked()] })).granted).toBe(1);
  });

  it('S14: several units are given together, and not passed by for ever', async () => {
    const memory = { meaning: { name: 'memory', max: 4 } };
    await ask('a', { ...memory, demand: [asked({ count: 3 })] });
    await ask('a', { ...memory, inUse: 3 });
    expect((await ask('b', { ...memory, demand: [asked({ units: 3, agoMs: 10 })] })).granted).toBe(0);
    expect((await ask('c', { ...memory, demand: [asked()] })).granted).toBe(0);
    await ask('a', { ...memory, inUse: 1 });
    expect((await ask('b', { ...memory, demand: [asked({ units: 3, agoMs: 10 })] })).granted).toBe(3);
    expect((await ask('c', { ...memory, demand: [asked()] })).granted).toBe(0);
  });

  it('S31: the units of a run that has ended, or was taken from its owner, come back', async () => {
    await ask('a', { demand: [asked({ count: 2 })] });
    await ask('a', { inUse: 2 });
    await end('a', 'crashed');
    expect(await ask('b', { demand: [asked()] })).toMatchObject({ granted: 1, isContended: false });
    // It comes back late: what it says to have is not its own, and it gets nothing.
    expect((await ask('a', { inUse: 2, demand: [asked({ priority: 9 })] })).granted).toBe(0);
    expect((await ask('c', { demand: [asked()] })).granted).toBe(1);
    await ask('a', { inUse: 0 });
    expect((await ask('c', { inUse: 1, demand: [asked()] })).granted).toBe(0);
  });

  it('S31: a process goes on as long as one of its runs does', async () => {
    const use = (run: string) => ({ run, epoch: 1, holds: [], waits: 1, priority: 0, agoMs: 0 });
    const uses = [use('a'), use('c')];
    await ask('a', { demand: [asked({ count: 2 })], uses });
    await ask('a', { inUse: 2, uses });
    await end('a');
    expect((await ask('b', { demand: [asked()] })).granted).toBe(0);
    await end('c');
    expect((await ask('b', { demand: [asked()] })).granted).toBe(1);
  });

  it('S31: a run whose epoch was raised has nothing', async () => {
    expect((await ask('a', { demand: [asked()], uses: [{ run: 'a', epoch: 0, holds: [], waits: 1, priority: 0, agoMs: 0 }] })).granted).toBe(0);
  });

  it('S14: a rate is never exceeded, in whichever process its starts are', async () => {
    const api = { meaning: { name: 'api', max: 3, periodMs: 1_000 } };
    expect((await ask('a', { ...api, demand: [asked({ count: 9 })] })).granted).toBe(3);
    // Allowed and not yet made: it counts.
    expect((await ask('b', { ...api, demand: [asked()] })).granted).toBe(0);
    now += 100;
    await ask('a', { ...api, started: [50, 0] });
    expect((await ask('b', { ...api, demand: [asked({ count: 9 })] })).granted).toBe(1);
    expect(await ask('b', { ...api, started: [0], demand: [asked()] })).toMatchObject({ granted: 0, opensIn: 950 });
    now += 949;
    expect((await ask('b', { ...api, demand: [asked()] })).granted).toBe(0);
    now += 1;
    expect((await ask('b', { ...api, demand: [asked({ count: 9 })] })).granted).toBe(1);
  });

  it('S14: starts that somebody was allowed and could not tell of any more count', async () => {
    const api = { meaning: { name: 'api', max: 3, periodMs: 1_000 } };
    await ask('a', { ...api, demand: [asked({ count: 3 })] });
    now += 100;
    await end('a', 'crashed');
    now += 500;
    expect((await ask('b', { ...api, demand: [asked()] })).granted).toBe(0);
    now += 500;
    expect((await ask('b', { ...api, demand: [asked()] })).granted).toBe(1);
  });

  it('S14: what a process was allowed to start counts for its period, also when it leaves without telling of it', async () => {
    const api = { meaning: { name: 'api', max: 2, periodMs: 1_000 } };
    expect((await ask('a', { ...api, demand: [asked({ count: 2 })] })).granted).toBe(2);
    await end('a');
    await one.leave('process of a');
    now += 500;
    expect((await ask('b', { ...api, demand: [asked()] })).granted).toBe(0);
    now += 500;
    expect((await ask('b', { ...api, demand: [asked()] })).granted).toBe(1);
  });

  it('S14: a number at once and a number per period are two limits', async () => {
    await ask('a', { demand: [asked({ count: 2 })] });
    expect((await ask('b', { meaning: { ...GPU, periodMs: 1_000 }, demand: [asked()] })).granted).toBe(1);
  });

  it('S14: of two meanings the later one counts, and only who changes it is told', async () => {
    expect(await ask('a', { saidAgoMs: 5_000, demand: [asked({ count: 2 })] })).toMatchObject({ granted: 2, changedFrom: undefined });
    const three = { meaning: { name: 'gpu', max: 3 }, saidAgoMs: 1_000 };
    expect(await ask('b', { ...three, demand: [asked({ count: 9 })] })).toMatchObject({ granted: 1, changedFrom: GPU });
    expect(await ask('b', { ...three, inUse: 1 })).toMatchObject({ changedFrom: undefined });
    expect(await ask('a', { saidAgoMs: 5_000, inUse: 1 })).toMatchObject({ meaning: { max: 3 }, changedFrom: undefined });
    // Alone, it means what it says.
    await ask('b', three);
    expect(await ask('a', { saidAgoMs: 5_000, inUse: 1, demand: [asked({ count: 9 })] })).toMatchObject({ granted: 1, meaning: { max: 2 } });
  });

  it('tells who has what, and who waits', async () => {
    expect(await one.inUse()).toEqual([]);
    await ask('a', { demand: [asked({ count: 2 })] });
    await ask('a', { inUse: 2 });
    const uses = [{ run: 'b', epoch: 1, holds: [], waits: 4, priority: 2, agoMs: 30 }];
    await ask('b', { demand: [asked({ priority: 2, agoMs: 30 })], uses });
    expect(await one.inUse()).toEqual([
      {
        ...GPU,
        periodMs: undefined,
        used: 2,
        holders: [{ run: 'a', taskRuns: ['train#0'] }],
        waiting: [{ run: 'b', count: 4, priority: 2, since: NOW - 30 }],
      },
    ]);
    await end('a');
    expect((await one.inUse())[0]).toMatchObject({ used: 0, holders: [] });
    await two.leave('process of b');
    expect(await one.inUse()).toEqual([]);
  });
});
