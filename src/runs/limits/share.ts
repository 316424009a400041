/** Who gets what of a named limit that several processes use (S14). Pure. */

/** Task runs of one rank that wait, and how many units each of them takes. */
export interface Demand {
  /** Higher first. */
  readonly priority: number;
  /** Among equals, who came first: since when the first of them waits, in milliseconds since the epoch. */
  readonly at: number;
  readonly count: number;
  readonly units: number;
}

export interface Claimant {
  readonly holder: string;
  /** Units that cannot be taken from it: its tasks are using them, or nobody knows better. */
  readonly held: number;
  readonly demand: readonly Demand[];
}

export interface Share {
  /** Units for the one who asks, besides what it holds. */
  readonly granted: number;
  /** What still waits of it. */
  readonly left: readonly Demand[];
  /** The first of these is next: nobody else goes before it. */
  readonly isNext: boolean;
  /** Somebody else waits. */
  readonly isContended: boolean;
}

/**
 * Of what is free, each gets in the order of ranks. For the first that there is not enough for, the rest is left, so that one who takes several
 * units is not passed by for ever by those who take one.
 * @param free units that nobody holds; below 0 when the limit was made smaller
 */
export function shareOut(asking: string, claimants: readonly Claimant[], max: number, free: number): Share {
  const queue = claimants.flatMap(({ holder, demand }) => demand.map((each) => ({ ...each, holder })));
  queue.sort((one, other) => other.priority - one.priority || one.at - other.at || (one.holder < other.holder ? -1 : 1));
  let left = Math.max(free, 0);
  let granted = 0;
  const unserved: Demand[] = [];
  let othersBefore = false;
  let isNext = true;
  let isFull = false;
  for (const { holder, ...demand } of queue) {
    const { count, units } = demand;
    // A limit that was made smaller than what one takes is taken whole.
    const each = Math.min(units, max);
    const served = isFull ? 0 : Math.min(count, Math.floor(left / each));
    left -= served * each;
    if (served < count) isFull = true;
    if (holder === asking) {
      granted += served * each;
      if (served === count) continue;
      if (unserved.length === 0) isNext = !othersBefore;
      unserved.push({ ...demand, count: count - served });
    } else othersBefore = true;
  }
  return { granted, left: unserved, isNext, isContended: othersBefore };
}
