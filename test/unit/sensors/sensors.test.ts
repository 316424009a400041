import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ctx, every, Fail, flow, limit, param, sensor, sensorFor, task } from '../../../src/index.js';
import { eventsOf, failureOf, freshHome, gate, holdTime, inMemory, passUntil, recorded, turns } from '../engine/workbench.js';

let root = '';
beforeEach(() => {
  root = freshHome();
});
afterEach(() => void vi.useRealTimers());

/**
 * How long a task run took by the held clock, in milliseconds: from its first start to its last end. What passes until its run has ended says less:
 * the record lies on a disk, which keeps to no clock.
 */
async function took(run: string, taskRun: string): Promise<number> {
  vi.useRealTimers();
  const { attemptRows } = (await recorded(run)).task(taskRun);
  return (attemptRows.at(-1)?.finishedAt as number) - (attemptRows[0]?.startedAt as number);
}

/** Lets everything happen that needs no time, files and the record among it, until the run has come so far. */
async function begun(far: () => boolean): Promise<void> {
  while (!far()) await turns(1);
}

/** A run under a held clock: settled says whether it has ended. */
function watch<T>(result: Promise<T>): { settled: boolean; result: Promise<T> } {
  const watched = { settled: false, result };
  result.then(
    () => {
      watched.settled = true;
    },
    () => {
      watched.settled = true;
    },
  );
  return watched;
}

/** Says yes from the n-th poke on. */
function fromPoke(n: number): { poke: () => boolean; pokes: () => number } {
  let pokes = 0;
  return { poke: () => ++pokes >= n, pokes: () => pokes };
}

