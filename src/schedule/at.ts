import { describe, MillraceError } from '../base/error.js';
import type { Schedule } from '../model/schedule.js';
import { madeSchedule, specOf } from './made-schedule.js';
import { ruleOf } from './rule.js';

/** A schedule whose runs are given parameters of their own: `at(cron('0 3 * * 0'), { testRatio: 0.4 })`. @throws MillraceError `SCHEDULE_INVALID` */
export function at<P>(schedule: Schedule<never>, params: P): Schedule<P> {
  if (typeof params !== 'object' || params === null)
    throw new MillraceError('SCHEDULE_INVALID', `expected at() with parameters by name; got ${describe(params)}`);
  const given: Readonly<Record<string, unknown>> = Object.assign({}, schedule.params, params);
  const spec = specOf(schedule);
  return madeSchedule({
    kind: 'at',
    rule: ruleOf(schedule),
    text: `${schedule} with ${shown(given)}`,
    spec: spec && { kind: 'at', of: spec, params: given },
    params: given,
  }) as Schedule<unknown> as Schedule<P>;
}

/** The same whichever way they were written. */
function shown(params: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(params).sort();
  return names.map((name) => `${name}=${JSON.stringify(params[name]) ?? String(params[name])}`).join(' ');
}
