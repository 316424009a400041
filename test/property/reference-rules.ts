import { actOf } from './program-acts.js';
import type { Traits } from './random-program.js';
import { type Call, type End, hasValue, isFailure } from './reference-call.js';

/** The trigger rules in words of their own. */
export function judge(
  { rule = 'all-success', skipOnUpstreamSkip = rule === 'all-success' || undefined }: Traits,
  inputs: readonly Call[],
): 'run' | End {
  if (inputs.length === 0) return 'run';
  const skips = inputs.filter(({ end }) => end === 'skipped').length;
  const failures = inputs.filter(isFailure).length;
  const values = inputs.filter(hasValue).length;
  const good = skipOnUpstreamSkip === false ? values + skips : values;
  const runs = {
    'all-success': failures === 0,
    'all-done': true,
    'all-failed': failures === inputs.length,
    'any-success': good > 0,
    'any-failed': failures > 0,
    'none-failed': failures === 0,
    'none-failed-min-one-success': failures === 0 && good > 0,
    most: values * 2 > inputs.length,
  }[rule];
  if (runs) return skipOnUpstreamSkip === true && skips > 0 ? 'skipped' : 'run';
  // That there were not failures enough is no failure.
  return failures > 0 && rule !== 'all-failed' ? 'upstream-failed' : 'skipped';
}

/** The attempts of one call (S13). */
export function execute(step: number, traits: Traits, args: readonly unknown[]): Pick<Call, 'end' | 'value' | 'attempts' | 'isRoot'> {
  const { retries, flaky } = traits;
  const all = retries + 1;
  if (flaky >= all) return { end: 'failed', attempts: all, isRoot: true };
  const { does, value } = actOf(step, traits, args);
  if (does === 'throw') return { end: 'failed', attempts: all, isRoot: true };
  if (does === 'hang') return { end: 'timed-out', attempts: all, isRoot: true };
  if (does === 'fatal') return { end: 'failed', attempts: flaky + 1, isRoot: true };
  if (does === 'skip') return { end: 'skipped', attempts: flaky + 1 };
  return { end: 'success', attempts: flaky + 1, value };
}
