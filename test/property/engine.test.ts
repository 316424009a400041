import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { cache, ctx, FlowRunError, flow, type RunEvent, Skip, type TaskState, task } from '../../src/index.js';
import { isFinalTaskState } from '../../src/model/states.js';
import { TASK_MOVES } from '../../src/model/transition.js';
import { eventsOf, freshHome, type Recorded, recorded, statesTold } from '../unit/engine/workbench.js';
import {
  type Call,
  calls,
  concurrency,
  expectedAttempts,
  expectedStates,
  expectedUnhandled,
  type RandomFlow,
  randomFlow,
  type Seen,
  withoutRules,
} from './random-flow.js';

beforeAll(() => void freshHome());

interface Ran extends Seen {
  readonly states: readonly TaskState[];
  readonly results: readonly unknown[];
  readonly record: Recorded;
  readonly events: readonly RunEvent[];
  readonly error: unknown;
}

/** Runs a random flow, and gathers all that can be known of it afterwards. */
async function ran(random: RandomFlow, maxWorkers: number): Promise<Ran> {
  const handle = random.flow.start({}, { maxWorkers });
  const reading = eventsOf(handle);
  const error = await handle.result().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const record = await recorded(handle.id);
  return {
    ...random.seen(),
    error,
    record,
    events: await reading,
    states: record.tasks.map(({ state }) => state),
    // Contents are known by their digests.
    results: record.tasks.map(({ artifacts }) => artifacts.map(({ ref }) => ref.contentDigest)),
  };
}

const asFresh = (states: readonly TaskState[]): readonly TaskState[] => states.map((state) => (state === 'cached' ? 'success' : state));

/** Follows the packed changes of a row's attempts through the table of moves. */
function replay({ attemptRows, state }: Recorded['tasks'][number]): string[] {
  const told = ['pending', ...attemptRows.flatMap(({ changes }) => changes.split(' ').map((change) => change.split('@')[0] as string))];
  if (attemptRows.length === 0) told.push(state);
  for (let at = 1; at < told.length; at++) expect(TASK_MOVES[told[at - 1] as TaskState]).toContain(told[at]);
  return told;
}

