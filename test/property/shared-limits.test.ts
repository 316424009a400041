import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toMs } from '../../src/base/duration.js';
import { Dispatch } from '../../src/engine/dispatch.js';
import { LimitRegistry } from '../../src/engine/limit-registry.js';
import { type ConcurrencyLimit, limit } from '../../src/model/concurrency-limit.js';
import { HeldClock } from '../fixtures/engine/held-clock.js';

type Limits = readonly ConcurrencyLimit[];

const ALL = [limit('gpu', 1), limit('db', 2), limit('api', 2, { per: 10 }), limit('slow', 1, { per: '25ms' })] as const;
const [gpu, db, api] = ALL;
const RUNS = 3;

type Step =
  | { readonly do: 'add'; readonly run: number; readonly priority: number; readonly limits: Limits }
  | { readonly do: 'release'; readonly run: number; readonly which: number }
  | { readonly do: 'pass'; readonly run: number; readonly ms: number }
  | { readonly do: 'close'; readonly run: number };

const run = fc.nat(RUNS - 1);
const adding = (limits: fc.Arbitrary<Limits>): fc.Arbitrary<Step> =>
  fc.record({ do: fc.constant('add' as const), run, priority: fc.integer({ min: 0, max: 1 }), limits });
const releasing = fc.record({ do: fc.constant('release' as const), run, which: fc.nat(20) });
const passing = fc.record({ do: fc.constant('pass' as const), run, ms: fc.integer({ min: 0, max: 30 }) });
const closing = fc.record({ do: fc.constant('close' as const), run });

interface Node {
  readonly run: number;
  readonly node: number;
  readonly priority: number;
  readonly limits: Limits;
}

/** Some runs of one process: each asks its queue as long as there is a reason to, in whatever order their turns come. */
class Runs {
  readonly clock = new HeldClock();
  readonly waiting: Node[] = [];
  readonly out: Node[] = [];
  readonly starts: { readonly at: number; readonly limits: Limits }[] = [];
  readonly closed = new Set<number>();
  readonly #slots: number;
  readonly #dispatches: readonly Dispatch[];
  /** Runs that have a reason to ask: nobody else may be asked, or a wake-up that is missing would not be missed. */
  readonly #turns: number[] = [];
  #nodes = 0;

  constructor(slots: number, patience: number) {
    this.#slots = slots;
    const limits = new LimitRegistry();
    this.#dispatches = Array.from(
      { length: RUNS },
      (_, each) => new Dispatch({ slots, clock: this.clock, patience, limits, wake: () => this.#turns.push(each) }),
    );
  }

  take(step: Step): void {
    if (step.do === 'pass') return this.clock.advance(step.ms);
    const dispatch = this.#dispatches[step.run]!;
    if (step.do === 'close') {
      this.closed.add(step.run);
      return dispatch.close();
    }
    if (step.do === 'add') {
      if (this.closed.has(step.run)) return;
      const node = { ...step, node: this.#nodes++ };
      this.waiting.push(node);
      dispatch.add(node.node, node.priority, node.limits);
    } else {
      const own = this.out.filter((each) => each.run === step.run);
      const ended = own[step.which % own.length];
      if (ended === undefined) return;
      this.out.splice(this.out.indexOf(ended), 1);
      dispatch.release(ended.node);
    }
    this.#turns.push(step.run);
  }

  /** Lets runs have their turns, the one that was told last first, until none has a reason to ask. */
  rest(onStart: (node: Node) => void): void {
    for (let turn = this.#turns.pop(); turn !== undefined; turn = this.#turns.pop()) {
      const dispatch = this.#dispatches[turn]!;
      for (let node = dispatch.next(); node !== undefined; node = dispatch.next()) {
        const started = this.waiting.find((each) => each.node === node)!;
        onStart(started);
        this.waiting.splice(this.waiting.indexOf(started), 1);
        this.out.push(started);
        this.starts.push({ at: this.clock.now(), limits: started.limits });
        this.#check();
      }
    }
  }

  /** What could start now, as far as slots and limits go. */
  eligible(): Node[] {
    return this.waiting.filter(
      (node) =>
        !this.closed.has(node.run) &&
        this.out.filter((each) => each.run === node.run).length < this.#slots &&
        node.limits.every((each) => this.#used(each) < each.max),
    );
  }

  #used({ name, per }: ConcurrencyLimit): number {
    const uses = ({ limits }: { readonly limits: Limits }): boolean => limits.some((each) => each.name === name);
    if (per === undefined) return this.out.filter(uses).length;
    return this.starts.filter((start) => uses(start) && this.clock.now() - start.at < toMs(per)).length;
  }

  #check(): void {
    const over = ALL.find((each) => this.#used(each) > each.max);
    if (over) throw new Error(`more than ${over.max} of '${over.name}'`);
  }
}

function goesBefore(one: Node, other: Node): boolean {
  return one.priority > other.priority || (one.priority === other.priority && one.node < other.node);
}

const SETTINGS = { numRuns: 300 };
const anySteps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: adding(fc.subarray([...ALL])) },
    { weight: 6, arbitrary: releasing },
    { weight: 3, arbitrary: passing },
    { weight: 1, arbitrary: closing },
  ),
  { maxLength: 80, size: 'max' },
);

