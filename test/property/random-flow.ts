import fc from 'fast-check';
import { cache, ctx, type Flow, type Future, flow, Skip, type TaskState, task } from '../../src/index.js';

/** One call of a random flow. Its inputs are earlier calls. */
export interface Call {
  readonly inputs: readonly number[];
  readonly does: 'return' | 'throw' | 'skip';
  readonly isAsync: boolean;
  readonly persist: boolean;
  readonly cached: boolean;
  /** Whether the body waits for it before it goes on. */
  readonly awaited: boolean;
}

const call = fc.record({
  seeds: fc.array(fc.nat(), { maxLength: 3 }),
  does: fc.constantFrom('return', 'return', 'return', 'return', 'throw', 'skip'),
  isAsync: fc.boolean(),
  persist: fc.boolean(),
  cached: fc.boolean(),
  awaited: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

export const calls: fc.Arbitrary<readonly Call[]> = fc
  .array(call, { minLength: 1, maxLength: 25 })
  .map((list) => list.map(({ seeds, ...rest }, at) => ({ ...rest, inputs: at === 0 ? [] : [...new Set(seeds.map((seed) => seed % at))] })) as Call[]);

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
  const tasks = list.map(({ does, isAsync, persist, cached, inputs }, at) => {
    const end = (values: readonly string[]): string => {
      running--;
      ended.add(at);
      if (does === 'throw') throw new Error(`thrown by ${at}`);
      if (does === 'skip') throw new Skip(`skipped by ${at}`);
      return `${at}(${values.join(' ')})`;
    };
    const body = (...values: readonly string[]): string | Promise<string> => {
      if (ctx().taskRunId !== `n${at}#0`) throw new Error("another task run's context");
      seen.executed.push(at);
      seen.most = Math.max(seen.most, ++running);
      // An input that was reused has not been executed: it cannot be too late.
      if (inputs.some((input) => seen.executed.includes(input) && !ended.has(input))) seen.tooEarly.push(at);
      return isAsync ? new Promise<void>((resolve) => setImmediate(resolve)).then(() => end(values)) : end(values);
    };
    return task(body, { name: `n${at}`, version, persist, cache: cached ? cache.default : false }) as unknown as (
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
  for (const { inputs, does } of list) {
    const before = inputs.map((input) => states[input]);
    if (before.some((state) => state === 'failed' || state === 'upstream-failed')) states.push('upstream-failed');
    else if (before.includes('skipped')) states.push('skipped');
    else states.push(does === 'return' ? 'success' : does === 'throw' ? 'failed' : 'skipped');
  }
  return states;
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
