import { createRequire } from 'node:module';
import type { Cron } from 'croner';
import { asError, describe, MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';
import type { Schedule } from '../model/schedule.js';
import { boundsOf, boundsText, zoneOf } from './given-times.js';
import { madeSchedule } from './made-schedule.js';
import { type MidnightGap, midnightGaps } from './midnight-gaps.js';
import { bounded, noDelay, type Rule } from './rule.js';
import type { CronSpec } from './schedule-spec.js';

export interface CronOptions {
  /** IANA name of the time zone whose wall clock counts. @default 'UTC' */
  readonly timezone?: string | undefined;
  /** No instants before it. @default none */
  readonly start?: Date | undefined;
  /** No instants after it. @default none */
  readonly end?: Date | undefined;
}

/**
 * The times of a cron expression: `'0 6 * * 1-5'`; also `L` for the last day of the month, `#` and names of months and days (see croner's syntax).
 * Should clocks be changed, a time of day that is skipped fires once, at the next one there is, and one that is repeated once (S34). An expression for
 * every hour (`*`, or a step of it) goes through the hours that there are, so that no gap is longer than it says.
 * @throws MillraceError `SCHEDULE_INVALID`
 */
export function cron(expression: string, options: CronOptions = {}): Schedule<never> {
  if (typeof expression !== 'string' || expression.trim() === '') throw invalid(describe(expression));
  refuseOtherOptions(options, ['timezone', 'start', 'end'], 'SCHEDULE_INVALID', ' of cron()');
  const text = expression.trim().replaceAll(/\s+/g, ' ');
  const spec: CronSpec = { kind: 'cron', expression: text, timezone: zoneOf('cron', options.timezone), ...boundsOf('cron', options) };
  return madeSchedule({ kind: 'cron', rule: cronRule(spec), text: `cron ${text} ${spec.timezone}${boundsText(spec)}`, spec });
}

/** By require, since definitions are synchronous, and flows without such a schedule are not to load it. */
let loaded: typeof Cron | undefined;

/**
 * Croner decides about changes of the clock as S34 does; expressions that go through all hours (`*`, steps) go by elapsed time.
 * @throws MillraceError `SCHEDULE_INVALID`
 */
export function cronRule({ expression, timezone, ...bounds }: Omit<CronSpec, 'kind'>): Rule {
  loaded ??= (createRequire(import.meta.url)('croner') as { Cron: typeof Cron }).Cron;
  const cron = parsed(loaded, expression, timezone);
  const isSkipped = goesThroughHours(expression) ? undefined : wallClock(parsed(loaded, expression, 'UTC'));
  // What it passes over is found for itself.
  const skipped = (after: number, before: number): readonly number[] =>
    isSkipped === undefined ? [] : [...midnightGaps(timezone, after, before)].filter(isSkipped).map(({ at }) => at);
  const rule: Rule = {
    next: (after) => {
      const found = cron.nextRun(new Date(Math.floor(after)))?.getTime();
      return found === undefined ? undefined : (skipped(after, found)[0] ?? found);
    },
    previous: (before) => {
      const found = cron.previousRuns(1, new Date(Math.ceil(before)))[0]?.getTime();
      return found === undefined ? undefined : (skipped(found, before - 1).at(-1) ?? found);
    },
    delay: noDelay,
  };
  return bounded(rule, bounds);
}

function goesThroughHours(expression: string): boolean {
  const fields = expression.split(' ');
  return fields[fields.length - 4]?.startsWith('*') ?? false;
}

/** Whether times of day lie in a gap. */
function wallClock(cron: Cron): (gap: MidnightGap) => boolean {
  return ({ wallFrom, wallTo }) => (cron.nextRun(new Date(wallFrom - 1))?.getTime() ?? wallTo) < wallTo;
}

function parsed(Parser: typeof Cron, expression: string, timezone: string): Cron {
  try {
    return new Parser(expression, { timezone, paused: true });
  } catch (error) {
    throw invalid(`'${expression}': ${asError(error).message.replace(/^CronPattern: /, '')}`, error);
  }
}

function invalid(got: string, cause?: unknown): MillraceError {
  return new MillraceError('SCHEDULE_INVALID', `expected cron() with an expression such as '0 6 * * 1-5'; got ${got}`, {
    cause,
    hint: 'The fields are minute, hour, day of the month, month and day of the week; a sixth one in front is seconds.',
  });
}
