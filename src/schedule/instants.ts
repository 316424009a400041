import type { Schedule, ScheduledTime } from '../model/schedule.js';
import { ruleOf } from './rule.js';

/** Instants of any schedule, with what is to be known of each. */

export interface Instant extends ScheduledTime {
  /** When its run is to start: later than `at`, where the schedule has a jitter. */
  readonly dueAt: number;
}

/** In order: those after the one time, up to and with the other. Lazily, since there may be very many. */
export function* instantsBetween(schedule: Schedule<never>, after: number, until: number): Generator<Instant, void> {
  const rule = ruleOf(schedule);
  let before: number | undefined;
  for (let at = rule.next(after); at !== undefined && at <= until; at = rule.next(at)) {
    yield { at, from: before ?? rule.previous(at) ?? at, dueAt: at + rule.delay(at) };
    before = at;
  }
}

/** The last one up to and with this time. */
export function latestInstant(schedule: Schedule<never>, until: number): Instant | undefined {
  const rule = ruleOf(schedule);
  const at = rule.previous(until + 1);
  return at === undefined ? undefined : { at, from: rule.previous(at) ?? at, dueAt: at + rule.delay(at) };
}
