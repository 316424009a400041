import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toMs } from '../../src/base/duration.js';
import { Dispatch } from '../../src/engine/dispatch.js';
import { type ConcurrencyLimit, limit } from '../../src/model/concurrency-limit.js';
import { HeldClock } from '../fixtures/engine/held-clock.js';

type Limits = readonly ConcurrencyLimit[];

const gpu = limit('gpu', 1);
const db = limit('db', 2);
const api = limit('api', 2, { per: 10 });
const slow = limit('slow', 1, { per: '25ms' });
/** Each combination twice, once as a list that all share and once as a fresh one, so that lists are told apart by what they say. */
const combinations: readonly Limits[] = [[], [gpu], [db], [api], [gpu, db], [db, api], [api, slow], [gpu, slow], [gpu, db, api, slow]];
const chosenLimits = fc.oneof(fc.constantFrom(...combinations), fc.shuffledSubarray([gpu, db, api, slow]));

type Step =
  | { readonly do: 'add'; readonly priority: number; readonly limits: Limits }
  | { readonly do: 'next' }
  | { readonly do: 'release'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number; readonly heard: boolean }
  | { readonly do: 'slots'; readonly slots: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), priority: fc.integer({ min: -1, max: 2 }), limits: chosenLimits }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('next' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 30 }), heard: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('slots' as const), slots: fc.integer({ min: 1, max: 6 }) }) },
);
const steps = fc.array(step, { maxLength: 120, size: 'max' });
const RUNS = { numRuns: 200 };

interface Waiting {
  readonly node: number;
  readonly priority: number;
  readonly limits: Limits;
}

/** What a ready queue is, by the plainest means: looks at everything each time. */
class Model {
  readonly waiting: Waiting[] = [];
  readonly out: Waiting[] = [];
  readonly starts: { readonly at: number; readonly limits: Limits }[] = [];
  slots = 4;

  add(node: number, priority: number, limits: Limits): void {
    this.waiting.push({ node, priority, limits });
  }

  /** Array.sort is stable: arrival decides among equals. */
  eligible(now: number): Waiting[] {
    if (this.out.length >= this.slots) return [];
    return this.waiting.filter(({ limits }) => limits.every((each) => this.used(each, now) < each.max)).sort((a, b) => b.priority - a.priority);
  }

  used({ name, per }: ConcurrencyLimit, now: number): number {
    const names = ({ limits }: { readonly limits: Limits }): boolean => limits.some((each) => each.name === name);
    if (per === undefined) return this.out.filter(names).length;
    return this.starts.filter((start) => names(start) && now - start.at < toMs(per)).length;
  }

  started(node: number, now: number): Waiting {
    const [started] = this.waiting.splice(
      this.waiting.findIndex((each) => each.node === node),
      1,
    );
    this.out.push(started!);
    this.starts.push({ at: now, limits: started!.limits });
    return started!;
  }
}

interface World {
  readonly clock: HeldClock;
  readonly dispatch: Dispatch;
  readonly model: Model;
  nodes: number;
  woken: number;
}

function world(patience: number): World {
  const made = { clock: new HeldClock(), model: new Model(), nodes: 0, woken: 0 };
  const dispatch: Dispatch = new Dispatch({ slots: 4, clock: made.clock, patience, wake: () => void made.woken++ });
  return Object.assign(made, { dispatch });
}

/** Takes a step on both sides; returns what `next` gave. */
function take(state: World, action: Step): number | undefined {
  const { clock, dispatch, model } = state;
  if (action.do === 'add') {
    const node = state.nodes++;
    dispatch.add(node, action.priority, action.limits);
    model.add(node, action.priority, action.limits);
  } else if (action.do === 'release' && model.out.length > 0) {
    const [{ node }] = model.out.splice(action.which % model.out.length, 1) as [Waiting];
    dispatch.release(node);
  } else if (action.do === 'pass') {
    if (action.heard) clock.advance(action.ms);
    else clock.jump(action.ms);
  } else if (action.do === 'slots') {
    dispatch.setSlots(action.slots);
    model.slots = action.slots;
  } else if (action.do === 'next') {
    const node = dispatch.next();
    if (node !== undefined) model.started(node, clock.now());
    return node;
  }
  return undefined;
}

function checkLimits({ model, clock }: World): void {
  // Not by `expect`, which would take most of the time of these tests.
  const over = [gpu, db, api, slow].find((each) => model.used(each, clock.now()) > each.max);
  if (over) throw new Error(`more than ${over.max} of '${over.name}'`);
}

