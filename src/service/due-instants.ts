import type { MissedPolicy } from '../model/schedule.js';
import type { Instant } from '../schedule/instants.js';
import type { FollowedRule } from './followed-rule.js';

/** An instant that a service notices so much later was missed: none was running. In milliseconds. */
export const MISSED_AFTER_MS = 30_000;

/** More instants of one schedule are added in later turns. */
const AT_ONCE = 1_000;

export interface DueInstants {
  /** Those that are to have a run, in order. */
  readonly instants: readonly Instant[];
  /** Up to here the schedule has been followed with that. */
  readonly until: number;
}

/**
 * Which instants since `from` are to have a run (S35). Those of the last half minute are on time, all others were missed: `skip` passes over them,
 * `all` takes each, `latest` the last of them, unless a later one is on time anyway. Pure: all services come to the same.
 */
export function dueInstants(rule: FollowedRule, from: number, now: number, missed: MissedPolicy): DueInstants {
  const end = Math.min(now, rule.reach);
  if (end <= from) return { instants: [], until: from };
  const instants: Instant[] = [];
  for (const instant of rule.between(missed === 'all' ? from : Math.max(from, now - MISSED_AFTER_MS), end)) {
    instants.push(instant);
    if (instants.length === AT_ONCE) return { instants, until: instant.at };
  }
  if (instants.length > 0 || missed !== 'latest') return { instants, until: end };
  const last = rule.latest(end);
  return { instants: last !== undefined && last.at > from ? [last] : [], until: end };
}
