import { MillraceError } from '../base/error.js';
import type { ScheduledTime } from '../model/schedule.js';
import type { StartOptions } from './run-options.js';

/** Whether the run stands for another time than that of its start: its schedule's, that of the run it resumes, or one that somebody gave it. */
export function isGivenItsTime({ due, scheduledTime, dataInterval, resume }: StartOptions): boolean {
  return due?.scheduled !== undefined || scheduledTime !== undefined || dataInterval !== undefined || resume?.origin.scheduled !== undefined;
}

/** The time that a run stands for (S35). @throws MillraceError `RUN_OPTION_INVALID` */
export function scheduledTimeOf({ due, scheduledTime, dataInterval, resume }: StartOptions, now: number): ScheduledTime {
  if (scheduledTime === undefined && dataInterval === undefined) return due?.scheduled ?? resume?.origin.scheduled ?? { at: now, from: now };
  const at = scheduledTime?.getTime() ?? dataInterval?.end.getTime() ?? now;
  const from = dataInterval?.start.getTime() ?? at;
  if (dataInterval !== undefined && dataInterval.end.getTime() !== at)
    throw invalid(`dataInterval to end at scheduledTime, ${shown(at)}`, shown(dataInterval.end.getTime()));
  if (from > at) throw invalid('dataInterval to end after its start', `${shown(from)} to ${shown(at)}`);
  return { at, from };
}

function invalid(expected: string, got: string): MillraceError {
  return new MillraceError('RUN_OPTION_INVALID', `expected ${expected}; got ${got}`);
}

function shown(time: number): string {
  return new Date(time).toISOString();
}
