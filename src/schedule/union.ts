import { MillraceError } from '../base/error.js';
import type { Schedule } from '../model/schedule.js';
import { madeSchedule, specOf } from './made-schedule.js';
import { earliestOf, ruleOf } from './rule.js';
import type { ScheduleSpec } from './schedule-spec.js';

/** The instants of all of them; those of several at once are one. @throws MillraceError `SCHEDULE_INVALID` */
export function union(...schedules: readonly Schedule<never>[]): Schedule<never> {
  if (schedules.length === 0) throw new MillraceError('SCHEDULE_INVALID', 'expected union() of at least one schedule; got none');
  const specs = schedules.map(specOf);
  const isData = specs.every((spec): spec is ScheduleSpec => spec !== undefined);
  return madeSchedule({
    kind: 'union',
    rule: earliestOf(schedules.map(ruleOf)),
    text: schedules.join(' or '),
    spec: isData ? { kind: 'union', of: specs } : undefined,
  });
}
