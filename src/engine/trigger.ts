import { describe, MillraceError } from '../base/error.js';
import type { FinalState } from '../model/final-state.js';
import type { TriggerFunction, TriggerRuleName } from '../model/trigger-rule.js';

/** How many inputs of a node have ended in which way so far; the rest of `total` is pending. */
export interface Tally {
  readonly total: number;
  /** success, cached */
  readonly success: number;
  /** failed, upstream-failed, timed-out, crashed */
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
}

/** What a rule makes of a tally: wait for more inputs, run, or end without running, in the state named. */
export type Verdict = 'run' | 'wait' | 'skipped' | 'upstream-failed' | 'cancelled';

export interface JudgeOptions {
  /**
   * true: where the rule says run, a skipped input skips the task all the same. false: a skipped input counts as a success, as in Prefect 1.
   * @default true for `all-success`; for the other rules a skipped input is neither a success nor a failure, as in Airflow
   */
  readonly skipOnUpstreamSkip?: boolean;
}

/**
 * What is to become of a node with this rule (S11). Pure: the same tally gives the same verdict, and once it is not `wait` it stays the same
 * whatever the remaining inputs bring.
 *
 * `any-success` and `any-failed` say run at the first input that makes them true; every other verdict waits for the last input, so that a
 * task is not told to end as `skipped` or as `upstream-failed` depending on which input was faster. `any-*` with `skipOnUpstreamSkip: true`
 * waits too, since a later input may skip it.
 *
 * Of several reasons not to run, a failure weighs more than a cancellation, and that more than a skip. A rule that waits for failures and
 * saw none is `skipped`: nothing went wrong.
 *
 * A node without inputs runs whatever its rule, as in Airflow (Prefect 1 too, but for `not_all_skipped`).
 */
export function judge(rule: TriggerRuleName, tally: Tally, options: JudgeOptions = {}): Verdict {
  if (tally.total === 0) return 'run';
  const { skipOnUpstreamSkip = rule === 'all-success' ? true : undefined } = options;
  const skippedAsSuccess = skipOnUpstreamSkip === false ? tally.skipped : 0;
  const success = tally.success + skippedAsSuccess;
  const isEarly = skipOnUpstreamSkip !== true && ((rule === 'any-success' && success > 0) || (rule === 'any-failed' && tally.failed > 0));
  if (isEarly) return 'run';
  if (pending(tally) > 0) return 'wait';
  const verdict = VERDICTS[rule](tally, success);
  return verdict === 'run' && skipOnUpstreamSkip === true && tally.skipped > 0 ? 'skipped' : verdict;
}

/**
 * The same for a rule of the user's own. `upstream` is asked for only when no input is pending; its keys are ids.
 * @throws MillraceError `TRIGGER_RULE_INVALID` when the function returns no boolean
 * @throws what the function throws: the task has then failed with it
 */
export function judgeByFunction(
  rule: TriggerFunction,
  tally: Tally,
  upstream: () => ReadonlyMap<string, FinalState<unknown>>,
  options: JudgeOptions = {},
): Verdict {
  if (tally.total === 0) return 'run';
  if (pending(tally) > 0) return 'wait';
  const answer: unknown = rule(upstream());
  if (typeof answer !== 'boolean') throw noBoolean(answer);
  if (!answer) return heaviest(tally);
  return options.skipOnUpstreamSkip === true && tally.skipped > 0 ? 'skipped' : 'run';
}

/** Each rule when all inputs have settled. `success` includes what counts as one. */
const VERDICTS: Readonly<Record<TriggerRuleName, (tally: Tally, success: number) => Verdict>> = {
  // A skip is dealt with by `skipOnUpstreamSkip`, which is never left open for this rule.
  'all-success': (tally) => (tally.failed + tally.cancelled > 0 ? heaviest(tally) : 'run'),
  'all-done': () => 'run',
  // One success or skip rules it out, whatever the cancelled ones would have come to.
  'all-failed': (tally) => (tally.failed === tally.total ? 'run' : tally.success + tally.skipped > 0 ? 'skipped' : 'cancelled'),
  'any-success': (tally, success) => (success > 0 ? 'run' : heaviest(tally)),
  'any-failed': (tally) => (tally.failed > 0 ? 'run' : heaviest(tally)),
  'none-failed': (tally) => (tally.failed + tally.cancelled > 0 ? heaviest(tally) : 'run'),
  'none-failed-min-one-success': (tally, success) => (tally.failed + tally.cancelled === 0 && success > 0 ? 'run' : heaviest(tally)),
};

function heaviest(tally: Tally): Verdict {
  return tally.failed > 0 ? 'upstream-failed' : tally.cancelled > 0 ? 'cancelled' : 'skipped';
}

function pending(tally: Tally): number {
  return tally.total - tally.success - tally.failed - tally.skipped - tally.cancelled;
}

function noBoolean(answer: unknown): MillraceError {
  // A promise is let go of: its rejection must not end the process beside this error.
  if (answer instanceof Promise) answer.catch(() => {});
  const came = answer instanceof Promise ? 'a promise' : describe(answer);
  return new MillraceError('TRIGGER_RULE_INVALID', `expected a trigger function to return true or false; it returned ${came}`, {
    hint: 'A trigger function looks at states and answers at once; what must be awaited belongs into a task before it.',
  });
}
