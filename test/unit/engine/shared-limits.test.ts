import { beforeEach, describe, expect, it } from 'vitest';
import { Dispatch } from '../../../src/engine/dispatch.js';
import { LimitRegistry, processLimits } from '../../../src/engine/limit-registry.js';
import { flow, limit, task } from '../../../src/index.js';
import type { LogLine } from '../../../src/model/event.js';
import { HeldClock } from '../../fixtures/engine/held-clock.js';
import { eventsOf, eventually, failureOf, gate, inMemory, turns } from './workbench.js';

beforeEach(inMemory);

/** Counts how many are inside at the same time. */
class Crowd {
  inside = 0;
  most = 0;

  readonly visit = async (until: () => Promise<void> = () => turns(3)): Promise<void> => {
    this.most = Math.max(this.most, ++this.inside);
    await until();
    this.inside--;
  };
}

describe('S14 one limit, several runs of a process', () => {
  it('S14: runs side by side share it', async () => {
    const crowd = new Crowd();
    const busy = task((_: number) => crowd.visit(), { name: 'busy', limit: limit('gpu', 2) });
    const each = flow('side by side', () => void [1, 2, 3, 4].map((n) => busy(n)));
    await Promise.all([each.run(), each.run(), each.run()]);
    expect(crowd.most).toBe(2);
  });

  it('S14: so do sub-flows, runs of their own, and tasks called outside any flow', async () => {
    const crowd = new Crowd();
    const busy = task((_: number) => crowd.visit(), { name: 'busy', limit: limit('gpu', 1) });
    const inner = flow('inner', () => void busy(1));
    const outer = flow('outer', () => {
      inner.asTask()();
      inner.startChild();
      inner.startChild();
      busy(2);
    });
    await Promise.all([outer.run(), busy(3), busy(4)]);
    expect(crowd.most).toBe(1);
  });

  it('S14: a run that is cancelled while it waits leaves the queue, and one that is cancelled while it holds gives back', async () => {
    const [started, never] = [gate(), gate()];
    const one = limit('one', 1);
    const hold = task(
      async () => {
        started.open();
        await never.opened;
      },
      { name: 'hold', limit: one },
    );
    const quick = task((n: number) => n, { name: 'quick', limit: one });
    const holding = flow('holding', () => hold()).start({}, { graceMs: 1 } as object);
    await started.opened;
    const waiting = flow('waiting', () => quick(1)).start();
    const last = flow('last', () => quick(2)).start();
    await turns();
    const ended = [failureOf(holding.result()), failureOf(waiting.result())];
    await waiting.cancel('not needed');
    await holding.cancel('enough');
    await Promise.all(ended);
    expect(await last.result()).toBe(2);
  });

  it("S14: a map's own concurrency is its own", async () => {
    const crowd = new Crowd();
    const busy = task((_: number) => crowd.visit(), { name: 'busy' });
    const each = flow('maps', () => void busy.mapWith({ concurrency: 1 })([1, 2, 3]));
    await Promise.all([each.run(), each.run()]);
    expect(crowd.most).toBe(2);
  });

  it('S14: another number in a later run counts from then on, and its log says so', async () => {
    const crowd = new Crowd();
    const leave = gate();
    const [first, later] = [limit('gpu', 1), limit('gpu', 3)];
    const narrow = task((_: number) => crowd.visit(() => leave.opened), { name: 'narrow', limit: first });
    const wide = task((_: number) => crowd.visit(() => leave.opened), { name: 'wide', limit: later });
    const one = flow('narrow', () => void [1, 2, 3, 4, 5, 6].map((n) => narrow(n))).run();
    await eventually(() => expect(crowd.inside).toBe(1));
    await turns(4);
    expect(crowd.most).toBe(1);
    const handle = flow('wide', () => void [1, 2].map((n) => wide(n))).start({}, { echo: false } as object);
    const telling = eventsOf(handle);
    await eventually(() => expect(crowd.inside).toBe(3));
    await turns(4);
    leave.open();
    const events = await telling;
    await one;
    expect(crowd.most).toBe(3);
    const lines = events.filter(({ type }) => type === 'log').map(({ data }) => (data as LogLine).text);
    expect(lines).toEqual(["limit 'gpu' is 1 at once for another run of this process, and 3 at once here: from now on it is 3 at once for both"]);
    crowd.most = 0;
    const alone = task((_: number) => crowd.visit(), { name: 'alone', limit: first });
    await flow('alone', () => void [1, 2, 3].map((n) => alone(n))).run();
    expect(crowd.most).toBe(1);
  });

  it('S14: nothing is remembered of limits that nobody uses', () => {
    const seen = processLimits();
    for (const name of ['one', 'gpu']) expect(seen.inUse(limit(name, 1), 0)).toBeUndefined();
  });
});

