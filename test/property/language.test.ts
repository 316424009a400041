import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunHandle, TaskState } from '../../src/index.js';
import { isFinalTaskState } from '../../src/model/states.js';
import { TASK_MOVES } from '../../src/model/transition.js';
import { freshHome, type Recorded, statesTold } from '../unit/engine/workbench.js';
import { textOf } from './program-acts.js';
import { mapOf, type ProgramFlow, programFlow } from './program-flow.js';
import { asFresh, checkEnd, endsOf, executedIn, expectedState, inTime, type Ran, ran, runs, warmUp } from './program-run.js';
import { firesEarly, type Program, programs, type Step, stepsOf } from './random-program.js';
import { referenceRun } from './reference-run.js';

beforeAll(async () => {
  freshHome();
  await warmUp();
}, 60_000);

const concurrency = fc.constantFrom(1, 2, 3, 16);

function checkAgainstReference(program: Program, run: Ran): void {
  const expected = referenceRun(program);
  expect(endsOf(run)).toEqual(Object.fromEntries([...expected.calls].map(([id, { end }]) => [id, end])));
  for (const { id, state, attempts } of run.record.tasks) {
    if (state !== 'cached') expect([id, attempts]).toEqual([id, expected.calls.get(id)?.attempts]);
  }
  checkEnd(program, run);
}

/** Record, events and futures tell of one and the same life, with one end (S10). */
function checkLives(program: Program, { record, events, live }: Ran): void {
  const told = statesTold(events) as Record<string, TaskState[]>;
  expect(Object.keys(told).sort()).toEqual(
    toldOf(program, record)
      .map(({ id }) => id)
      .sort(),
  );
  for (const row of toldOf(program, record)) {
    if (isMapItself(program, row.id)) expect([row.id, told[row.id]]).toEqual([row.id, [row.state]]);
    else checkLife(row, told[row.id] as TaskState[]);
  }
  for (const [id, state] of Object.entries(live())) expect([id, record.states[id]]).toEqual([id, state]);
}

/** A map is told of, and counted, by its children; one that ended before it came to have any by its end alone (S8). */
function toldOf(program: Program, { tasks }: Recorded): Recorded['tasks'] {
  const parents = new Set(tasks.map(({ parent }) => parent));
  return tasks.filter(({ id, index, state }) => !isMapItself(program, id) || (state !== 'success' && !parents.has(index)));
}

function checkLife({ id, attemptRows, state }: Recorded['tasks'][number], told: readonly TaskState[]): void {
  for (let at = 1; at < told.length; at++) expect(TASK_MOVES[told[at - 1] as TaskState]).toContain(told[at]);
  expect(told.filter(isFinalTaskState)).toEqual([state]);
  const inAttempts = attemptRows.flatMap(({ changes }) => changes.split(' ').map((change) => change.split('@')[0] as TaskState));
  const recorded = ['pending', ...inAttempts];
  // That a task run was queued is recorded with its attempt: not when it was ended before that.
  const rest = told.slice(recorded.length).filter((each) => each !== 'queued');
  expect([id, told.slice(0, recorded.length), rest]).toEqual([id, recorded, recorded.at(-1) === state ? [] : [state]]);
}

/** Nothing is executed while something that it waits for has not ended. */
function checkOrder(program: Program, { record, trace }: Ran): void {
  const exceptions = namesOf(program, (step) => 'traits' in step && firesEarly(step.traits));
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  trace.forEach(({ what, id }, at) => {
    if (what === 'end') last.set(id, at);
    else if (!first.has(id)) first.set(id, at);
  });
  const ids = new Map(record.tasks.map(({ index, id }) => [index, id]));
  for (const { id, upstream } of record.tasks) {
    const start = first.get(id);
    if (start === undefined || exceptions.has(taskOf(id))) continue;
    for (const { from, kind } of upstream) {
      const before = ids.get(from) as string;
      if (kind !== 'control-as') expect(last.get(before) ?? -1, `${before} ends before ${id} starts`).toBeLessThan(start);
    }
  }
}

function namesOf(program: Program, is: (step: Step) => boolean): ReadonlySet<string> {
  return new Set([...stepsOf(program)].filter(is).map(({ id }) => `t${id}`));
}

function isMapItself(program: Program, id: string): boolean {
  return !id.endsWith(']') && namesOf(program, ({ kind }) => kind === 'map').has(taskOf(id));
}

