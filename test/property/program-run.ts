import fc from 'fast-check';
import { expect } from 'vitest';
import { FLOW, type FlowInside } from '../../src/flow/flow.js';
import { FlowRunError, type RunEvent, type RunHandle, type RunState } from '../../src/index.js';
import { eventsOf, type Recorded, recorded } from '../unit/engine/workbench.js';
import { textOf } from './program-acts.js';
import { type ProgramFlow, programFlow, type Seen } from './program-flow.js';
import { type Program, programs } from './random-program.js';
import { referenceRun } from './reference-run.js';

// Runs random programs, and says what must hold of any run.

/** Hunting for bugs, one wants more: MILLRACE_TEST_MORE=50; and, with MILLRACE_TEST_SEED, one of them in its smallest form. */
const MORE = Number(process.env.MILLRACE_TEST_MORE ?? 1);
const SEED = process.env.MILLRACE_TEST_SEED;
export const runs = (numRuns: number) => ({
  numRuns: numRuns * MORE,
  timeout: 20_000,
  ...(SEED === undefined ? { endOnFailure: MORE > 1 } : { seed: Number(SEED) }),
});
const TRIED_FOR_MS = SEED === undefined ? 8_000 * MORE : 90_000;

/**
 * On a busy machine fewer programs are tried, rather than none told of. What fast-check has for that counts a program which hangs as one that
 * passes, when it is not the first.
 */
export function inTime<Args extends readonly unknown[]>(predicate: (...args: Args) => Promise<void>): (...args: Args) => Promise<void> {
  let until = Number.POSITIVE_INFINITY;
  return async (...args) => {
    if (until === Number.POSITIVE_INFINITY) until = performance.now() + TRIED_FOR_MS;
    if (performance.now() < until) await predicate(...args);
  };
}

/** What the runs have to say is in their events. */
const SILENT = { echo: false };

/** The first run of a process loads the engine and reads the code of tasks: on a busy machine that takes seconds, which are no program's own. */
export async function warmUp(): Promise<void> {
  const [program] = fc.sample(programs({ patient: true }), { numRuns: 1, seed: 1 });
  await ran(programFlow(program as Program), 2);
}

export interface Ran extends Seen {
  readonly value: unknown;
  readonly error: unknown;
  readonly record: Recorded;
  readonly events: readonly RunEvent[];
}

/** @param meanwhile is handed the run as soon as there is one */
export async function ran(program: ProgramFlow, maxWorkers: number, meanwhile: (handle: RunHandle<unknown>) => unknown = () => {}): Promise<Ran> {
  const handle = program.flow.start({}, { maxWorkers, ...SILENT });
  const reading = eventsOf(handle);
  meanwhile(handle);
  return await followed(program, handle, reading);
}

/** A run that goes on with another. */
export async function resumed(program: ProgramFlow, runId: string, maxWorkers: number): Promise<Ran> {
  const inside = (program.flow as unknown as { readonly [FLOW]: FlowInside })[FLOW];
  const { handle } = await inside.resume({}, { runId }, { maxWorkers, ...SILENT });
  if (handle === undefined) throw new Error(`run ${runId} was to be resumed`);
  return await followed(program, handle, eventsOf(handle));
}

async function followed(program: ProgramFlow, handle: RunHandle<unknown>, reading: Promise<readonly RunEvent[]>): Promise<Ran> {
  const outcome = await handle.result().then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  );
  return { ...program.seen(), ...outcome, record: await recorded(handle.id), events: await reading };
}

/** Reused is as good as fresh. */
export const asFresh = (state: string): string => (state === 'cached' ? 'success' : state);

/** How every call ended that people see; maps have no attempts, and what was reused has none. */
export function endsOf({ record }: Ran): Record<string, string> {
  return Object.fromEntries(record.tasks.map(({ id, state }) => [id, asFresh(state)]));
}

export function expectedState(program: Program): RunState {
  return referenceRun(program).isSuccess ? 'success' : 'failed';
}

/** What the run comes to, and whose failures it tells of (S12). */
export function checkEnd(program: Program, run: Ran): void {
  const expected = referenceRun(program);
  // What was reused hides the calls inside, and the failures that were handled there.
  const reused = run.record.tasks.filter(({ state }) => state === 'cached').map(({ id }) => `${id}.`);
  const isHidden = (id: string): boolean => reused.some((prefix) => id.startsWith(prefix));
  expect(run.record.run.state).toBe(expectedState(program));
  if (expected.isSuccess) return expect(textOf(run.value)).toBe(textOf([expected.value]));
  expect(run.error).toBeInstanceOf(FlowRunError);
  const { failures, message } = run.error as FlowRunError;
  const shown = expected.failures.filter(({ id }) => !isHidden(id));
  expect(failures.map(({ taskRunId }) => taskRunId).sort()).toEqual(shown.map(({ called }) => called).sort());
  for (const { called, isStep, isHandled } of shown) if (!isHandled) expect(message).toContain(isStep ? `${called} failed` : `task '${called}' `);
}

export function executedIn({ trace }: Ran): ReadonlySet<string> {
  return new Set(trace.filter(({ what }) => what === 'start').map(({ id }) => id));
}
