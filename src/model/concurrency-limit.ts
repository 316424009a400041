import { type Duration, toMs } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';

/**
 * A named bound on what runs at once, or on what starts within a period (S14). Tasks with a limit of the same name share it, whatever their
 * priority and in whichever run, also of other processes that share the record; make it with `limit`.
 */
export interface ConcurrencyLimit {
  readonly name: string;
  /** Without `per`: task runs at the same time. With it: starts within any stretch of that length. */
  readonly max: number;
  readonly per?: Duration;
  /** Units that one task run takes, or one start counts for. @default 1 */
  readonly slots?: number;
}

export interface LimitOptions {
  /** Makes it a rate: `max` starts within any stretch of this length. */
  readonly per?: Duration;
  /** Units that one task run takes: 1 to `max`. @default 1 */
  readonly slots?: number;
}

const MAX_NAME = 200;

/**
 * `limit('gpu', 1)`: at most one task run of those that name it at any time. `limit('shop-api', 10, { per: '1s' })`: at most ten starts in
 * any second, counted as a sliding window; each retry is a start.
 *
 * `limit('memory', 16, { slots: 4 })`: a task that takes four units of a limit of 16.
 *
 * It holds for all runs that share a record, in whichever process, and in memory for those of the process. Of those that wait, the highest priority
 * goes first, then who came first. A process that dies gives its units back. A task that itself starts a run and waits for it keeps its units
 * meanwhile: what that run does must not need them.
 *
 * One name has one meaning: another number under the same name in a run is the error `LIMIT_CONFLICT`. Where another run gives it another number
 * while it is in use, the run that began to use it last is right, for all, and warns in its log. A number at once and a number per period are counted
 * each for itself.
 * @throws MillraceError `LIMIT_INVALID`
 */
export function limit(name: string, max: number, options: LimitOptions = {}): ConcurrencyLimit {
  if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_NAME)
    throw invalid(`a name of 1 to ${MAX_NAME} characters; got ${describe(name)}`);
  // 0 would hold its tasks for ever.
  if (!Number.isSafeInteger(max) || max < 1) throw invalid(`a whole number of at least 1 for '${name}'; got ${describe(max)}`);
  const { per, slots } = options;
  refuseOtherOptions(options, ['per', 'slots'], 'LIMIT_INVALID', ` of limit '${name}'`);
  if (slots !== undefined && (!Number.isSafeInteger(slots) || slots < 1 || slots > max))
    throw invalid(`a whole number of slots from 1 to ${max} for '${name}'; got ${describe(slots)}`);
  if (per !== undefined) checkPeriod(name, per);
  return Object.freeze({ name, max, ...(per === undefined ? {} : { per }), ...(slots === undefined ? {} : { slots }) });
}

/** A limit that holds within one run, whatever others are called. */
interface RunLimit extends ConcurrencyLimit {
  readonly ofRun: true;
}

export function runLimit(name: string, max: number): ConcurrencyLimit {
  return Object.freeze({ name, max, ofRun: true } satisfies RunLimit);
}

export function isOfRun(limit: ConcurrencyLimit): boolean {
  return (limit as Partial<RunLimit>).ofRun === true;
}

function checkPeriod(name: string, per: Duration): void {
  let cause: unknown;
  try {
    if (toMs(per) > 0) return;
  } catch (error) {
    cause = error;
  }
  throw invalid(`a period such as '1s' or '1m', longer than 0, for '${name}'; got ${describe(per)}`, cause);
}

function invalid(expected: string, cause?: unknown): MillraceError {
  return new MillraceError('LIMIT_INVALID', `limit: expected ${expected}`, { cause });
}
