import { toMs } from '../base/duration.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';

/** Counts what a limit allows. */
export interface Meter {
  /** The moment from which on there is room for `units` more, if nothing else happens. */
  freeAt(units: number): number;
  take(now: number, units: number): void;
  giveBack(units: number): void;
  /** Nothing is in use, and no start counts any more. */
  isIdle(now: number): boolean;
  /** The same count under another number, or another period. */
  changed(limit: ConcurrencyLimit): Meter;
}

export function meterOf({ max, per }: ConcurrencyLimit): Meter {
  return per === undefined ? atOnce(max, 0) : slidingWindow(max, toMs(per), []);
}

function atOnce(max: number, before: number): Meter {
  let inUse = before;
  return {
    freeAt: (units) => (inUse + units <= max ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY),
    take: (_, units) => {
      inUse += units;
    },
    giveBack: (units) => {
      inUse -= units;
    },
    isIdle: () => inUse === 0,
    changed: (limit) => atOnce(limit.max, inUse),
  };
}

/** The last `max` starts, in a ring: a start is allowed when the one `max` before it is a whole period ago. */
function slidingWindow(max: number, periodMs: number, before: readonly number[]): Meter {
  const starts = before.slice(-max);
  /** Where the next start goes: the place of the oldest, once the ring is full. */
  let next = starts.length % max;
  return {
    freeAt: (units) => {
      if (units > max) return Number.POSITIVE_INFINITY;
      if (starts.length + units <= max) return Number.NEGATIVE_INFINITY;
      // While the ring fills up, the oldest start is at 0.
      const oldest = starts.length === max ? next : 0;
      const expiring = units - (max - starts.length) - 1;
      return (starts[(oldest + expiring) % starts.length] as number) + periodMs;
    },
    take: (now, units) => {
      for (let each = 0; each < units; each++) {
        starts[next] = now;
        next = (next + 1) % max;
      }
    },
    // A start is not undone by the end of what was started.
    giveBack: () => {},
    isIdle: (now) => starts.every((start) => start + periodMs <= now),
    changed: (limit) => {
      const inOrder = starts.length === max ? [...starts.slice(next), ...starts.slice(0, next)] : starts;
      return slidingWindow(limit.max, toMs(limit.per ?? periodMs), inOrder);
    },
  };
}
