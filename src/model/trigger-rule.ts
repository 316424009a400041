import { describe, MillraceError } from '../base/error.js';
import type { FinalState } from './final-state.js';

/** The rules that have a name (S11). */
export const TRIGGER_RULES = [
  'all-success',
  'all-done',
  'all-failed',
  'any-success',
  'any-failed',
  'none-failed',
  'none-failed-min-one-success',
] as const;

export type TriggerRuleName = (typeof TRIGGER_RULES)[number];

/**
 * A rule of one's own. It is asked once, when every upstream has settled, and must answer at once: no promise. `upstream` is keyed by id,
 * such as `clean#2`. false ends the task as `upstream-failed` where something failed, else as `cancelled` or `skipped`.
 */
export type TriggerFunction = (upstream: ReadonlyMap<string, FinalState<unknown>>) => boolean;

/**
 * When a task runs, given what became of its upstreams (S11). Failed means failed, upstream-failed, timed-out or crashed.
 * - `all-success` (default): each succeeded or was cached; a skipped one skips the task, see `skipOnUpstreamSkip`
 * - `all-done`: whatever became of them
 * - `all-failed`: each failed
 * - `any-success`, `any-failed`: at the first that did, without waiting for the rest
 * - `none-failed`: each succeeded or was skipped
 * - `none-failed-min-one-success`: the same, and not all were skipped
 *
 * A task without upstreams runs, whatever its rule.
 */
export type TriggerRule = TriggerRuleName | TriggerFunction;

/** For callers without a type checker. @throws MillraceError `TRIGGER_RULE_INVALID` */
export function checkTriggerRule(rule: unknown): asserts rule is TriggerRule {
  if (typeof rule === 'function' || (TRIGGER_RULES as readonly unknown[]).includes(rule)) return;
  throw new MillraceError('TRIGGER_RULE_INVALID', `expected a trigger rule; got ${describe(rule)}`, {
    hint: `Use one of ${TRIGGER_RULES.map((name) => `'${name}'`).join(', ')}, or a function of the upstream states.`,
  });
}
