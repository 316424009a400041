import { MillraceError } from '../base/error.js';
import type { Schedule } from '../model/schedule.js';
import { at } from './at.js';
import { calendarOf } from './calendar.js';
import { cron } from './cron.js';
import { every } from './every.js';
import { type Exclusion, except } from './except.js';
import { onDays } from './on-days.js';
import type { Bounds, ExclusionSpec, ScheduleSpec } from './schedule-spec.js';
import { union } from './union.js';

/** The schedule that gave this as its `toJSON`. @throws MillraceError `SCHEDULE_INVALID` where another Millrace has written it, and as its makers */
export function scheduleOf(spec: ScheduleSpec): Schedule<never> {
  switch (spec.kind) {
    case 'every':
      return every(spec.ms, { ...datesOf(spec), anchor: new Date(spec.anchor), jitter: spec.jitterMs });
    case 'cron':
      return cron(spec.expression, { timezone: spec.timezone, ...datesOf(spec) });
    case 'on-days':
      return onDays(calendarOf(spec.calendar), { at: spec.at, timezone: spec.timezone, ...datesOf(spec) });
    case 'union':
      return union(...spec.of.map(scheduleOf));
    case 'except':
      return except(scheduleOf(spec.of), ...spec.without.map(exclusionOf));
    case 'at':
      return at(scheduleOf(spec.of), spec.params) as Schedule<never>;
    default:
      throw new MillraceError(
        'SCHEDULE_INVALID',
        `expected a schedule of a kind that this Millrace knows; got '${(spec as { kind: unknown }).kind}'`,
      );
  }
}

function exclusionOf(spec: ExclusionSpec): Exclusion {
  if ('days' in spec) return { days: calendarOf(spec.days), timezone: spec.timezone };
  return 'schedule' in spec ? scheduleOf(spec.schedule) : { from: new Date(spec.from), to: new Date(spec.to) };
}

function datesOf({ start, end }: Bounds): { readonly start: Date | undefined; readonly end: Date | undefined } {
  const date = (time: number | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));
  return { start: date(start), end: date(end) };
}
