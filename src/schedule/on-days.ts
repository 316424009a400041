import { describe, MillraceError } from '../base/error.js';
import type { Schedule } from '../model/schedule.js';
import type { Calendar, CalendarSpec } from './calendar.js';
import { cronRule } from './cron.js';
import { boundsOf, boundsText, wallTimesOf, zoneOf } from './given-times.js';
import { localDay } from './local-day.js';
import { madeSchedule } from './made-schedule.js';
import { bounded, earliestOf, noDelay, type Rule } from './rule.js';

export interface OnDaysOptions {
  /** The time of day on the wall clock, `06:30`, or several. */
  readonly at: string | readonly string[];
  /** IANA name of the time zone whose wall clock and days count. @default 'UTC' */
  readonly timezone?: string | undefined;
  /** No instants before it. @default none */
  readonly start?: Date | undefined;
  /** No instants after it. @default none */
  readonly end?: Date | undefined;
}

/** A calendar without a day in so many days is taken to have no more. */
const FARTHEST_DAYS = 3_660;

/**
 * At these times of the days of a calendar: `onDays(businessDays({ holidays }), { at: '18:30', timezone: 'Europe/Berlin' })`. A calendar of one's own
 * is an object with `has(day)` and `toString()`; one without a day in ten years has no more. Changes of the clock are as with `cron`.
 * @throws MillraceError `SCHEDULE_INVALID`
 */
export function onDays(calendar: Calendar, options: OnDaysOptions): Schedule<never> {
  if (typeof calendar?.has !== 'function')
    throw new MillraceError('SCHEDULE_INVALID', `expected onDays() with a calendar such as businessDays(); got ${describe(calendar)}`);
  const [at, timezone, bounds] = [wallTimesOf('onDays', options?.at), zoneOf('onDays', options?.timezone), boundsOf('onDays', options)];
  const own = calendar.toJSON?.() as CalendarSpec | undefined;
  return madeSchedule({
    kind: 'on-days',
    rule: bounded(earliestOf(at.map((time) => daily(calendar, time, timezone))), bounds),
    text: `${calendar} at ${at.join(' ')} ${timezone}${boundsText(bounds)}`,
    spec: own && { kind: 'on-days', calendar: own, at, timezone, ...bounds },
  });
}

/** One time of day, on the days of the calendar. */
function daily(calendar: Calendar, time: string, timezone: string): Rule {
  const [hour, minute] = time.split(':').map(Number);
  const eachDay = cronRule({ expression: `${minute} ${hour} * * *`, timezone });
  const search = (step: (from: number) => number | undefined, from: number): number | undefined => {
    let instant = step(from);
    for (let days = 0; instant !== undefined && days < FARTHEST_DAYS; days++) {
      if (calendar.has(localDay(instant, timezone))) return instant;
      instant = step(instant);
    }
    return undefined;
  };
  return { next: (after) => search(eachDay.next, after), previous: (before) => search(eachDay.previous, before), delay: noDelay };
}
