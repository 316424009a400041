import { sha256 } from '../base/digest.js';
import { type Duration, toMs } from '../base/duration.js';
import { MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';
import type { Schedule } from '../model/schedule.js';
import { boundsOf, boundsText, iso, timeOf } from './given-times.js';
import { madeSchedule } from './made-schedule.js';
import { bounded, noDelay, type Rule } from './rule.js';
import type { EverySpec } from './schedule-spec.js';

export interface EveryOptions {
  /** No instants before it. @default none */
  readonly start?: Date | undefined;
  /** No instants after it. @default none */
  readonly end?: Date | undefined;
  /** One of the instants; the others are whole intervals away. @default `start`, else 1970-01-01T00:00Z, so that `every('1h')` is on the hour */
  readonly anchor?: Date | undefined;
  /** Each run starts up to so much later than its instant, by chance but always the same for one instant; less than the interval. @default none */
  readonly jitter?: Duration | undefined;
}

/**
 * An instant every so often, by elapsed time, whatever the runs last: a day is 24 hours, also when clocks are changed. For wall-clock times use
 * `cron` or `onDays`.
 * @throws MillraceError `DURATION_INVALID`, `SCHEDULE_INVALID`
 */
export function every(interval: Duration, options: EveryOptions = {}): Schedule<never> {
  refuseOtherOptions(options, ['start', 'end', 'anchor', 'jitter'], 'SCHEDULE_INVALID', ' of every()');
  const ms = toMs(interval);
  if (ms < 1) throw new MillraceError('SCHEDULE_INVALID', `expected every() with an interval of at least one millisecond; got ${interval}`);
  const jitterMs = options.jitter === undefined ? 0 : toMs(options.jitter);
  if (jitterMs >= ms) throw new MillraceError('SCHEDULE_INVALID', `expected a jitter shorter than the interval of ${ms} ms; got ${jitterMs} ms`);
  const bounds = boundsOf('every', options);
  const anchor = timeOf('every', 'anchor', options.anchor) ?? bounds.start ?? 0;
  const spec: EverySpec = { kind: 'every', ms, anchor, ...bounds, ...(jitterMs > 0 ? { jitterMs } : {}) };
  return madeSchedule({ kind: 'every', rule: ruleOfEvery(spec), text: textOf(spec), spec });
}

function ruleOfEvery(spec: EverySpec): Rule {
  const { ms, anchor, jitterMs } = spec;
  const rule: Rule = {
    next: (after) => anchor + (Math.floor((after - anchor) / ms) + 1) * ms,
    previous: (before) => anchor + (Math.ceil((before - anchor) / ms) - 1) * ms,
    // By chance, and yet the same for whoever asks: all services agree on when an instant's run is due.
    delay: jitterMs === undefined ? noDelay : (instant) => Math.floor(chanceOf(`${anchor}/${ms}/${instant}`) * jitterMs),
  };
  return bounded(rule, spec);
}

/** From 0 to 1. */
function chanceOf(text: string): number {
  return Number.parseInt(sha256(text).slice(0, 8), 16) / 2 ** 32;
}

function textOf(spec: EverySpec): string {
  const { ms, anchor, start, jitterMs } = spec;
  const anchored = anchor === (start ?? 0) ? '' : ` anchored at ${iso(anchor)}`;
  return `every ${lengthOf(ms)}${anchored}${boundsText(spec)}${jitterMs === undefined ? '' : ` with a jitter of ${lengthOf(jitterMs)}`}`;
}

/** In the greatest unit that says it exactly. */
function lengthOf(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const;
  const unit = units.find(([, size]) => ms % size === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}
