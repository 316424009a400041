import { describe, MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';
import type { Check, CheckSeverity } from '../model/check.js';

/**
 * A data-quality check for a task's `checks`. It is run on each new result before that is stored; a reused result has passed already.
 *
 * @param ok true when the value is right; false, or a message, when it is not. One that throws has not passed either
 * @param options.severity `fail` (default) fails the task run with a `CheckFailedError`; `warn` is recorded and shown
 * @example check('no free orders', (orders: Order[]) => orders.every((order) => order.cents > 0) || 'some cost nothing', { severity: 'warn' })
 * @throws MillraceError `CHECK_INVALID`
 */
export function check<R>(
  name: string,
  ok: (value: R) => boolean | string | Promise<boolean | string>,
  options: { readonly severity?: CheckSeverity } = {},
): Check<R> {
  const { severity = 'fail' } = options;
  if (typeof name !== 'string' || name.trim() === '')
    throw new MillraceError('CHECK_INVALID', `expected check(name, ok, options) with a name; got ${describe(name)}`);
  if (typeof ok !== 'function') throw new MillraceError('CHECK_INVALID', `expected check '${name}' to have a function; got ${describe(ok)}`);
  if (severity !== 'fail' && severity !== 'warn')
    throw new MillraceError('CHECK_INVALID', `expected the severity of check '${name}' to be 'fail' or 'warn'; got ${describe(severity)}`);
  refuseOtherOptions(options, ['severity'], 'CHECK_INVALID', ` of check '${name}'`);
  return Object.freeze({ name, severity, ok });
}
