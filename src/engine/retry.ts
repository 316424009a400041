import { asError, describe, MillraceError } from '../base/error.js';
import type { NormalizedRetry } from '../model/retry-policy.js';

/** Is told what went wrong in a policy's own functions, since the answer is then simply no. */
export type BrokenPolicy = (problem: MillraceError) => void;

/**
 * How long to wait, in milliseconds, before the try after `attempt` (from 1), which ended with `error`; undefined: no more tries (S13).
 * Pure but for the policy's own functions: time and chance come in from outside, and it does not know what is tried.
 *
 * `Fail` and `Skip` are never retried: the one says so, the other is no failure. They are known by name, since a flow file may hold another
 * copy of the package. Where `if` or `delay` throws, or gives what cannot be used, nothing is tried again: the task ends with its own error,
 * and `onBroken` is told of the other (code `RETRY_POLICY_BROKEN`).
 *
 * @param random from 0 to below 1
 */
export function nextDelay(
  policy: NormalizedRetry,
  attempt: number,
  error: unknown,
  random: () => number,
  onBroken: BrokenPolicy = () => {},
): number | undefined {
  if (attempt > policy.max) return undefined;
  const { name } = asError(error);
  if (name === 'Fail' || name === 'Skip') return undefined;
  if (!isWanted(policy, attempt, error, onBroken)) return undefined;
  const base = guarded('delay', onBroken, () => policy.delayMs(attempt, error));
  return base === undefined ? undefined : spread(Math.min(base, policy.maxDelayMs), policy, random);
}

function isWanted(policy: NormalizedRetry, attempt: number, error: unknown, onBroken: BrokenPolicy): boolean {
  const { if: condition } = policy;
  if (!condition) return true;
  const answer: unknown = guarded('if', onBroken, () => condition(error, attempt));
  if (!(answer instanceof Promise)) return Boolean(answer);
  // A promise would always count as yes; let go of, it cannot end the process by its rejection.
  answer.catch(() => {});
  onBroken(new MillraceError('RETRY_POLICY_BROKEN', 'retries.if: expected true or false; it returned a promise', { hint: 'It cannot be async.' }));
  return false;
}

/**
 * Anywhere from `base` less jitter to `base` plus jitter, with the cap cutting the range instead of its results: else half of all tasks at
 * the cap would come back at the same moment.
 */
function spread(base: number, { jitter, maxDelayMs }: NormalizedRetry, random: () => number): number {
  if (jitter === 0) return base;
  const least = base * (1 - jitter);
  const most = Math.min(base * (1 + jitter), maxDelayMs);
  return least + random() * (most - least);
}

function guarded<T>(field: string, onBroken: BrokenPolicy, ask: () => T): T | undefined {
  try {
    return ask();
  } catch (cause) {
    const { message } = asError(cause);
    onBroken(new MillraceError('RETRY_POLICY_BROKEN', `retries.${field} failed, so nothing is tried again: ${describe(message, 200)}`, { cause }));
    return undefined;
  }
}
