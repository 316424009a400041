import { type Duration, toMs } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';
import { checkCachePolicy } from '../model/cache-policy.js';
import { checkResultStore } from '../model/result-store.js';
import { type NormalizedRetry, normalizeRetries } from '../model/retry-policy.js';
import { checkSerializer } from '../model/serializer.js';
import type { External } from '../model/target.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { checkTriggerRule } from '../model/trigger-rule.js';
import { notifyingHooks } from './notifying-hooks.js';
import { checkOptions, TASK_OPTIONS } from './option-kinds.js';
import type { AnyArgs, ExternalOptions, Outputs, TaskOptions } from './task-type.js';

/** A task that says it is not tried again keeps to that, whatever the flow's defaults. */
const NO_RETRIES: NormalizedRetry = Object.freeze({ max: 0, delayMs: () => 0, jitter: 0, maxDelayMs: 0, if: undefined });

type AnyOptions = Partial<TaskOptions<AnyArgs, never, Outputs>>;

/**
 * What users write in a task's options, checked and in the form the engine reads; what was not said is absent. The target is read by task-target.ts.
 * @throws MillraceError `RETRY_POLICY_INVALID`, `DURATION_INVALID`, `TRIGGER_RULE_INVALID`, `TASK_OPTION_INVALID`
 */
export function settingsOf(options: AnyOptions): Partial<TaskDefinition> {
  checkOptions(TASK_OPTIONS, options, 'TASK_OPTION_INVALID');
  const { name: _, target: __, tags, retries, timeout, limit, trigger, checks, persist, handles, renews, notify, ...same } = options;
  if (trigger !== undefined) checkTriggerRule(trigger);
  checkResultStore(same.store, 'TASK_OPTION_INVALID', '');
  checkCachePolicy(same.cache, 'TASK_OPTION_INVALID', '');
  checkSerializer(same.serializer, "'serializer'");
  for (const [output, serializer] of Object.entries(same.outputs ?? {})) checkSerializer(serializer, `'outputs.${output}'`);
  return {
    ...(same as Partial<TaskDefinition>),
    ...(tags === undefined ? {} : { tags: Object.freeze([...tags]) }),
    ...('retries' in options ? { retries: retries === undefined ? undefined : (normalizeRetries(retries) ?? NO_RETRIES) } : {}),
    ...('timeout' in options ? { timeoutMs: timeout === undefined ? undefined : timeoutOf(timeout) } : {}),
    ...(limit === undefined ? {} : { limits: Object.freeze([limit].flat()) as TaskDefinition['limits'] }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(renews === undefined ? {} : { renews: Object.freeze([renews].flat().map(({ name }) => name)) }),
    ...(persist === undefined ? {} : { persist }),
    ...(handles === undefined ? {} : { handles }),
    ...(notify === undefined ? {} : { notify: notifyingHooks(notify) }),
    ...(checks === undefined || checks.length === 0 ? {} : { checks: Object.freeze([...checks]) }),
  } as Partial<TaskDefinition>;
}

/** Infinity: none, where the flow's defaults have one. */
function timeoutOf(timeout: Duration): number {
  return timeout === Number.POSITIVE_INFINITY ? timeout : timeLimit(timeout, 'TASK_OPTION_INVALID');
}

/**
 * 0 is refused: some take it for no limit, and what waits for anything would always be over it.
 * @throws MillraceError with `code`, or `DURATION_INVALID`
 */
export function timeLimit(timeout: Duration, code: 'TASK_OPTION_INVALID' | 'FLOW_OPTION_INVALID', whose = ''): number {
  const ms = toMs(timeout);
  if (ms > 0) return ms;
  throw new MillraceError(code, `expected 'timeout'${whose} to be longer than 0; got ${describe(timeout)}`, { hint: 'Leave it out for no limit.' });
}

const POLL = '10s';

/** @throws MillraceError `DURATION_INVALID`, `TASK_OPTION_INVALID` */
export function externalOf({ poll = POLL, timeout }: ExternalOptions): External {
  const pollMs = toMs(poll);
  if (!(pollMs > 0)) throw new MillraceError('TASK_OPTION_INVALID', `expected 'poll' to be longer than nothing; got ${describe(poll)}`);
  return Object.freeze({ pollMs, timeoutMs: timeout === undefined || timeout === Number.POSITIVE_INFINITY ? undefined : toMs(timeout) });
}

/** What bounds or repeats one call of a function: not for flows in the flow, whose tasks have it each. */
const OF_ATTEMPTS: ReadonlySet<string> = new Set(['retries', 'timeoutMs']);

/** A flow's `defaults` fill in what its tasks did not say. */
export function withDefaults(definition: TaskDefinition, defaults: Partial<TaskDefinition>): TaskDefinition {
  if (definition.kind === 'derived') return definition;
  const merged: Record<string, unknown> = { ...definition };
  for (const [name, value] of Object.entries(defaults)) {
    if (OF_ATTEMPTS.has(name) && definition.kind !== 'task') continue;
    if (name === 'tags') merged.tags = Object.freeze([...new Set([...(value as readonly string[]), ...definition.tags])]);
    else if (merged[name] === undefined) merged[name] = value;
  }
  return Object.freeze(merged) as unknown as TaskDefinition;
}
