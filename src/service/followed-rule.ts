import type { Schedule } from '../model/schedule.js';
import { type Instant, instantsBetween, latestInstant } from '../schedule/instants.js';
import { ruleOf } from '../schedule/rule.js';
import { scheduleOf } from '../schedule/schedule-of.js';
import type { ScheduleSpec } from '../schedule/schedule-spec.js';
import type { ListedInstants, ScheduleData } from './flow-data.js';

/** A schedule as a service follows it: a rule that knows all instants, or a list that knows some. Times are milliseconds since the epoch. */
export interface FollowedRule {
  /** What lies between these two times is known. */
  readonly since: number;
  readonly reach: number;
  /** In order: after the one, up to and with the other. */
  between(after: number, until: number): Iterable<Instant>;
  /** The last one up to and with this time. */
  latest(until: number): Instant | undefined;
  /** When the first one after this time is. */
  next(after: number): number | undefined;
  /** Before which there are none, where the schedule says so. */
  readonly start: number | undefined;
}

/** @throws MillraceError `SCHEDULE_INVALID` */
export function followedRule({ spec, listed }: ScheduleData): FollowedRule {
  if (spec !== undefined) return wholeRule(scheduleOf(spec), spec);
  return listedRule(listed ?? { since: Number.NEGATIVE_INFINITY, instants: [] });
}

/** Of a schedule that is at hand. */
export function wholeRule(schedule: Schedule<never>, spec: ScheduleSpec | undefined): FollowedRule {
  const rule = ruleOf(schedule);
  return {
    since: Number.NEGATIVE_INFINITY,
    reach: Number.POSITIVE_INFINITY,
    between: (after, until) => instantsBetween(schedule, after, until),
    latest: (until) => latestInstant(schedule, until),
    next: rule.next,
    start: spec && startOf(spec),
  };
}

function listedRule({ since, until, instants }: ListedInstants): FollowedRule {
  return {
    since,
    reach: until ?? Number.POSITIVE_INFINITY,
    between: (after, end) => instants.filter(({ at }) => at > after && at <= end),
    latest: (end) => instants.findLast(({ at }) => at <= end),
    next: (after) => instants.find(({ at }) => at > after)?.at,
    start: undefined,
  };
}

/** Of several together, the earliest; undefined where one of them has none. */
function startOf(spec: ScheduleSpec): number | undefined {
  if (spec.kind === 'at' || spec.kind === 'except') return startOf(spec.of);
  if (spec.kind !== 'union') return spec.start;
  const starts = spec.of.map(startOf);
  return starts.includes(undefined) ? undefined : Math.min(...(starts as number[]));
}
