import { toMs } from '../base/duration.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import { goesBefore, type Ranked, RankHeap } from './rank-heap.js';

/** Counts what a limit allows. */
interface Meter {
  /** The moment from which on there is room for `units` more, if nothing else happens. */
  freeAt(units: number): number;
  take(now: number): void;
  giveBack(): void;
}

/** One named limit in one run: what it allows, who waits for it, and for whom its last unit is kept. */
export class LimitGate<Waiter extends Ranked> {
  readonly limit: ConcurrencyLimit;
  /** Whether units come back by time instead of by `giveBack`. */
  readonly isRate: boolean;
  readonly waiting = new RankHeap<Waiter>();
  /** Who has been passed over too often: those that go after it leave one unit free for it. */
  keptFor: Waiter | undefined;
  readonly #meter: Meter;

  constructor(limit: ConcurrencyLimit) {
    this.limit = limit;
    this.isRate = limit.per !== undefined;
    this.#meter = limit.per === undefined ? atOnce(limit.max) : slidingWindow(limit.max, toMs(limit.per));
  }

  /** From when on there is room for this one; not after now when there is, Infinity when time alone does not help. */
  openAt(waiter: Waiter): number {
    const { keptFor } = this;
    return this.#meter.freeAt(keptFor !== undefined && keptFor !== waiter && goesBefore(keptFor, waiter) ? 2 : 1);
  }

  take(now: number): void {
    this.#meter.take(now);
  }

  giveBack(): void {
    this.#meter.giveBack();
  }

  means(other: ConcurrencyLimit): boolean {
    const { max, per } = this.limit;
    if (max !== other.max || (per === undefined) !== (other.per === undefined)) return false;
    return per === undefined || other.per === undefined || toMs(per) === toMs(other.per);
  }
}

function atOnce(max: number): Meter {
  let inUse = 0;
  return {
    freeAt: (units) => (inUse + units <= max ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY),
    take: () => {
      inUse++;
    },
    giveBack: () => {
      inUse--;
    },
  };
}

/** The last `max` starts, in a ring: a start is allowed when the one `max` before it is a whole period ago. */
function slidingWindow(max: number, periodMs: number): Meter {
  const starts: number[] = [];
  /** Where the next start goes: the place of the oldest, once the ring is full. */
  let next = 0;
  return {
    freeAt: (units) => {
      if (units > max) return Number.POSITIVE_INFINITY;
      if (starts.length + units <= max) return Number.NEGATIVE_INFINITY;
      // While the ring fills up, the oldest start is at 0.
      const oldest = starts.length === max ? next : 0;
      const expiring = units - (max - starts.length) - 1;
      return (starts[(oldest + expiring) % starts.length] as number) + periodMs;
    },
    take: (now) => {
      starts[next] = now;
      next = (next + 1) % max;
    },
    // A start is not undone by the end of what was started.
    giveBack: () => {},
  };
}