describe('a random flow', () => {
  it('S10, S11, S12, S13: each call ends once, as the rules say, after its inputs; the record, the events and the futures agree', async () => {
    await fc.assert(
      fc.asyncProperty(calls, concurrency, async (list, workers) => {
        const run = await ran(randomFlow(list), workers);
        expect(run.states).toEqual(expectedStates(list));
        expect(run.tooEarly).toEqual([]);
        expect(new Set(run.executed).size).toBe(run.executed.length);
        expect(run.most).toBeLessThanOrEqual(workers);
        expect(run.live()).toEqual(run.states);
        const told = statesTold(run.events);
        for (const row of run.record.tasks) {
          expect(replay(row)).toEqual(told[row.id]);
          expect(row.attempts).toBe(run.executed.includes(row.index) ? expectedAttempts(list[row.index] as Call) : 0);
          expect(told[row.id]?.filter((state) => isFinalTaskState(state as TaskState))).toEqual([row.state]);
        }
        expect(Object.values(run.record.run.counts).reduce((sum, count) => sum + count, 0)).toBe(list.length);
      }),
      { numRuns: 60 },
    );
  });

  it('S12: fails exactly when a failure was told to nobody, and lists all failures', async () => {
    await fc.assert(
      fc.asyncProperty(calls, concurrency, async (list, workers) => {
        const { error, states, record } = await ran(randomFlow(withoutRules(list, 'all')), workers);
        const unhandled = expectedUnhandled(withoutRules(list, 'all'));
        expect(record.run.state).toBe(unhandled.length > 0 ? 'failed' : 'success');
        expect(error instanceof FlowRunError).toBe(unhandled.length > 0);
        if (!(error instanceof FlowRunError)) return;
        const { failures, message } = error;
        expect(failures.map(({ taskRunId }) => taskRunId).sort()).toEqual(
          states.flatMap((state, at) => (state === 'failed' ? [`n${at}#0`] : [])).sort(),
        );
        for (const id of unhandled) expect(message).toContain(`task '${id}' failed`);
      }),
      { numRuns: 40 },
    );
  });

  it('comes to the same with any concurrency', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (list) => {
        // What fires early is handed what is there by then.
        const uncached = withoutRules(list, 'early').map((call) => ({ ...call, cached: false }));
        const random = randomFlow(uncached);
        const [alone, together] = [await ran(random, 1), await ran(random, 16)];
        expect(together.states).toEqual(alone.states);
        expect(together.results).toEqual(alone.results);
        expect(together.record.tasks.map(({ id, nodeKey, upstream }) => [id, nodeKey, upstream])).toEqual(
          alone.record.tasks.map(({ id, nodeKey, upstream }) => [id, nodeKey, upstream]),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('S20, S25: run again, it reuses what was cached and kept, executes the rest, and comes to the same', async () => {
    const isReused =
      (list: readonly Call[], states: readonly TaskState[]) =>
      (at: number): boolean =>
        states[at] === 'success' && list[at]?.cached === true && list[at]?.persist === true;
    await fc.assert(
      fc.asyncProperty(calls, concurrency, concurrency, async (ruled, first, second) => {
        const list = withoutRules(ruled, 'all');
        const random = randomFlow(list);
        const fresh = await ran(random, first);
        const again = await ran(random, second);
        const reused = isReused(list, fresh.states);
        expect(asFresh(again.states)).toEqual(fresh.states);
        expect(again.states.flatMap((state, at) => (state === 'cached' ? [at] : []))).toEqual(list.flatMap((_, at) => (reused(at) ? [at] : [])));
        expect([...again.executed].sort()).toEqual(fresh.executed.filter((at) => !reused(at)).sort());
      }),
      { numRuns: 40 },
    );
  });

  it('S24: identical cached calls execute once, in whatever order and number', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 20 }),
        concurrency,
        fc.boolean(),
        async (keys, maxWorkers, isAsync) => {
          const executed: number[] = [];
          const version = `round ${++round}`;
          const t = task(
            async (key: number) => {
              executed.push(key);
              if (isAsync) await new Promise<void>((resolve) => setImmediate(resolve));
              return { key };
            },
            { name: 't', version, cache: cache.default },
          );
          const result = await flow('twins', () => keys.map((key) => t(key))).run({}, { maxWorkers });
          expect(result).toEqual(keys.map((key) => ({ key })));
          expect(executed.sort()).toEqual([...new Set(keys)].sort());
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a random map', () => {
  const element = fc.constantFrom<'return' | 'throw' | 'skip' | 'flaky'>('return', 'return', 'throw', 'skip', 'flaky');
  type Element = 'return' | 'throw' | 'skip' | 'flaky';
  const STATES: Readonly<Record<Element, TaskState>> = { return: 'success', flaky: 'success', throw: 'failed', skip: 'skipped' };

  it('S8, S13, S14: each child ends as it would alone, in the place of its element, and never are there more than allowed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(element, { maxLength: 12 }),
        fc.constantFrom(1, 2, 5),
        concurrency,
        fc.boolean(),
        async (list, own, maxWorkers, isAsync) => {
          let [running, most] = [0, 0];
          const end = (does: Element): Element => {
            running--;
            if (does === 'throw' || (does === 'flaky' && ctx().attempt === 1)) throw new Error(does);
            if (does === 'skip') throw new Skip();
            return does;
          };
          const act = task(
            (does: Element): Element | Promise<Element> => {
              most = Math.max(most, ++running);
              return isAsync ? new Promise<void>((resolve) => setImmediate(resolve)).then(() => end(does)) : end(does);
            },
            { name: 'act', retries: 1 },
          );
          const next = task((does: Element) => `${does}!`, { name: 'next' });
          const bounded = flow('random-map', () => {
            const first = act.mapWith({ concurrency: own })(list);
            const second = next.map(first);
            return { first: first.states(), second: second.states(), values: second.successes(), length: second.length };
          });
          const result = await bounded.run({}, { maxWorkers });
          expect(result.length).toBe(list.length);
          expect(result.first.map(({ state }) => state)).toEqual(list.map((does) => STATES[does]));
          expect(result.second.map(({ state }) => state)).toEqual(list.map((does) => (STATES[does] === 'failed' ? 'upstream-failed' : STATES[does])));
          expect(result.values).toEqual(list.filter((does) => STATES[does] === 'success').map((does) => `${does}!`));
          expect(most).toBeLessThanOrEqual(Math.min(own, maxWorkers));
        },
      ),
      { numRuns: 40 },
    );
  });
});
