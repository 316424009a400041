import type { NewDueRun } from '../model/due-run.js';
import { newRunId } from '../model/run-id.js';
import type { FollowedSchedule } from '../runs/service/follow.js';
import type { Instant } from '../schedule/instants.js';
import { dueInstants } from './due-instants.js';
import type { ScheduleData } from './flow-data.js';
import type { FollowedRule } from './followed-rule.js';
import type { ServableFlow } from './servable-flow.js';

/** What is needed of the record. */
export interface Cursors {
  cursors(flow: string): Promise<ReadonlyMap<string, number>>;
  follow(followed: FollowedSchedule): Promise<boolean>;
}

/** Also where nothing was due, the record is told now and then how far a schedule was followed: so that an edited one goes on from there. */
const TOLD_EVERY_MS = 600_000;

/** A cursor so far ahead was set by a clock that was wrong: what comes before is looked at again. What has had its run has it still. */
const WRONG_CLOCK_MS = 3_600_000;

/** Listed instants are asked for anew when those that are left do not reach a day, or a quarter of what the list did. */
const LOW_MS = 86_400_000;

/** How far a schedule is known to have been followed, by whomever. */
interface Followed {
  readonly rule: FollowedRule;
  readonly until: number;
  readonly next: number | undefined;
}

/**
 * Follows the schedules of flows: adds the runs of the instants that have come, and moves the cursor behind them, both or neither (S35). Any number of
 * services do so side by side: of two, one finds the cursor moved.
 */
export class Follower {
  readonly #cursors: Cursors;
  readonly #listAgain: (flow: ServableFlow, after: number) => void;
  /** By flow and schedule. */
  readonly #followed = new Map<string, Followed>();

  constructor(cursors: Cursors, listAgain: (flow: ServableFlow, after: number) => void) {
    this.#cursors = cursors;
    this.#listAgain = listAgain;
  }

  /** When the first of them has its next instant; what has not been followed yet is not counted. */
  nextInstant(flows: readonly ServableFlow[]): number | undefined {
    const all = flows.flatMap((flow) => flow.data.schedules.flatMap((schedule) => this.#followed.get(keyOf(flow, schedule))?.next ?? []));
    return all.length === 0 ? undefined : all.reduce((first, next) => Math.min(first, next));
  }

  /** @throws what the record throws; SCHEDULE_INVALID for a schedule of a user's own that goes backwards */
  async follow(flow: ServableFlow, now: number): Promise<void> {
    const { schedules } = flow.data;
    if (schedules.every((schedule, place) => isUpToDate(this.#followed.get(keyOf(flow, schedule)), flow.rules[place], now))) return;
    const cursors = await this.#cursors.cursors(flow.data.name);
    for (const [place, schedule] of schedules.entries()) await this.#followOne(flow, schedule, flow.rules[place] as FollowedRule, cursors, now);
  }

  async #followOne(flow: ServableFlow, schedule: ScheduleData, rule: FollowedRule, cursors: ReadonlyMap<string, number>, now: number): Promise<void> {
    const key = keyOf(flow, schedule);
    const stored = cursors.get(schedule.text);
    const replaced = stored === undefined ? formerSchedules(flow, cursors) : [];
    const begin =
      stored ??
      beginning(
        flow,
        rule,
        replaced.map((text) => cursors.get(text) as number),
        now,
      );
    const isWrong = begin - now > WRONG_CLOCK_MS;
    const from = isWrong ? now : begin;
    if (flow.data.missed === 'all' && rule.since > from) return this.#listAgain(flow, from);
    const { instants, until } = dueInstants(rule, from, now, flow.data.missed);
    if (isRunningLow(rule, now)) this.#listAgain(flow, until);
    const isWorthTelling = stored === undefined || isWrong || instants.length > 0 || now - stored >= TOLD_EVERY_MS;
    const due = instants.map((instant) => dueRun(flow, schedule, instant, now));
    const step = { flow: flow.data.name, schedule: schedule.text, from: stored, until: Math.max(until, from), due };
    const isMoved = isWorthTelling && (await this.#cursors.follow(replaced.length === 0 ? step : { ...step, replaces: replaced }));
    // Where another service was first, the cursor is read again in the next turn.
    if (isWorthTelling && !isMoved) this.#followed.delete(key);
    else this.#followed.set(key, { rule, until: isMoved ? step.until : begin, next: rule.next(step.until) });
  }
}

function isUpToDate(followed: Followed | undefined, rule: FollowedRule | undefined, now: number): boolean {
  if (followed === undefined || followed.rule !== rule) return false;
  if (now - followed.until >= TOLD_EVERY_MS || followed.until - now > WRONG_CLOCK_MS) return false;
  return followed.next === undefined || followed.next > now;
}

function isRunningLow({ since, reach }: FollowedRule, now: number): boolean {
  return reach - now < Math.min(LOW_MS, (reach - since) / 4);
}

function keyOf(flow: ServableFlow, { text }: ScheduleData): string {
  return `${flow.data.name}\n${text}`;
}

/** Those that the record knows and the flow has no more: this one may stand in the place of one of them. */
function formerSchedules(flow: ServableFlow, cursors: ReadonlyMap<string, number>): readonly string[] {
  const own = new Set(flow.data.schedules.map(({ text }) => text));
  return [...cursors.keys()].filter((text) => !own.has(text));
}

/** Where a schedule that the record does not know is followed from: an edited one goes on where it was, a new one begins now or at its start. */
function beginning(flow: ServableFlow, rule: FollowedRule, former: readonly number[], now: number): number {
  if (former.length > 0) return Math.min(Math.max(...former), now);
  return flow.data.missed === 'all' && rule.start !== undefined ? Math.min(rule.start - 1, now) : now;
}

function dueRun({ data }: ServableFlow, { text, params }: ScheduleData, { at, from, dueAt }: Instant, now: number): NewDueRun {
  return {
    flow: data.name,
    key: `${text}@${new Date(at).toISOString()}`,
    // Sorts by when it is made, as all ids of runs do.
    run: newRunId(now),
    cause: 'schedule',
    schedule: text,
    params,
    tags: [],
    scheduled: { at, from },
    dueAt,
    createdAt: now,
  };
}