describe('sensor', () => {
  it('waits until the poke says yes; what depends on it runs after; its log has no line for each poke', async () => {
    inMemory();
    holdTime();
    const { poke, pokes } = fromPoke(100);
    const landed = sensor('landed', poke, { every: '30s' });
    const work = task(() => pokes(), { name: 'work' });
    const handle = flow('waits', () => work().after(landed())).start();
    const events = eventsOf(handle);
    const run = watch(handle.result());
    await begun(() => pokes() > 0);
    const passed = await passUntil(() => run.settled, 30_000);
    expect(await run.result).toBe(100);
    expect(passed).toBeGreaterThanOrEqual(99 * 30_000);
    vi.useRealTimers();
    const lines = (await events).filter(({ type }) => type === 'log').map(({ data }) => (data as { text: string }).text);
    expect(lines).toEqual([
      "waits for the condition of 'landed': it says not yet",
      expect.stringMatching(/^still waits for the condition of 'landed', after 10 m.* and 21 looks: it says not yet$/),
      expect.stringMatching(/^still waits .* after 20 m/),
      expect.stringMatching(/^still waits .* after 40 m/),
      expect.stringMatching(/^the condition of 'landed': waited 49 m/),
    ]);
    const running = (await events).find(({ node, data }) => node === 'landed#0' && (data as { state?: string }).state === 'running');
    expect(running?.data).toMatchObject({ waitsFor: "the condition of 'landed'" });
  });

  it('pokes with the arguments, in the scope of the task; async pokes; maps', async () => {
    const seen: string[] = [];
    const ready = sensor('ready', async (path: string, day: string) => seen.push(`${ctx().taskRunId} ${path} ${day}`) > 0, { every: '1s' });
    const paths = task(() => ['a', 'b'], { name: 'paths' });
    await flow('args', { params: { day: param({ default: 'mo' }) } }, async ({ day }) => ready.map(paths(), [day, day])).run();
    expect(seen.sort()).toEqual(['ready#0[0] a mo', 'ready#0[1] b mo']);
  });

  it('reschedule holds no slot between pokes, and takes one, and its limits, for each', async () => {
    holdTime();
    const held: string[] = [];
    const { poke, pokes } = fromPoke(3);
    const only = limit('sensor-reschedule', 1);
    const waits = sensor('waits', () => held.push('poke') > 0 && poke(), { every: '1m', limit: only });
    const other = task(() => void held.push('other'), { name: 'other', limit: only });
    const run = watch(flow('slots', { concurrency: 1 }, () => [waits(), other()]).run());
    await begun(() => pokes() > 0);
    await passUntil(() => held.includes('other'), 1);
    expect(held).toEqual(['poke', 'other']);
    await passUntil(() => run.settled, 10_000);
    await run.result;
    expect(held).toEqual(['poke', 'other', 'poke', 'poke']);
  });

  it('poll holds its slot between pokes', async () => {
    holdTime();
    const held: string[] = [];
    const { poke, pokes } = fromPoke(3);
    const waits = sensor('waits', () => held.push('poke') > 0 && poke(), { every: '1m', mode: 'poll' });
    const other = task(() => void held.push('other'), { name: 'other' });
    const run = watch(flow('slots', { concurrency: 1 }, () => [waits(), other()]).run());
    await begun(() => pokes() > 0);
    await passUntil(() => run.settled, 10_000);
    await run.result;
    expect(held).toEqual(['poke', 'poke', 'poke', 'other']);
  });

  it('a hundred that wait share few slots', async () => {
    holdTime();
    let open = false;
    let pokes = 0;
    const opens = sensor('opens', () => ++pokes > 0 && open, { every: '10s' });
    const seen = task(() => 1, { name: 'seen' });
    const run = watch(flow('many', { concurrency: 2 }, () => Array.from({ length: 100 }, () => seen().after(opens()))).run());
    await begun(() => pokes === 100);
    await passUntil(() => false, 10_000, 5);
    open = true;
    await passUntil(() => run.settled, 10_000);
    expect((await run.result).length).toBe(100);
  });

  it('out of time it ends as timed-out, and is not tried again: the time is that of all attempts', async () => {
    holdTime();
    let pokes = 0;
    const never = sensor(
      'never',
      () => {
        if (++pokes === 1) throw new Error('hiccup');
        return false;
      },
      { every: '10s', timeout: '1m', retries: { max: 3, delay: '20s' } },
    );
    const run = watch(failureOf(flow('late', () => never()).run()));
    await begun(() => pokes > 0);
    await passUntil(() => run.settled, 1_000);
    const [failure] = (await run.result).failures;
    expect(failure).toMatchObject({ code: 'TASK_TIMED_OUT', attempts: 2 });
    expect(failure!.cause).toMatchObject({
      code: 'SENSOR_TIMED_OUT',
      message: "'never#0' waited 60000 ms for the condition of 'never', in vain: it says not yet",
    });
    expect(await took('late/latest', 'never#0')).toBe(60_000);
    expect((await recorded('late/latest')).states).toEqual({ 'never#0': 'timed-out' });
  });

  it('its time passes also while it waits for a slot', async () => {
    holdTime();
    const { poke, pokes } = fromPoke(Number.POSITIVE_INFINITY);
    const done = gate();
    const waits = sensor('waits', poke, { every: '10s', timeout: '1m' });
    let hogs = false;
    const hog = task(
      async () => {
        hogs = true;
        await done.opened;
      },
      { name: 'hog' },
    );
    const run = watch(failureOf(flow('hogged', { concurrency: 1 }, () => [waits(), hog()]).run()));
    await begun(() => pokes() === 1 && hogs);
    await passUntil(() => false, 1_000, 61);
    done.open();
    await passUntil(() => run.settled, 1);
    const { failures } = await run.result;
    expect(failures.map(({ cause }) => (cause as Error).message)).toEqual([
      "'waits#0' waited 60000 ms for the condition of 'waits', in vain: all slots, or its limits, were taken",
    ]);
    expect(pokes()).toBe(1);
  });

  it('soft: out of time it is skipped, and what depends on it too', async () => {
    holdTime();
    const { poke, pokes } = fromPoke(Number.POSITIVE_INFINITY);
    const never = sensor('never', poke, { every: '10s', timeout: '1m', soft: true });
    const work = task(() => 1, { name: 'work' });
    const run = watch(flow('soft', () => [work().after(never()), task(() => 2, { name: 'other' })()]).run());
    await begun(() => pokes() > 0);
    await passUntil(() => run.settled, 1_000);
    expect(await run.result).toEqual([undefined, 2]);
    vi.useRealTimers();
    expect((await recorded('soft/latest')).states).toEqual({ 'never#0': 'skipped', 'work#0': 'skipped', 'other#0': 'success' });
  });

  it('a poke that throws is a failed attempt; Fail is not tried again; soft does not hide it', async () => {
    let pokes = 0;
    const flaky = sensor(
      'flaky',
      () => {
        if (++pokes < 3) throw new Error(`hiccup ${pokes}`);
        return true;
      },
      { every: '1s', retries: 2, soft: true },
    );
    await flow('flaky', () => flaky()).run();
    expect((await recorded('flaky/latest')).task('flaky#0')).toMatchObject({ state: 'success', attempts: 3 });
    const broken = sensor('broken', () => Promise.reject(new Fail('no way')), { every: '1s', retries: 2, soft: true });
    expect((await failureOf(flow('broken', () => broken()).run())).failures[0]).toMatchObject({ attempts: 1, cause: { message: 'no way' } });
  });

  it('a poke that hangs is given up when the time is up, and told by its signal', async () => {
    holdTime();
    let aborted: boolean | undefined;
    const hangs = sensor(
      'hangs',
      () =>
        new Promise<boolean>(() => {
          aborted = false;
          ctx().signal.addEventListener('abort', () => {
            aborted = true;
          });
        }),
      { every: '10s', timeout: '1m' },
    );
    const run = watch(failureOf(flow('hangs', () => hangs()).run()));
    await begun(() => aborted === false);
    await passUntil(() => run.settled, 1_000);
    expect((await run.result).failures[0]!.cause).toMatchObject({ code: 'SENSOR_TIMED_OUT' });
    expect(aborted).toBe(true);
    expect(await took('hangs/latest', 'hangs#0')).toBe(60_000);
  });

  it('a cancelled run ends at once: in a pause, in a poke, and while it waits for a slot', async () => {
    const { poke, pokes } = fromPoke(Number.POSITIVE_INFINITY);
    let hangs = false;
    const pausing = sensor('pausing', poke, { every: '1h' });
    const poking = sensor(
      'poking',
      () => {
        hangs = true;
        return new Promise<boolean>(() => {});
      },
      { every: '1h' },
    );
    const handle = flow('cancelled', { concurrency: 2 }, () => [pausing(), poking(), pausing()]).start();
    await begun(() => hangs && pokes() === 2);
    await handle.cancel();
    expect(await failureOf(handle.result())).toMatchObject({ code: 'RUN_CANCELLED' });
    expect(new Set(Object.values((await recorded(handle.id)).states))).toEqual(new Set(['cancelled']));
  });

  it('backs off: twice the pause each time, up to maxDelay', async () => {
    holdTime();
    const at: number[] = [];
    const began = Date.now();
    const slow = sensor('slow', () => at.push(Math.round((Date.now() - began) / 1_000)) >= 7, {
      every: '1s',
      backoff: 'exponential',
      maxDelay: '10s',
    });
    const run = watch(flow('slow', () => slow()).run());
    await begun(() => at.length > 0);
    await passUntil(() => run.settled, 250);
    await run.result;
    const pauses = at.slice(1).map((time, place) => time - (at[place] as number));
    expect(pauses).toEqual([1, 2, 4, 8, 10, 10]);
  });

  it('is never cached, whatever the flow says; a resumed run takes over that it has held', async () => {
    let pokes = 0;
    let isBroken = true;
    const poked = sensor('poked', () => ++pokes > 0, { every: '1s' });
    const work = task(
      () => {
        if (isBroken) throw new Error('broken');
        return 1;
      },
      { name: 'work' },
    );
    const { cache } = await import('../../../src/index.js');
    const f = flow('again', { cache: cache.default }, () => work().after(poked()));
    await failureOf(f.run());
    await failureOf(f.run());
    expect(pokes).toBe(2);
    isBroken = false;
    expect(await f.resume()).toBe(1);
    expect(pokes).toBe(2);
    expect((await recorded('again/latest')).states).toEqual({ 'poked#0': 'cached', 'work#0': 'success' });
    const preview = await f.preview();
    expect(preview.nodes.find(({ id }) => id === 'poked#0')).toMatchObject({
      state: 'pending',
      why: { kind: 'not-cached', detail: "it waits for the condition of 'poked'" },
    });
    expect(await f.visualize()).toContain('poked');
    expect(pokes).toBe(2);
  });

  it('refuses what it cannot be told', () => {
    const code = (value: string) => expect.objectContaining({ code: value });
    expect(() => sensor('a', () => true, {} as never)).toThrow(code('TASK_OPTION_INVALID'));
    expect(() => sensor('a', () => true, { every: 0 })).toThrow(code('TASK_OPTION_INVALID'));
    expect(() => sensor('a', () => true, { every: 'soon' as never })).toThrow(code('DURATION_INVALID'));
    expect(() => sensor('a', () => true, { every: '1s', mode: 'push' as never })).toThrow(code('TASK_OPTION_INVALID'));
    expect(() => sensor('a', () => true, { every: '1s', maxDelay: '1m' })).toThrow(code('TASK_OPTION_INVALID'));
    expect(() => sensor('a', () => true, { every: '1s', cache: false } as never)).toThrow(code('TASK_OPTION_INVALID'));
    expect(() => sensor('a/b', () => true, { every: '1s' })).toThrow(code('TASK_NAME_INVALID'));
    expect(() => sensor('a', 'x' as never, { every: '1s' })).toThrow(code('TASK_NOT_A_FUNCTION'));
    const good = sensor('good', () => true, { every: '1s' });
    expect(() => good.with({ persist: false })).toThrow(code('TASK_OPTION_INVALID'));
    expect(() => good.external()).toThrow(code('TASK_OPTION_INVALID'));
    expect(() => good.fn()).toThrow(code('SENSOR_NOT_CALLABLE'));
  });

  it('with(): its timeout is that of the wait', async () => {
    holdTime();
    const { poke, pokes } = fromPoke(Number.POSITIVE_INFINITY);
    const never = sensor('never', poke, { every: '10s' }).with({ timeout: '30s', name: 'renamed' });
    const run = watch(failureOf(flow('with', () => never()).run()));
    await begun(() => pokes() > 0);
    await passUntil(() => run.settled, 1_000);
    expect((await run.result).failures[0]).toMatchObject({ taskRunId: 'renamed#0' });
    expect(await took('with/latest', 'renamed#0')).toBe(30_000);
  });
});

