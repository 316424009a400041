import { asError, describe } from '../base/error.js';
import { isThenable } from '../base/thenable.js';
import { type Check, CheckFailedError, type CheckResult } from '../model/check.js';

/**
 * Runs every check of a task on its result, also after one has failed, so that all that is wrong is told at once. Never throws or
 * rejects: a check that does has not passed. Synchronous when all checks are, so that a task with checks costs no promise.
 */
export function runChecks(checks: readonly Check<never>[], value: unknown): readonly CheckResult[] | Promise<readonly CheckResult[]> {
  const results = checks.map((check) => runCheck(check, value));
  return results.some((result) => result instanceof Promise) ? Promise.all(results) : (results as CheckResult[]);
}

/** The error of a task run whose result was refused: undefined when no check that counts has failed. Warnings alone refuse nothing. */
export function refusal(results: readonly CheckResult[]): CheckFailedError | undefined {
  return results.some(({ passed, severity }) => !passed && severity === 'fail') ? new CheckFailedError(results) : undefined;
}

function runCheck(check: Check<never>, value: unknown): CheckResult | Promise<CheckResult> {
  try {
    const verdict = check.ok(value as never);
    if (!isThenable(verdict)) return resultOf(check, verdict);
    return Promise.resolve(verdict).then(
      (late) => resultOf(check, late),
      (error: unknown) => threw(check, error),
    );
  } catch (error) {
    return threw(check, error);
  }
}

function resultOf(check: Check<never>, verdict: unknown): CheckResult {
  if (verdict === true) return result(check, true);
  if (verdict === false || verdict === '') return result(check, false);
  // A check that forgets to answer must not let everything pass.
  return result(check, false, typeof verdict === 'string' ? verdict : `expected true, false or a message; got ${describe(verdict)}`);
}

function threw(check: Check<never>, thrown: unknown): CheckResult {
  const { name, message } = asError(thrown);
  return result(check, false, message || name);
}

function result({ name, severity }: Check<never>, passed: boolean, message?: string): CheckResult {
  return Object.freeze({ name, severity, passed, ...(message === undefined ? {} : { message }) });
}
