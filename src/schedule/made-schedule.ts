import type { Schedule } from '../model/schedule.js';
import type { Rule } from './rule.js';
import type { ScheduleSpec } from './schedule-spec.js';

/** What a schedule is made of. */
export interface ScheduleParts {
  readonly kind: string;
  readonly rule: Rule;
  /** For people, and to tell it from others. */
  readonly text: string;
  /** Undefined where something of the user's own is part of it. */
  readonly spec: ScheduleSpec | undefined;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** A rule as the port has it. */
export function madeSchedule({ kind, rule, text, spec, params }: ScheduleParts): Schedule<never> {
  const date = (time: number | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));
  return Object.freeze({
    kind,
    ...(params === undefined ? {} : { params: params as never }),
    next: (after: Date) => date(rule.next(after.getTime())),
    previous: (before: Date) => date(rule.previous(before.getTime())),
    delay: (instant: Date) => rule.delay(instant.getTime()),
    toJSON: () => spec,
    toString: () => text,
  });
}

/** As data, where it can be said so. */
export function specOf(schedule: Schedule<never>): ScheduleSpec | undefined {
  return schedule.toJSON?.() as ScheduleSpec | undefined;
}
