import { type Clock, LONGEST_TIMER_MS, systemClock, wallTime } from '../base/clock.js';

/**
 * The time that people live by: schedules follow a clock that is set, and one that went on while the machine slept. A wait that no timer can hold
 * ends early: whoever waits looks at the time.
 */
export const wallClock: Clock = {
  now: wallTime,
  schedule: (ms, callback, options) => systemClock.schedule(Math.min(ms, LONGEST_TIMER_MS), callback, options),
};