describe('S14 limits across the runs of a process', () => {
  it('S14 no limit is exceeded, everything starts in the end, and no wake-up is lost, whoever is cancelled on the way', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 1, max: 4 }), fc.constantFrom(0, 2, Number.POSITIVE_INFINITY), (steps, slots, patience) => {
        const runs = new Runs(slots, patience);
        for (const step of steps) {
          runs.take(step);
          runs.rest(() => {});
        }
        for (let turn = 0; runs.waiting.some((node) => !runs.closed.has(node.run)); turn++) {
          if (turn > 2_000) throw new Error('nodes are never started');
          const [ended] = runs.out;
          if (ended) runs.take({ do: 'release', run: ended.run, which: 0 });
          else {
            // Only time can help, so a timer must be set.
            expect(runs.clock.timers).toBeGreaterThan(0);
            runs.take({ do: 'pass', run: 0, ms: 1 });
          }
          runs.rest(() => {});
        }
      }),
      SETTINGS,
    );
  });

  it('S14 when all have had their turn, nothing is left that could start', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 1, max: 4 }), (steps, slots) => {
        const runs = new Runs(slots, Number.POSITIVE_INFINITY);
        for (const step of steps) {
          runs.take(step);
          runs.rest(() => {});
          expect(runs.eligible()).toEqual([]);
        }
      }),
      SETTINGS,
    );
  });

  it('S14 of those that wait for one limit, in whichever run, the highest priority starts first, then who came first', () => {
    const single = fc.array(
      fc.oneof({ weight: 3, arbitrary: adding(fc.constantFrom([gpu], [db], [api], [])) }, { weight: 2, arbitrary: fc.oneof(releasing, passing) }),
      { maxLength: 80, size: 'max' },
    );
    fc.assert(
      fc.property(single, fc.integer({ min: 1, max: 4 }), (steps, slots) => {
        const runs = new Runs(slots, Number.POSITIVE_INFINITY);
        for (const step of steps) {
          runs.take(step);
          runs.rest((started) => {
            const [own] = started.limits;
            const better = runs.eligible().filter((each) => each.limits[0] === own && each.run !== started.run && goesBefore(each, started));
            // More may have come free than the better ones need.
            const room = own === undefined ? Number.POSITIVE_INFINITY : own.max - 1;
            if (better.length > room) throw new Error(`${JSON.stringify(started)} went before ${JSON.stringify(better)}`);
          });
        }
      }),
      SETTINGS,
    );
  });
});
