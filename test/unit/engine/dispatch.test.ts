import { describe, expect, it } from 'vitest';
import { Dispatch, type DispatchParts } from '../../../src/engine/dispatch.js';
import { type ConcurrencyLimit, limit } from '../../../src/model/concurrency-limit.js';
import { HeldClock } from '../../fixtures/engine/held-clock.js';

function dispatcher(parts: Partial<DispatchParts> = {}): { clock: HeldClock; dispatch: Dispatch; woken: () => number } {
  const clock = new HeldClock();
  let woken = 0;
  const dispatch = new Dispatch({ slots: Number.POSITIVE_INFINITY, clock, wake: () => void woken++, ...parts });
  return { clock, dispatch, woken: () => woken };
}

/** All that may start now. */
function startable(dispatch: Dispatch): number[] {
  const nodes: number[] = [];
  for (let node = dispatch.next(); node !== undefined; node = dispatch.next()) nodes.push(node);
  return nodes;
}

describe('S14 slots and priorities', () => {
  it('S14 hands out in order of arrival while slots are free', () => {
    const { dispatch } = dispatcher({ slots: 2 });
    for (const node of [5, 3, 8]) dispatch.add(node);
    expect(startable(dispatch)).toEqual([5, 3]);
    expect(dispatch.size).toBe(1);
    dispatch.release(3);
    expect(startable(dispatch)).toEqual([8]);
  });

  it('S14 higher priority first, also before those that were there when the first priority came', () => {
    const { dispatch } = dispatcher();
    dispatch.add(1);
    dispatch.add(2);
    dispatch.add(3, -1);
    dispatch.add(4, 10);
    dispatch.add(5, 0.5);
    dispatch.add(6, 10);
    expect(startable(dispatch)).toEqual([4, 6, 5, 1, 2, 3]);
  });

  it('S14 fewer slots than are out: nothing starts until enough have ended', () => {
    const { dispatch } = dispatcher({ slots: 3 });
    for (let node = 0; node < 5; node++) dispatch.add(node);
    startable(dispatch);
    dispatch.setSlots(1);
    dispatch.release(0);
    dispatch.release(1);
    expect(dispatch.next()).toBeUndefined();
    dispatch.release(2);
    expect(startable(dispatch)).toEqual([3]);
    dispatch.setSlots(2);
    expect(startable(dispatch)).toEqual([4]);
  });

  it('S14 refuses slots and priorities that are no numbers', () => {
    const { dispatch } = dispatcher();
    for (const slots of [-1, 1.5, Number.NaN])
      expect(() => dispatch.setSlots(slots)).toThrow(expect.objectContaining({ code: 'CONCURRENCY_INVALID' }));
    expect(() => dispatch.add(1, Number.NaN)).toThrow(expect.objectContaining({ code: 'PRIORITY_INVALID' }));
    expect(dispatch.size).toBe(0);
  });
});

