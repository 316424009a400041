import { LONGEST_TIMER_MS } from '../base/clock.js';
import { type Duration, toMs } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';

/** When and how a failed task is tried again (S13). */
export interface RetryPolicy {
  /** Tries after the first one: 2 makes for three attempts at most. A whole number, 0 for none. */
  readonly max: number;
  /**
   * How long to wait before the next try: one duration for all; a list with one for each try, the last repeated; or a function of the
   * attempt that failed (from 1) and what it threw.
   * @default 0, and 1 second with `backoff: 'exponential'`
   */
  readonly delay?: Duration | readonly Duration[] | ((attempt: number, error: unknown) => Duration);
  /** `exponential` doubles a single `delay` with each try: d, 2d, 4d … @default 'fixed' */
  readonly backoff?: 'fixed' | 'exponential';
  /** Spreads each delay by this fraction of it, up and down, so that tasks that failed together do not come back together. 0 to 1. @default 0 */
  readonly jitter?: number;
  /** No delay is longer, jitter included. At most, and by default, 2³¹−1 milliseconds (24.8 days), the longest that a timer waits. */
  readonly maxDelay?: Duration;
  /** Whether to try again after this error; `attempt` is the one that failed, from 1. One that throws counts as no. @default always */
  readonly if?: (error: unknown, attempt: number) => boolean;
}

/** A policy that has been checked, with its defaults filled in. */
export interface NormalizedRetry {
  /** 0 only where a task says so itself, so that no default takes its place. */
  readonly max: number;
  /** Milliseconds before jitter and cap. Calls the user's function, so it throws what that throws, or `DURATION_INVALID`. */
  readonly delayMs: (attempt: number, error: unknown) => number;
  /** 0 to 1. */
  readonly jitter: number;
  readonly maxDelayMs: number;
  readonly if: ((error: unknown, attempt: number) => boolean) | undefined;
}

const FIRST_BACKOFF_MS = 1_000;
/** Doubling beyond this changes nothing under the cap, and would come to infinity, of which 0 times is no number. */
const MAX_DOUBLINGS = 60;

const FIELDS: ReadonlySet<string> = new Set(['max', 'delay', 'backoff', 'jitter', 'maxDelay', 'if']);

/**
 * Checks what a task's `retries` says.
 * @returns undefined when nothing is to be retried
 * @throws MillraceError `RETRY_POLICY_INVALID`
 */
export function normalizeRetries(retries: number | RetryPolicy | undefined): NormalizedRetry | undefined {
  if (retries === undefined) return undefined;
  const policy: RetryPolicy = typeof retries === 'number' ? { max: retries } : retries;
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy))
    throw invalid('retries', 'a number or a policy such as { max: 3 }', retries);
  for (const field of Object.keys(policy)) if (!FIELDS.has(field)) throw unknownField(field);
  const { max, delay, backoff = 'fixed', jitter = 0, maxDelay = LONGEST_TIMER_MS } = policy;
  if (!Number.isSafeInteger(max) || max < 0) throw invalid('retries', 'a whole number of tries, 0 or more', max);
  if (backoff !== 'fixed' && backoff !== 'exponential') throw invalid('backoff', "'fixed' or 'exponential'", backoff);
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) throw invalid('jitter', 'a fraction from 0 to 1', jitter);
  if (policy.if !== undefined && typeof policy.if !== 'function') throw invalid('if', 'a function (error, attempt) => boolean', policy.if);
  const delayMs = delayOf(delay, backoff);
  const maxDelayMs = milliseconds('maxDelay', maxDelay);
  return max === 0 ? undefined : Object.freeze({ max, delayMs, jitter, maxDelayMs, if: policy.if });
}

function delayOf(delay: RetryPolicy['delay'], backoff: 'fixed' | 'exponential'): NormalizedRetry['delayMs'] {
  const isSingle = typeof delay !== 'function' && !Array.isArray(delay);
  if (backoff === 'exponential' && !isSingle) throw invalid('delay', "one duration with backoff: 'exponential'", delay);
  if (typeof delay === 'function') return (attempt, error) => toMs(delay(attempt, error));
  if (Array.isArray(delay)) return listed(delay);
  const single = delay as Duration | undefined;
  if (backoff === 'fixed') {
    const ms = single === undefined ? 0 : milliseconds('delay', single);
    return () => ms;
  }
  const first = single === undefined ? FIRST_BACKOFF_MS : milliseconds('delay', single);
  return (attempt) => first * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS);
}

function listed(delays: readonly Duration[]): NormalizedRetry['delayMs'] {
  if (delays.length === 0) throw invalid('delay', 'a list of at least one duration', delays);
  const ms = delays.map((each) => milliseconds('delay', each));
  return (attempt) => ms[Math.min(attempt, ms.length) - 1] as number;
}

function milliseconds(field: string, duration: Duration): number {
  let ms: number;
  try {
    ms = toMs(duration);
  } catch (error) {
    throw invalid(field, "a duration such as 500, '30s' or '5m'", duration, error);
  }
  if (ms > LONGEST_TIMER_MS) throw invalid(field, `a duration of at most ${LONGEST_TIMER_MS} ms (24.8 days)`, duration);
  return ms;
}

function invalid(field: string, expected: string, came: unknown, cause?: unknown): MillraceError {
  const subject = field === 'retries' ? 'retries' : `retries.${field}`;
  return new MillraceError('RETRY_POLICY_INVALID', `${subject}: expected ${expected}; got ${describe(came)}`, { cause });
}

function unknownField(field: string): MillraceError {
  return new MillraceError('RETRY_POLICY_INVALID', `retries: there is no option ${describe(field)}`, {
    hint: `A retry policy has ${[...FIELDS].join(', ')}.`,
  });
}
