import { describe, MillraceError } from '../base/error.js';
import type { Schedule } from '../model/schedule.js';
import type { Calendar, CalendarSpec } from './calendar.js';
import { iso, timeOf, zoneOf } from './given-times.js';
import { localDay } from './local-day.js';
import { madeSchedule, specOf } from './made-schedule.js';
import { type Rule, ruleOf } from './rule.js';
import type { ExclusionSpec } from './schedule-spec.js';

/** What is left out: days of a calendar, as they are in a time zone (UTC by default); all between two times, both included; instants of a schedule. */
export type Exclusion =
  | { readonly days: Calendar; readonly timezone?: string | undefined }
  | { readonly from: Date; readonly to: Date }
  | Schedule<never>;

/** So many in a row are left out, and it is taken to have no more instants. */
const MOST_LEFT_OUT = 100_000;

/**
 * A schedule without some of its instants: `except(every('1h'), { days: weekdays('sun'), timezone: 'Europe/Berlin' })`. Of one that has nothing but
 * what is left out, a hundred thousand instants in a row, there are no more.
 * @throws MillraceError `SCHEDULE_INVALID`
 */
export function except(schedule: Schedule<never>, ...exclusions: readonly Exclusion[]): Schedule<never> {
  const parts = exclusions.map(partOf);
  const rule = ruleOf(schedule);
  const own = specOf(schedule);
  const specs = parts.map(({ spec }) => spec);
  const isData = specs.every((spec): spec is ExclusionSpec => spec !== undefined);
  return madeSchedule({
    kind: 'except',
    rule: without(rule, (instant) => parts.some(({ has }) => has(instant))),
    text: `${schedule}${parts.map(({ text }) => ` except ${text}`).join('')}`,
    spec: own && isData ? { kind: 'except', of: own, without: specs } : undefined,
  });
}

function without(rule: Rule, isLeftOut: (instant: number) => boolean): Rule {
  const search = (step: (from: number) => number | undefined, from: number): number | undefined => {
    let instant = step(from);
    for (let left = MOST_LEFT_OUT; instant !== undefined && isLeftOut(instant); left--) instant = left === 0 ? undefined : step(instant);
    return instant;
  };
  return { next: (after) => search(rule.next, after), previous: (before) => search(rule.previous, before), delay: rule.delay };
}

interface ExclusionPart {
  readonly text: string;
  readonly spec: ExclusionSpec | undefined;
  has(instant: number): boolean;
}

function partOf(exclusion: Exclusion): ExclusionPart {
  if ('days' in exclusion) return daysPart(exclusion.days, zoneOf('except', exclusion.timezone));
  if ('from' in exclusion) return rangePart(exclusion);
  if (typeof (exclusion as Partial<Schedule<never>>)?.next === 'function') return schedulePart(exclusion);
  throw new MillraceError('SCHEDULE_INVALID', `expected except() with { days }, { from, to } or a schedule; got ${describe(exclusion)}`);
}

function daysPart(days: Calendar, timezone: string): ExclusionPart {
  const own = days.toJSON?.() as CalendarSpec | undefined;
  return { text: `${days} ${timezone}`, spec: own && { days: own, timezone }, has: (instant) => days.has(localDay(instant, timezone)) };
}

function rangePart(range: { readonly from: Date; readonly to: Date }): ExclusionPart {
  const from = timeOf('except', 'from', range.from) ?? Number.NEGATIVE_INFINITY;
  const to = timeOf('except', 'to', range.to) ?? Number.POSITIVE_INFINITY;
  if (to < from) throw new MillraceError('SCHEDULE_INVALID', `expected to of except() after from, ${iso(from)}; got ${iso(to)}`);
  return { text: `${iso(from)} to ${iso(to)}`, spec: { from, to }, has: (instant) => from <= instant && instant <= to };
}

function schedulePart(schedule: Schedule<never>): ExclusionPart {
  const [rule, own] = [ruleOf(schedule), specOf(schedule)];
  return { text: String(schedule), spec: own && { schedule: own }, has: (instant) => rule.next(instant - 1) === instant };
}