describe('S14 limits at once', () => {
  const gpu = limit('gpu', 1);
  const db = limit('db', 1);

  it('S14 a full limit does not hold up those behind it, and lets its own go on in order of arrival', () => {
    const { dispatch } = dispatcher();
    dispatch.add(1, 0, [gpu]);
    dispatch.add(2, 0, [gpu]);
    dispatch.add(3, 0, [gpu]);
    dispatch.add(4);
    expect(startable(dispatch)).toEqual([1, 4]);
    dispatch.add(5);
    dispatch.release(1);
    expect(startable(dispatch)).toEqual([2, 5]);
    dispatch.release(2);
    expect(startable(dispatch)).toEqual([3]);
  });

  it('S14 a limit is shared by name, whatever list it comes in and whatever the priority', () => {
    const { dispatch } = dispatcher();
    dispatch.add(1, 0, [limit('gpu', 1)]);
    dispatch.add(2, 0, [limit('gpu', 1), limit('gpu', 1)]);
    dispatch.add(3, 7, [gpu]);
    expect(startable(dispatch)).toEqual([3]);
    dispatch.release(3);
    expect(startable(dispatch)).toEqual([1]);
    dispatch.release(1);
    expect(startable(dispatch)).toEqual([2]);
  });

  it('S14 a node with two full limits starts when both have room, holding neither while it waits', () => {
    const { dispatch } = dispatcher();
    dispatch.add(1, 0, [gpu]);
    dispatch.add(2, 0, [db]);
    startable(dispatch);
    dispatch.add(3, 0, [gpu, db]);
    dispatch.release(1);
    expect(startable(dispatch)).toEqual([]);
    dispatch.add(4, 0, [gpu]);
    expect(startable(dispatch)).toEqual([4]);
    dispatch.release(2);
    expect(startable(dispatch)).toEqual([]);
    dispatch.release(4);
    expect(startable(dispatch)).toEqual([3]);
  });

  /** Two endless streams that each take a limit as it comes free, in turns, so that the two are never free at the same moment. */
  function turnsUntilBothStarts(patience: number, most: number): number {
    const { dispatch } = dispatcher({ patience });
    dispatch.add(-1, 0, [gpu]);
    dispatch.add(-2, 0, [db]);
    const out = startable(dispatch);
    dispatch.add(0, 0, [gpu, db]);
    for (let turn = 1; turn <= most; turn++) {
      dispatch.add(turn, 0, [turn % 2 === 1 ? gpu : db]);
      dispatch.release(out.shift() as number);
      const started = startable(dispatch);
      if (started.includes(0)) return turn;
      out.push(...started);
    }
    return most;
  }

  it('S14 a node with two limits is not passed over for ever by those that need one of them', () => {
    expect(turnsUntilBothStarts(Number.POSITIVE_INFINITY, 500)).toBe(500);
    expect(turnsUntilBothStarts(8, 500)).toBeLessThan(20);
  });

  it('S14 two meanings of one name in a run are an error that names both, and nothing is added', () => {
    const { dispatch } = dispatcher();
    dispatch.add(1, 0, [limit('api', 10, { per: '1s' })]);
    dispatch.add(2, 0, [limit('api', 10, { per: 1_000 })]);
    const add =
      (...limits: ConcurrencyLimit[]) =>
      () =>
        dispatch.add(3, 0, limits);
    expect(add(limit('api', 10))).toThrow(
      expect.objectContaining({ code: 'LIMIT_CONFLICT', message: "limit 'api' has two meanings in this run: 10 per 1s, and 10 at once" }),
    );
    expect(add(limit('new', 1), limit('new', 2))).toThrow(/1 at once, and 2 at once/);
    expect(add(limit('new', 3))).not.toThrow();
    expect(dispatch.size).toBe(3);
  });

  it('S14 100,000 nodes behind one limit, in one lane or each with a priority of its own, cost their number and no more', () => {
    for (const priorityOf of [() => 0, (node: number) => node % 50_000]) {
      const { dispatch } = dispatcher({ slots: 16 });
      const limits = [gpu, db];
      for (let node = 0; node < 100_000; node++) dispatch.add(node, priorityOf(node), limits);
      let started = 0;
      for (let node = dispatch.next(); node !== undefined; node = dispatch.next()) {
        started++;
        if (dispatch.next() !== undefined) throw new Error('two at once');
        dispatch.release(node);
      }
      expect(started).toBe(100_000);
    }
  });
});

describe('S14 limits per period', () => {
  it('S14 allows so many starts in any window, and wakes when the next may start', () => {
    const { dispatch, clock, woken } = dispatcher();
    const api = [limit('api', 2, { per: '10ms' })];
    for (let node = 0; node < 4; node++) dispatch.add(node, 0, api);
    expect(dispatch.next()).toBe(0);
    clock.advance(4);
    expect(startable(dispatch)).toEqual([1]);
    for (const node of [0, 1]) dispatch.release(node);
    expect(startable(dispatch)).toEqual([]);
    expect(clock.timers).toBe(1);
    clock.advance(5);
    expect(woken()).toBe(0);
    clock.advance(1);
    expect(woken()).toBe(1);
    expect(startable(dispatch)).toEqual([2]);
    clock.advance(4);
    expect([woken(), ...startable(dispatch)]).toEqual([2, 3]);
    expect(clock.timers).toBe(0);
  });

  it('S14 those that waited go before those that come when the window has just opened, also while the loop is too busy for timers', () => {
    const { dispatch, clock } = dispatcher();
    const api = [limit('api', 1, { per: 10 })];
    for (const node of [0, 1]) dispatch.add(node, 0, api);
    startable(dispatch);
    clock.jump(10);
    dispatch.add(2, 0, [...api, limit('other', 1)]);
    expect(startable(dispatch)).toEqual([1]);
  });

  it('S14 a timer that is early looks again, and periods longer than a timer are waited for in parts', () => {
    const { dispatch, clock, woken } = dispatcher();
    const yearly = [limit('yearly', 1, { per: '365d' })];
    for (const node of [0, 1]) dispatch.add(node, 0, yearly);
    startable(dispatch);
    clock.advance(364 * 86_400_000);
    expect([woken(), clock.timers]).toEqual([0, 1]);
    clock.advance(86_400_000);
    expect([woken(), ...startable(dispatch)]).toEqual([1, 1]);
  });

  it('S14 closed, it hands out nothing and leaves no timer', () => {
    const { dispatch, clock, woken } = dispatcher();
    for (const node of [0, 1]) dispatch.add(node, 0, [limit('api', 1, { per: 10 })]);
    startable(dispatch);
    dispatch.close();
    clock.advance(100);
    expect([clock.timers, woken(), dispatch.next()]).toEqual([0, 0, undefined]);
  });
});

