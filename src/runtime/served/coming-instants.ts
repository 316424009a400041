import { instantsBetween } from '../../schedule/instants.js';
import { scheduleOf } from '../../schedule/schedule-of.js';
import type { ServedSchedule } from './definition.js';

/** The instants of a schedule after this time, at most so many. Of one that cannot be understood here, none. */
export function comingInstants({ spec, listed }: ServedSchedule, after: number, count: number): readonly number[] {
  if (spec === undefined)
    return (listed?.instants ?? [])
      .map(({ at }) => at)
      .filter((at) => at > after)
      .slice(0, count);
  const coming: number[] = [];
  try {
    for (const { at } of instantsBetween(scheduleOf(spec), after, Number.POSITIVE_INFINITY)) {
      if (coming.length >= count) break;
      coming.push(at);
    }
  } catch {
    // A kind of schedule that this version does not know.
  }
  return coming;
}

/** The next instant of a schedule of a flow. */
export interface NextInstant {
  readonly flow: string;
  readonly schedule: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The next instant of each schedule, the first ones first, at most so many. */
export function nextInstants(
  flows: readonly { readonly name: string; readonly schedules: readonly ServedSchedule[] }[],
  now: number,
  limit: number,
): readonly NextInstant[] {
  const next = flows.flatMap(({ name, schedules }) =>
    schedules.flatMap((schedule) => comingInstants(schedule, now, 1).map((at): NextInstant => ({ flow: name, schedule: schedule.text, at }))),
  );
  return next.sort((a, b) => a.at - b.at || (a.flow < b.flow ? -1 : 1)).slice(0, limit);
}