describe('S14 two ready queues, one registry', () => {
  function queues(slots = [9, 9]) {
    const clock = new HeldClock();
    const limits = new LimitRegistry();
    const woken: string[] = [];
    const make = (name: string, at: number) => new Dispatch({ slots: slots[at] as number, clock, limits, wake: () => woken.push(name) });
    return { clock, woken, a: make('a', 0), b: make('b', 1) };
  }
  const gpu = [limit('gpu', 1)];

  it('S14: who came first is woken, and nobody else may take what came free meanwhile', () => {
    const { a, b, woken } = queues();
    a.add(1, 0, gpu);
    expect(a.next()).toBe(1);
    b.add(2, 0, gpu);
    expect(b.next()).toBeUndefined();
    a.add(3, 0, gpu);
    expect(a.next()).toBeUndefined();
    a.release(1);
    expect(woken).toEqual(['b']);
    expect(a.next()).toBeUndefined();
    expect(b.next()).toBe(2);
    b.release(2);
    expect([woken, a.next()]).toEqual([['b', 'a'], 3]);
  });

  it('S14: a higher priority goes first, also when it came last', () => {
    const { a, b } = queues();
    a.add(1, 0, gpu);
    a.next();
    a.add(2, 0, gpu);
    a.next();
    b.add(3, 1, gpu);
    b.next();
    a.release(1);
    expect([a.next(), b.next()]).toEqual([undefined, 3]);
  });

  it('S14: a run without a slot is passed over', () => {
    const { a, b, woken } = queues([9, 1]);
    a.add(1, 0, gpu);
    a.next();
    b.add(2, 0, gpu);
    b.next();
    b.add(3);
    expect(b.next()).toBe(3);
    a.add(4, 0, gpu);
    expect([a.next(), b.next()]).toEqual([undefined, undefined]);
    a.release(1);
    expect(a.next()).toBe(4);
    b.release(3);
    a.release(4);
    expect([woken.at(-1), b.next()]).toEqual(['b', 2]);
  });

  it('S14: a rate is one rate, and its timer wakes whoever is next', () => {
    const { a, b, clock, woken } = queues();
    const api = [limit('api', 1, { per: 10 })];
    a.add(1, 0, api);
    expect(a.next()).toBe(1);
    b.add(2, 0, api);
    a.add(3, 0, api);
    expect([b.next(), a.next()]).toEqual([undefined, undefined]);
    clock.advance(10);
    expect([woken, a.next(), b.next()]).toEqual([['b'], undefined, 2]);
    clock.advance(9);
    expect(woken).toEqual(['b']);
    clock.advance(1);
    expect([woken, a.next()]).toEqual([['b', 'a'], 3]);
  });

  it('S14: a limit that another run narrows is obeyed as soon as enough was given back', () => {
    const { a, b } = queues();
    const wide = [limit('db', 3)];
    for (const node of [1, 2, 3]) a.add(node, 0, wide);
    for (const node of [1, 2, 3]) expect(a.next()).toBe(node);
    b.add(4, 0, [limit('db', 1)]);
    expect(b.next()).toBeUndefined();
    for (const node of [1, 2]) a.release(node);
    expect(b.next()).toBeUndefined();
    a.release(3);
    expect(b.next()).toBe(4);
  });
});