describe('S14 slots of a limit', () => {
  const memory = (slots: number) => [limit('memory', 4, { slots })];

  it('S14 a node takes as many units as its limit says, and gives them all back', () => {
    const { dispatch } = dispatcher();
    dispatch.add(0, 0, memory(3));
    dispatch.add(1, 0, memory(2));
    dispatch.add(2, 0, memory(1));
    expect(startable(dispatch)).toEqual([0, 2]);
    dispatch.release(2);
    expect(startable(dispatch)).toEqual([]);
    dispatch.release(0);
    expect(startable(dispatch)).toEqual([1]);
  });

  it('S14 one that needs many units is not passed by for ever by those that need one', () => {
    const { dispatch } = dispatcher();
    for (const node of [0, 1, 2, 3]) dispatch.add(node, 0, [limit('memory', 4)]);
    expect(startable(dispatch)).toEqual([0, 1, 2, 3]);
    dispatch.add(99, 0, memory(4));
    const started: number[] = [];
    const out = [0, 1, 2, 3];
    for (let node = 4; node < 60 && !started.includes(99); node++) {
      dispatch.add(node, 0, [limit('memory', 4)]);
      const ended = out.shift();
      if (ended !== undefined) dispatch.release(ended);
      const now = startable(dispatch);
      out.push(...now);
      started.push(...now);
    }
    expect(started).toContain(99);
  });

  it('S14 a start counts for as many', () => {
    const { dispatch, clock } = dispatcher();
    for (const node of [0, 1, 2]) dispatch.add(node, 0, [limit('tokens', 5, { per: 100, slots: 2 })]);
    expect(startable(dispatch)).toEqual([0, 1]);
    clock.advance(100);
    expect(startable(dispatch)).toEqual([2]);
  });

  it.each([0, 5, 1.5])('S14 refuses %o slots of 4', (slots) => {
    const message = `limit: expected a whole number of slots from 1 to 4 for 'memory'; got ${slots}`;
    expect(() => limit('memory', 4, { slots })).toThrow(expect.objectContaining({ code: 'LIMIT_INVALID', message }));
  });
});

describe('S14 limit()', () => {
  it('S14 is a frozen value', () => {
    expect(limit('gpu', 1)).toEqual({ name: 'gpu', max: 1 });
    expect(limit('api', 10, { per: '1s' })).toEqual({ name: 'api', max: 10, per: '1s' });
    expect(Object.isFrozen(limit('gpu', 1))).toBe(true);
  });

  it.each<readonly [string, number, unknown, string]>([
    ['', 1, undefined, 'limit: expected a name of 1 to 200 characters; got ""'],
    ['gpu', 0, undefined, "limit: expected a whole number of at least 1 for 'gpu'; got 0"],
    ['gpu', 1.5, undefined, "limit: expected a whole number of at least 1 for 'gpu'; got 1.5"],
    ['gpu', Number.POSITIVE_INFINITY, undefined, "limit: expected a whole number of at least 1 for 'gpu'; got Infinity"],
    ['api', 1, 0, "limit: expected a period such as '1s' or '1m', longer than 0, for 'api'; got 0"],
    ['api', 1, 'minute', "limit: expected a period such as '1s' or '1m', longer than 0, for 'api'; got \"minute\""],
  ])('S14 refuses limit(%o, %o, { per: %o })', (name, max, per, message) => {
    const options = per === undefined ? {} : { per: per as number };
    expect(() => limit(name, max, options)).toThrow(expect.objectContaining({ code: 'LIMIT_INVALID', message }));
  });
});
