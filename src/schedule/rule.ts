import { describe, MillraceError } from '../base/error.js';
import type { Schedule } from '../model/schedule.js';
import type { Bounds } from './schedule-spec.js';

/** What a schedule does, in milliseconds since the epoch: the arithmetic behind the port. */
export interface Rule {
  /** The first instant after this time. */
  next(after: number): number | undefined;
  /** The last instant before this time. */
  previous(before: number): number | undefined;
  /** How much later than its instant a run starts, in milliseconds. */
  delay(instant: number): number;
}

/** The instants of a rule between two times, both included. */
export function bounded(rule: Rule, { start, end }: Bounds): Rule {
  const [first, last] = [start ?? Number.NEGATIVE_INFINITY, end ?? Number.POSITIVE_INFINITY];
  const within = (instant: number | undefined): number | undefined =>
    instant === undefined || instant < first || instant > last ? undefined : instant;
  return {
    // One millisecond before it begins, so that an instant at its very start is one.
    next: (after) => within(rule.next(Math.max(after, first - 1))),
    previous: (before) => within(rule.previous(Math.min(before, last + 1))),
    delay: rule.delay,
  };
}

export function noDelay(): number {
  return 0;
}

/** The instants of several rules; those of two at once are one. */
export function earliestOf(rules: readonly Rule[]): Rule {
  const pick = (times: readonly (number | undefined)[], choose: (...known: number[]) => number): number | undefined => {
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : choose(...known);
  };
  return {
    next: (after) =>
      pick(
        rules.map((rule) => rule.next(after)),
        Math.min,
      ),
    previous: (before) =>
      pick(
        rules.map((rule) => rule.previous(before)),
        Math.max,
      ),
    // Of those that have this instant, the first decides.
    delay: (instant) => rules.find((rule) => rule.next(instant - 1) === instant)?.delay(instant) ?? 0,
  };
}

/** Of a schedule of whatever make. @throws MillraceError `SCHEDULE_INVALID`, also later, when it gives an instant that is not after what was asked */
export function ruleOf(schedule: Schedule<never>): Rule {
  const next = (after: number): number | undefined => {
    const instant = schedule.next(new Date(after))?.getTime();
    if (instant === undefined || instant > after) return instant;
    throw new MillraceError(
      'SCHEDULE_INVALID',
      `expected next() of schedule '${schedule}' to give a time after ${new Date(after).toISOString()}; got ${describe(instant)}`,
    );
  };
  return {
    next,
    previous: (before) => (schedule.previous ? schedule.previous(new Date(before))?.getTime() : searchBack(next, before)),
    delay: (instant) => schedule.delay?.(new Date(instant)) ?? 0,
  };
}

const DAY_MS = 86_400_000;
/** Half a century. */
const FARTHEST_MS = 18_263 * DAY_MS;

/** For who can only go forward: from ever farther back, until something comes before. */
function searchBack(next: (after: number) => number | undefined, before: number): number | undefined {
  for (let reach = 3_600_000; reach <= 2 * FARTHEST_MS; reach *= 4) {
    let [last, instant] = [undefined as number | undefined, next(before - reach)];
    while (instant !== undefined && instant < before) [last, instant] = [instant, next(instant)];
    if (last !== undefined) return last;
  }
  return undefined;
}