describe('sensorFor.time and duration', () => {
  it('wait for a moment, counted from the scheduled time, and hold no slot', async () => {
    holdTime();
    const order: string[] = [];
    const began = Date.now();
    const note = task((what: string) => void order.push(`${what} ${Math.round((Date.now() - began) / 1_000)}`), { name: 'note' });
    const scheduledTime = new Date(began - 60_000);
    const f = flow('times', { concurrency: 1 }, () => [
      note('fixed').after(sensorFor.time(new Date(began + 90_000))()),
      note('function').after(sensorFor.time(({ scheduledTime: at }) => new Date(at.getTime() + 100_000), { name: 'wait_a_while' })()),
      note('duration').after(sensorFor.duration('2m')()),
      note('past').after(sensorFor.time(new Date(0))()),
    ]);
    const run = watch(f.run({}, { scheduledTime }));
    await begun(() => order.length > 0);
    await passUntil(() => run.settled, 1_000);
    await run.result;
    expect(order).toEqual(['past 0', 'function 40', 'duration 60', 'fixed 90']);
  });

  it('a wait of 40 days is longer than a timer can hold', async () => {
    inMemory();
    holdTime();
    const day = 86_400_000;
    const began = Date.now();
    const days: number[] = [];
    const note = task(() => void days.push((Date.now() - began) / day), { name: 'note' });
    const far = watch(flow('far', () => [note(), note().after(sensorFor.time(new Date(began + 40 * day))())]).run());
    await begun(() => days.length === 1);
    await passUntil(() => far.settled, day / 4);
    await far.result;
    expect(days).toEqual([0, 40]);
    const { poke, pokes } = fromPoke(2);
    const rareBegan = Date.now();
    const rare = watch(flow('rare', () => note().after(sensor('rare', poke, { every: '30d' })())).run());
    await begun(() => pokes() > 0);
    await passUntil(() => rare.settled, day / 4);
    await rare.result;
    expect(days.at(-1)).toBe((rareBegan - began) / day + 30);
  });

  it('a function that gives no time fails, and by retries', async () => {
    const odd = sensorFor.time(() => new Date(Number.NaN));
    expect((await failureOf(flow('odd', () => odd()).run())).failures[0]!.cause).toMatchObject({ code: 'SENSOR_TIME_INVALID' });
    expect(() => sensorFor.time('tomorrow' as never)).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
  });

  it('Airflow: every day, wait a second after the scheduled time, then go on', async () => {
    const waitASecond = sensorFor.time(({ scheduledTime }) => new Date(scheduledTime.getTime() + 1000), { name: 'wait_a_second' });
    const printDate = task(() => 'a date', { name: 'print_date' });
    const anatomy = flow('anatomy_of_a_dag', { dependsOnPast: false, schedule: every('1d', { start: new Date('2018-01-08') }), missed: 'all' }, () =>
      printDate().after(waitASecond()),
    );
    expect(await anatomy.run({}, { scheduledTime: new Date('2018-01-08') })).toBe('a date');
    expect((await recorded('anatomy_of_a_dag/latest')).states).toEqual({ 'wait_a_second#0': 'success', 'print_date#0': 'success' });
  });
});

describe('sensorFor.file', () => {
  it('gives a FileRef when the file is there, whose content counts for what comes after', async () => {
    const dir = mkdtempSync(join(root, 'in-'));
    const path = join(dir, 'data.csv');
    const arrived = sensorFor.file(path, { every: 5, name: 'arrived' });
    const size = task(async (file: import('../../../src/index.js').FileRef) => `${file.bytes} ${await file.text()}`, { name: 'size' });
    const handle = flow('file', () => size(arrived())).start();
    const events = handle.events();
    const result = handle.result();
    for await (const { type } of events) if (type === 'log') break;
    writeFileSync(path, 'a,b');
    expect(await result).toBe('3 a,b');
    expect(() => sensorFor.file('')).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
    expect(sensorFor.file('a/b[1].csv').taskName).toBe('file a_b_1_.csv');
  });
});
