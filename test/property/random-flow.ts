import fc from 'fast-check';
import { cache, ctx, type Flow, type Future, flow, Skip, type TaskState, task } from '../../src/index.js';
import { TRIGGER_RULES, type TriggerRuleName } from '../../src/model/trigger-rule.js';

/** One call of a random flow. Its inputs are earlier calls. */
export interface Call {
  readonly inputs: readonly number[];
  readonly does: 'return' | 'throw' | 'skip';
  readonly isAsync: boolean;
  readonly persist: boolean;
  readonly cached: boolean;
  /** Undefined: as it is when nothing is said. */
  readonly rule: TriggerRuleName | undefined;
  readonly retries: number;
  /** How many attempts throw before it does what it does. */
  readonly flaky: number;
  /** Whether the body waits for it before it goes on. */
  readonly awaited: boolean;
}

const call = fc.record({
  seeds: fc.array(fc.nat(), { maxLength: 3 }),
  does: fc.constantFrom('return', 'return', 'return', 'return', 'throw', 'skip'),
  isAsync: fc.boolean(),
  persist: fc.boolean(),
  cached: fc.boolean(),
  rule: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...TRIGGER_RULES) }),
  retries: fc.constantFrom(0, 0, 1, 2),
  flaky: fc.constantFrom(0, 0, 0, 1, 2),
  awaited: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

export const calls: fc.Arbitrary<readonly Call[]> = fc
  .array(call, { minLength: 1, maxLength: 25 })
  .map((list) => list.map(({ seeds, ...rest }, at) => ({ ...rest, inputs: at === 0 ? [] : [...new Set(seeds.map((seed) => seed % at))] })) as Call[]);

/** The same calls with the rules left out, or those that fire early. */
export function withoutRules(list: readonly Call[], which: 'all' | 'early'): readonly Call[] {
  return list.map((call) => (which === 'all' || isEarly(call) ? { ...call, rule: undefined } : call));
}

function isEarly({ rule }: Call): boolean {
  return rule === 'any-success' || rule === 'any-failed';
}

export const concurrency = fc.constantFrom(1, 2, 3, 16);

/** What happened while a random flow ran, as its task bodies saw it. */
export interface Seen {
  readonly executed: number[];
  readonly tooEarly: number[];
  most: number;
  /** States of the futures when the body's own work was over. */
  live: () => readonly TaskState[];
}

let versions = 0;

export interface RandomFlow {
  readonly flow: Flow<Record<never, never>, unknown>;
  readonly seen: () => Seen;
}

/** The flow that makes these calls; nothing of it is cached by an earlier one. */
export function randomFlow(list: readonly Call[]): RandomFlow {
  const version = `random ${process.pid} ${++versions}`;
  let seen: Seen = { executed: [], tooEarly: [], most: 0, live: () => [] };
  let running = 0;
  const ended = new Set<number>();
  const tasks = list.map((call, at) => {
    const { does, isAsync, persist, cached, inputs, rule, retries, flaky } = call;
    const end = (values: readonly string[], attempt: number): string => {
      running--;
      if (attempt <= flaky && attempt <= retries) throw new Error(`thrown by attempt ${attempt} of ${at}`);
      ended.add(at);
      if (attempt <= flaky) throw new Error(`thrown by the last attempt of ${at}`);
      if (does === 'throw') throw new Error(`thrown by ${at}`);
      if (does === 'skip') throw new Skip(`skipped by ${at}`);
      return `${at}(${values.join(' ')})`;
    };
    const body = (...values: readonly string[]): string | Promise<string> => {
      if (ctx().taskRunId !== `n${at}#0`) throw new Error("another task run's context");
      const { attempt } = ctx();
      if (attempt === 1) seen.executed.push(at);
      seen.most = Math.max(seen.most, ++running);
      // An input that was reused has not been executed: it cannot be too late.
      if (!isEarly(call) && inputs.some((input) => seen.executed.includes(input) && !ended.has(input))) seen.tooEarly.push(at);
      return isAsync ? new Promise<void>((resolve) => setImmediate(resolve)).then(() => end(values, attempt)) : end(values, attempt);
    };
    const ruled = rule === undefined ? {} : { trigger: rule };
    return task(body, { name: `n${at}`, version, persist, cache: cached ? cache.default : false, retries, ...ruled }) as unknown as (
      ...values: unknown[]
    ) => Future<string>;
  });
  return {
    seen: () => seen,
    flow: flow(`random-${versions}`, async () => {
      running = 0;
      ended.clear();
      const futures: Future<string>[] = [];
      seen = { executed: [], tooEarly: [], most: 0, live: () => futures.map(({ state }) => state) };
      for (const [at, { inputs, awaited }] of list.entries()) {
        const future = (tasks[at] as (typeof tasks)[number])(...inputs.map((input) => futures[input]));
        futures.push(future);
        if (awaited) await future.settled();
      }
    }),
  };
}

/** What must come of each call, by the rules alone (S11). */
export function expectedStates(list: readonly Call[]): readonly TaskState[] {
  const states: TaskState[] = [];
  for (const call of list) {
    const before = call.inputs.map((input) => states[input] as TaskState);
    states.push(isRunBy(call.rule ?? 'all-success', before) ? endOf(call) : reasonNotToRun(call.rule, before));
  }
  return states;
}

/** What a call comes to when its function is called. */
function endOf({ does, flaky, retries }: Call): TaskState {
  if (flaky > retries) return 'failed';
  return does === 'return' ? 'success' : does === 'throw' ? 'failed' : 'skipped';
}

/** The rules in words of their own (S11): nothing here is cancelled. */
function isRunBy(rule: TriggerRuleName, before: readonly TaskState[]): boolean {
  if (before.length === 0) return true;
  const isFailure = (state: TaskState): boolean => state === 'failed' || state === 'upstream-failed';
  const has = { success: before.includes('success'), failure: before.some(isFailure), skip: before.includes('skipped') };
  const runs: Readonly<Record<TriggerRuleName, boolean>> = {
    'all-success': !has.failure && !has.skip,
    'all-done': true,
    'all-failed': before.every(isFailure),
    'any-success': has.success,
    'any-failed': has.failure,
    'none-failed': !has.failure,
    'none-failed-min-one-success': !has.failure && has.success,
  };
  return runs[rule];
}

function reasonNotToRun(rule: TriggerRuleName | undefined, before: readonly TaskState[]): TaskState {
  // That there were not failures enough is no failure.
  if (rule === 'all-failed') return 'skipped';
  return before.includes('failed') || before.includes('upstream-failed') ? 'upstream-failed' : 'skipped';
}

/** How often its function is called, when it is. */
export function expectedAttempts({ does, flaky, retries }: Call): number {
  if (does === 'throw') return retries + 1;
  return Math.min(flaky, retries) + 1;
}

/** Failures that no await of the body was told of, itself or through what depends on them (S12). */
export function expectedUnhandled(list: readonly Call[]): readonly string[] {
  const states = expectedStates(list);
  const told = new Set<number>();
  const tell = (at: number): void => {
    if (told.has(at) || states[at] === 'success') return;
    told.add(at);
    if (states[at] !== 'failed') for (const input of list[at]?.inputs ?? []) tell(input);
  };
  for (const [at, { awaited }] of list.entries()) if (awaited) tell(at);
  return list.flatMap((_, at) => (states[at] === 'failed' && !told.has(at) ? [`n${at}#0`] : []));
}
