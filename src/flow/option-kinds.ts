import { describe, MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';
import { isAsset, isFlowTrigger } from '../model/asset.js';
import { MISSED_POLICIES, OVERLAP_POLICIES } from '../model/schedule.js';
import type { TaskHooks } from '../model/task-hooks.js';
import type { FlowHooks, RunOptions } from './flow-runtime.js';
import type { AnyArgs, TaskOptions } from './task-type.js';

/** What an option must be, for callers without a type checker: in words, and as a question. */
export interface OptionKind {
  readonly expected: string;
  is(value: unknown): boolean;
  /** Of an object of options: what there is in it. */
  readonly of?: OptionKinds;
}

export type OptionKinds = Readonly<Record<string, OptionKind>>;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const hasMethod = (value: unknown, name: string): boolean => isObject(value) && typeof value[name] === 'function';
const isLimit = (value: unknown): boolean => isObject(value) && typeof value.name === 'string' && Number.isSafeInteger(value.max);

const isTask = (value: unknown): boolean => typeof value === 'string' || (typeof value === 'function' && 'taskName' in value);
const isTasks = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isTask);

/** Looked at elsewhere, by who knows more. */
export const ANYTHING: OptionKind = { expected: 'anything', is: () => true };
export const TEXT: OptionKind = { expected: 'a text', is: (value) => typeof value === 'string' };
export const YES_OR_NO: OptionKind = { expected: 'true or false', is: (value) => typeof value === 'boolean' };
const TEXTS: OptionKind = { expected: 'a list of texts', is: (value) => Array.isArray(value) && value.every(TEXT.is) };
export const FROM_ONE: OptionKind = { expected: 'a whole number from 1', is: (value) => Number.isInteger(value) && (value as number) > 0 };
export const FROM_ZERO: OptionKind = { expected: 'a whole number from 0', is: (value) => Number.isInteger(value) && (value as number) >= 0 };
const A_TIME: OptionKind = { expected: 'a valid Date', is: (value) => value instanceof Date && !Number.isNaN(value.getTime()) };
export const A_FUNCTION: OptionKind = { expected: 'a function', is: (value) => typeof value === 'function' };

const hooks = (of: OptionKinds): OptionKind => ({ expected: 'an object of functions', is: isObject, of });

const TASK_HOOKS = hooks({ onStart: A_FUNCTION, onSuccess: A_FUNCTION, onFailure: A_FUNCTION, onRetry: A_FUNCTION } satisfies Record<
  keyof TaskHooks<never>,
  OptionKind
>);
const FLOW_HOOKS = hooks({
  onStart: A_FUNCTION,
  onSuccess: A_FUNCTION,
  onFailure: A_FUNCTION,
  onCancel: A_FUNCTION,
  onDeadline: A_FUNCTION,
} satisfies Record<keyof FlowHooks, OptionKind>);

export function oneOf(...values: readonly string[]): OptionKind {
  return { expected: values.map((value) => `'${value}'`).join(' or '), is: (value) => values.includes(value as string) };
}

export const TASK_OPTIONS: Readonly<Record<keyof TaskOptions<AnyArgs, unknown>, OptionKind>> = {
  name: { expected: 'a text, or a function of the arguments', is: (value) => typeof value === 'string' || typeof value === 'function' },
  description: TEXT,
  tags: TEXTS,
  version: TEXT,
  captures: { expected: 'an object of variables by name', is: isObject },
  persist: YES_OR_NO,
  handles: YES_OR_NO,
  skipOnUpstreamSkip: YES_OR_NO,
  checks: { expected: 'a list of what check(…) makes', is: (value) => Array.isArray(value) && value.every((one) => hasMethod(one, 'ok')) },
  limit: { expected: "what limit('name', max) makes, or a list of it", is: (value) => [value].flat().every(isLimit) },
  priority: { expected: 'a number, higher first', is: (value) => Number.isFinite(value) },
  hooks: TASK_HOOKS,
  renews: { expected: "what asset('name') makes, or a list of it", is: (value) => [value].flat().every(isAsset) },
  notify: ANYTHING,
  outputs: { expected: 'an object of serializers by name', is: isObject },
  cache: ANYTHING,
  store: ANYTHING,
  serializer: ANYTHING,
  trigger: ANYTHING,
  retries: ANYTHING,
  timeout: ANYTHING,
  target: ANYTHING,
};

export const FLOW_OPTIONS = {
  description: TEXT,
  owner: TEXT,
  params: { expected: 'an object of parameters by name, or a schema', is: (value) => isObject(value) || typeof value === 'function' },
  concurrency: FROM_ONE,
  retries: FROM_ZERO,
  tags: TEXTS,
  schedule: { expected: "a schedule such as every('1h'), or a list of them", is: (value) => [value].flat().every((one) => hasMethod(one, 'next')) },
  on: { expected: "asset('name'), otherFlow.success, or a list of such", is: (value) => [value].flat().every(isFlowTrigger) },
  missed: oneOf(...MISSED_POLICIES),
  overlap: oneOf(...OVERLAP_POLICIES),
  maxActiveRuns: FROM_ONE,
  dependsOnPast: YES_OR_NO,
  deadline: ANYTHING,
  lateAfter: ANYTHING,
  notify: ANYTHING,
  defaults: { expected: 'an object of task options', is: isObject },
  hooks: FLOW_HOOKS,
  strict: YES_OR_NO,
  orphans: oneOf('wait', 'cancel'),
  onFailure: oneOf('finish-independent', 'cancel-rest'),
  cache: ANYTHING,
  store: ANYTHING,
  timeout: ANYTHING,
} satisfies OptionKinds;

export const RUN_OPTIONS: Readonly<Record<keyof RunOptions, OptionKind>> = {
  name: TEXT,
  tags: TEXTS,
  signal: { expected: 'an AbortSignal', is: (value) => hasMethod(value, 'addEventListener') },
  only: { expected: 'a list of tasks, or their names', is: isTasks },
  forceOnly: { expected: 'a list of tasks, or their names', is: isTasks },
  maxWorkers: FROM_ONE,
  maxSplits: FROM_ZERO,
  scheduledTime: A_TIME,
  dataInterval: { expected: '{ start, end } as valid dates', is: (value) => isObject(value) && A_TIME.is(value.start) && A_TIME.is(value.end) },
  logStdout: YES_OR_NO,
  throwOnFailure: YES_OR_NO,
  force: ANYTHING,
};

type OptionError =
  `${'TASK_OPTION' | 'FLOW_OPTION' | 'RUN_OPTION' | 'MAP_OPTION' | 'RUN_QUERY' | 'LOG_QUERY' | 'PRUNE_RULE' | 'CLIENT_OPTION'}_INVALID`;

/**
 * Undefined counts as not said. A name that is none of `kinds` is refused: it would be ignored.
 * @throws MillraceError with `code`
 */
export function checkOptions(kinds: OptionKinds, options: unknown, code: OptionError, whose = ''): void {
  if (!isObject(options)) throw new MillraceError(code, `expected the options${whose} to be an object; got ${describe(options)}`);
  refuseOtherOptions(options, Object.keys(kinds), code, whose);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const kind = kinds[name] as OptionKind;
    if (!kind.is(value)) throw new MillraceError(code, `expected '${name}'${whose} to be ${kind.expected}; got ${describe(value)}`);
    if (kind.of !== undefined) checkOptions(kind.of, value, code, ` of '${name}'${whose}`);
  }
}
