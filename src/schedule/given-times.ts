import { describe, MillraceError } from '../base/error.js';
import type { Bounds } from './schedule-spec.js';

/** Times and zones as users give them. */

/** @throws MillraceError `SCHEDULE_INVALID` */
export function timeOf(maker: string, option: string, given: Date | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (given instanceof Date && !Number.isNaN(given.getTime())) return given.getTime();
  throw new MillraceError('SCHEDULE_INVALID', `expected ${option} of ${maker}() to be a valid Date; got ${describe(given)}`);
}

/** @throws MillraceError `SCHEDULE_INVALID` */
export function boundsOf(maker: string, given: { readonly start?: Date | undefined; readonly end?: Date | undefined }): Bounds {
  const [start, end] = [timeOf(maker, 'start', given.start), timeOf(maker, 'end', given.end)];
  if (start !== undefined && end !== undefined && end < start)
    throw new MillraceError('SCHEDULE_INVALID', `expected end of ${maker}() after start, ${iso(start)}; got ${iso(end)}`);
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

/** @returns as given, or UTC @throws MillraceError `SCHEDULE_INVALID` */
export function zoneOf(maker: string, timezone: string | undefined): string {
  if (timezone === undefined) return 'UTC';
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return timezone;
  } catch (cause) {
    throw new MillraceError('SCHEDULE_INVALID', `expected timezone of ${maker}() to be a name such as 'Europe/Berlin'; got ${describe(timezone)}`, {
      cause,
    });
  }
}

/** @throws MillraceError `SCHEDULE_INVALID` */
export function wallTimesOf(maker: string, given: string | readonly string[] | undefined): readonly string[] {
  const times = [given].flat() as readonly string[];
  const wrong = times.find((time) => !/^(?:[01]\d|2[0-3]):[0-5]\d$/.test(time));
  if (times.length > 0 && wrong === undefined) return [...new Set(times)].sort();
  throw new MillraceError('SCHEDULE_INVALID', `expected at of ${maker}() as '06:30', or a list of such; got ${describe(wrong ?? given)}`);
}

export function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.000Z$/, 'Z');
}

/** ` from … until …` */
export function boundsText({ start, end }: Bounds): string {
  return `${start === undefined ? '' : ` from ${iso(start)}`}${end === undefined ? '' : ` until ${iso(end)}`}`;
}
