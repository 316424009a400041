import type { MissedPolicy } from '../model/schedule.js';
import type { Instant } from '../schedule/instants.js';
import type { FollowedRule } from './followed-rule.js';

/** What a service notices within so long is on time. What it notices later was missed: none was running, or none could work. In milliseconds. */
const ON_TIME_MS = 5_000;

/** The last instant is run by `skip`, too, when it is no older: a service that is started anew takes a moment. */
const HARDLY_MISSED_MS = 30_000;

/** More instants of one schedule are added in later turns. */
const AT_ONCE = 1_000;

export interface DueInstants {
  /** Those that are to have a run, in order. */
  readonly instants: readonly Instant[];
  /** Up to here the schedule has been followed with that. */
  readonly until: number;
}

/**
 * Which instants since `from` are to have a run (S35): `all` takes each. Else those that are on time, all of them; where there are none, the last: for
 * `latest` however old it is, for `skip` when it was hardly missed. Pure: all services come to the same.
 */
export function dueInstants(rule: FollowedRule, from: number, now: number, missed: MissedPolicy): DueInstants {
  const end = Math.min(now, rule.reach);
  if (end <= from) return { instants: [], until: from };
  const instants: Instant[] = [];
  for (const instant of rule.between(missed === 'all' ? from : Math.max(from, now - ON_TIME_MS - 1), end)) {
    instants.push(instant);
    if (instants.length === AT_ONCE) return { instants, until: instant.at };
  }
  if (instants.length > 0 || missed === 'all') return { instants, until: end };
  const last = rule.latest(end);
  const isWanted = last !== undefined && last.at > from && (missed === 'latest' || now - last.at <= HARDLY_MISSED_MS);
  return { instants: isWanted ? [last] : [], until: end };
}