const taskOf = (id: string): string => mapOf(id).replace(/^.*\./, '').replace(/#.*$/, '');

describe('a random program', () => {
  it('S8, S10, S11, S12, S13, S14: ends as the rules say, with any concurrency; the record, the events and the futures agree', async () => {
    await fc.assert(
      fc.asyncProperty(
        programs(),
        concurrency,
        inTime(async (program, workers) => {
          const run = await ran(programFlow(program), workers);
          checkAgainstReference(program, run);
          checkLives(program, run);
          checkOrder(program, run);
          for (const [name, most] of [
            ['all', workers],
            ['one', 1],
            ['two', 2],
          ] as const)
            expect(run.most[name] ?? 0).toBeLessThanOrEqual(most);
        }),
      ),
      runs(80),
    );
  });

  it('S20, S21, S25: run again, nothing that has a value is executed again, and it comes to the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        programs({ patient: true }),
        concurrency,
        concurrency,
        inTime(async (program, first, second) => {
          const made = programFlow(program, { cachesAll: true });
          const fresh = await ran(made, first);
          const again = await ran(made, second);
          checkAgainstReference(program, fresh);
          checkEnd(program, again);
          checkLives(program, again);
          // Of a sub-flow that is reused the calls inside are not made.
          const ends = endsOf(fresh);
          for (const [id, state] of Object.entries(endsOf(again))) expect([id, state]).toEqual([id, ends[id]]);
          const kept = fresh.record.tasks.filter(({ state, cacheKey }) => asFresh(state) === 'success' && cacheKey !== undefined);
          const executed = executedIn(again);
          expect(kept.filter(({ id }) => executed.has(id)).map(({ id }) => id)).toEqual([]);
        }),
      ),
      runs(30),
    );
  });

  it('S20: where all goes well and all is cached, a second run executes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        programs({ calm: true }),
        concurrency,
        inTime(async (program, workers) => {
          const made = programFlow(program, { cachesAll: true });
          const fresh = await ran(made, workers);
          const again = await ran(made, workers);
          checkEnd(program, again);
          expect(textOf(again.value)).toBe(textOf(fresh.value));
          expect([...executedIn(again)]).toEqual([]);
        }),
      ),
      runs(25),
    );
  });

  const point = fc.record({ where: fc.constantFrom<Point['where']>('call', 'attempt', 'event'), count: fc.integer({ min: 1, max: 25 }) });

  it('S10, S15: cancelled at any point, nothing starts any more, all ends once, and what was recorded stays', async () => {
    await fc.assert(
      fc.asyncProperty(
        programs({ patient: true }),
        concurrency,
        point,
        inTime(async (program, workers, at) => {
          const made = programFlow(program, { cachesAll: true });
          const { run, moment } = await cancelled(made, workers, at);
          checkLives(program, run);
          checkOrder(program, run);
          const { counts, state } = run.record.run;
          expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(toldOf(program, run.record).length);
          // An event may be heard when all is over but the run's own row.
          if (moment === undefined || (at.where === 'event' && state === expectedState(program))) return checkAgainstReference(program, run);
          expect(state).toBe('cancelled');
          expect(run.error).toMatchObject({ code: 'RUN_CANCELLED' });
          expect(run.trace.slice(moment.traced).filter(({ what }) => what === 'start')).toEqual([]);
          for (const [id, then] of Object.entries(moment.live)) if (isFinalTaskState(then)) expect([id, run.record.states[id]]).toEqual([id, then]);
          await checkContinued(program, made, run, workers);
        }),
      ),
      runs(35),
    );
  });
});

/** Run again to its end, it goes on from what was finished when it was cancelled. */
async function checkContinued(program: Program, made: ProgramFlow, run: Ran, workers: number): Promise<void> {
  const kept = run.record.tasks.filter(({ state, cacheKey }) => asFresh(state) === 'success' && cacheKey !== undefined);
  made.onCall = () => {};
  made.onStart = () => {};
  const again = await ran(made, workers);
  checkEnd(program, again);
  const executed = executedIn(again);
  expect(kept.filter(({ id }) => executed.has(id)).map(({ id }) => id)).toEqual([]);
}

/** The first of its kind, the second … */
interface Point {
  readonly where: 'call' | 'attempt' | 'event';
  readonly count: number;
}

/** How things stood when it was cancelled; undefined: it never came to that. */
interface Moment {
  readonly traced: number;
  readonly live: Readonly<Record<string, TaskState>>;
}

async function cancelled(made: ProgramFlow, workers: number, { where, count }: Point): Promise<{ run: Ran; moment: Moment | undefined }> {
  let moment: Moment | undefined;
  let left = count;
  const run = await ran(made, workers, (handle) => {
    const passed = (): void => {
      if (--left !== 0 || handle.state !== 'running') return;
      void handle.cancel('enough');
      const { trace, live } = made.seen();
      moment = { traced: trace.length, live: live() };
    };
    if (where === 'call') made.onCall = passed;
    else if (where === 'attempt') made.onStart = passed;
    else void watch(handle, passed);
  });
  return { run, moment };
}

async function watch(handle: RunHandle<unknown>, passed: () => void): Promise<void> {
  for await (const { type } of handle.events()) if (type === 'task-state') passed();
}