/** Lets everything run to its end, moving time on only when nothing else can happen, and only as far as the next timer. */
function drain(state: World): void {
  const { clock, dispatch, model } = state;
  for (let turn = 0; dispatch.size > 0; turn++) {
    if (turn > 10_000) throw new Error(`${dispatch.size} nodes are never started`);
    const before = state.woken;
    if (take(state, { do: 'next' }) !== undefined) checkLimits(state);
    else if (model.out.length > 0) take(state, { do: 'release', which: 0 });
    else {
      // Nothing is out, so only time can help: there must be a timer, and it must wake.
      expect(clock.timers).toBe(1);
      while (state.woken === before && clock.timers > 0) clock.advance(1);
      expect(state.woken).toBeGreaterThan(before);
    }
  }
}

describe('S14 dispatch', () => {
  it('S14 hands out what the plainest queue would: of those that may start the highest priority, then the first to arrive', () => {
    fc.assert(
      fc.property(steps, (actions) => {
        const state = world(Number.POSITIVE_INFINITY);
        for (const action of actions) {
          const expected = action.do === 'next' ? state.model.eligible(state.clock.now())[0]?.node : undefined;
          expect(take(state, action)).toBe(expected);
          expect(state.dispatch.size).toBe(state.model.waiting.length);
          checkLimits(state);
        }
        drain(state);
      }),
      RUNS,
    );
  });

  it('S14 with any patience no limit is exceeded, at once or in any window, and everything added is started once', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 3 }), (actions, patience) => {
        const state = world(patience);
        for (const action of actions) {
          take(state, action);
          checkLimits(state);
        }
        state.dispatch.setSlots(3);
        state.model.slots = 3;
        drain(state);
        expect(state.model.waiting).toEqual([]);
        expect(state.model.starts).toHaveLength(state.nodes);
        checkWindows(state);
      }),
      RUNS,
    );
  });

  it('S14 with any patience, what is handed out goes before all of its own kind', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 3 }), (actions, patience) => {
        const state = world(patience);
        for (const action of actions) {
          const eligible = action.do === 'next' ? state.model.eligible(state.clock.now()) : [];
          const node = take(state, action);
          if (node === undefined) continue;
          const started = eligible.find((each) => each.node === node)!;
          const kind = names(started);
          const better = eligible.slice(0, eligible.indexOf(started));
          expect(better.filter((each) => each.limits.length === 0 || names(each) === kind)).toEqual([]);
        }
      }),
      RUNS,
    );
  });

  it('S14 no wake-up is lost: where time alone lets a node start, a timer says so', () => {
    fc.assert(
      fc.property(steps, (actions) => {
        const state = world(Number.POSITIVE_INFINITY);
        for (const action of actions) {
          take(state, action);
          while (take(state, { do: 'next' }) !== undefined);
          const { clock, model } = state;
          if (model.out.length >= model.slots) continue;
          if (model.eligible(clock.now() + 1_000).length > 0) expect(clock.timers).toBe(1);
        }
      }),
      RUNS,
    );
  });

  it('S14 the fast path equals the slow path', () => {
    const plain = fc.array(fc.constantFrom<Step['do']>('add', 'add', 'next', 'next', 'release'), { maxLength: 200, size: 'max' });
    fc.assert(
      fc.property(plain, fc.nat(200), (actions, switchAt) => {
        const fast = world(8);
        const slowly = world(8);
        for (const [place, action] of actions.entries()) {
          // A node of another priority, in and out again, ends the fast path of the one.
          if (place === switchAt && slowly.model.out.length < slowly.model.slots) {
            slowly.dispatch.add(-1, 9);
            expect(slowly.dispatch.next()).toBe(-1);
            slowly.dispatch.release(-1);
          }
          const detail = { do: action, priority: 0, limits: [], which: 0 } as unknown as Step;
          expect(take(slowly, detail)).toBe(take(fast, detail));
          expect(slowly.dispatch.size).toBe(fast.dispatch.size);
        }
      }),
      RUNS,
    );
  });
});

function names({ limits }: Waiting): string {
  return limits
    .map(({ name }) => name)
    .sort()
    .join();
}

function checkWindows({ model }: World): void {
  for (const { name, max, per } of [api, slow]) {
    const at = model.starts.filter(({ limits }) => limits.some((each) => each.name === name)).map((start) => start.at);
    for (let i = max; i < at.length; i++) expect(at[i]! - at[i - max]!).toBeGreaterThanOrEqual(toMs(per!));
  }
}
