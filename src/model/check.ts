import { MillraceError } from '../base/error.js';
import { knowError } from '../base/error-class.js';

/** `fail`: the task run fails. `warn`: it is recorded and shown, no more. */
export type CheckSeverity = 'warn' | 'fail';

/** A data-quality check on what a task gave. */
export interface Check<R> {
  readonly name: string;
  readonly severity: CheckSeverity;
  /** True: passed. False, or a message that says what is wrong: not passed. */
  // A method, so that a flow of rows passes for a flow of anything.
  ok(value: R): boolean | string | PromiseLike<boolean | string>;
}

/** What became of one check: plain data, as it is recorded and shown. */
export interface CheckResult {
  readonly name: string;
  readonly severity: CheckSeverity;
  readonly passed: boolean;
  /** What was wrong, where the check says so. */
  readonly message?: string;
}

/** A result was refused by its task's own checks. Code `CHECK_FAILED`. */
export class CheckFailedError extends MillraceError {
  /** Of every check of the task, those that passed and those that only warn too. */
  readonly results: readonly CheckResult[];

  constructor(results: readonly CheckResult[]) {
    const failed = results.filter(({ passed, severity }) => !passed && severity === 'fail');
    const listed = failed.map(({ name, message }) => `'${name}'${message === undefined ? '' : ` (${message})`}`).join(', ');
    super('CHECK_FAILED', `expected the result to pass its checks; ${failed.length} of ${results.length} failed: ${listed}`);
    this.results = results;
  }
}

knowError('CheckFailedError', CheckFailedError);
