import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { FlowRunError, RunEvent, RunHandle } from '../../../src/index.js';
import type { TaskStateData } from '../../../src/model/event.js';
import type { RunRow } from '../../../src/model/records.js';
import type { TaskRunDetails } from '../../../src/runs/run-record.js';
import { openProject } from '../../../src/runtime/project.js';

/** A promise that a test settles by hand: what tests wait with instead of sleeping. */
export interface Gate<T = void> {
  readonly opened: Promise<T>;
  open(value: T): void;
  fail(error: unknown): void;
}

export function gate<T = void>(): Gate<T> {
  const parts = {} as { open: (value: T) => void; fail: (error: unknown) => void };
  const opened = new Promise<T>((resolve, reject) => {
    parts.open = resolve;
    parts.fail = reject;
  });
  return { opened, open: (value) => parts.open(value), fail: (error) => parts.fail(error) };
}

/** Lets everything happen that needs no outside help: a few macrotasks, no time. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until something holds, however busy the machine is: by itself `vi.waitFor` gives up after a second. */
export async function eventually<T>(holds: () => T | Promise<T>): Promise<T> {
  return await vi.waitFor(holds, { timeout: 25_000, interval: 10 });
}

/** Time passes only where the test says so; files and the record go on as ever. `vi.useRealTimers()` lets it go on. */
export function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
}

/** Lets held time pass, in steps at most so many, until something has happened. @returns how much of it, in milliseconds */
export async function passUntil(done: () => boolean, stepMs: number, most = Number.POSITIVE_INFINITY): Promise<number> {
  let passed = 0;
  for (let step = 0; step < most && !done(); step++) {
    await turns(3);
    if (done()) break;
    await vi.advanceTimersByTimeAsync(stepMs);
    passed += stepMs;
  }
  return passed;
}

/** What comes of it while held time passes, step by step. */
export async function inHeldTime<T>(result: Promise<T>, stepMs: number): Promise<T> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  result.then(over, over);
  await passUntil(() => isOver, stepMs);
  return await result;
}

/** The home of the test file, which goes away with it. */
const ROOT = process.env.MILLRACE_HOME ?? tmpdir();

/** A project of its own for the test that asks; the whole test file has one in `MILLRACE_HOME` already. */
export function freshHome(): string {
  const home = mkdtempSync(join(ROOT, 'home-'));
  vi.stubEnv('MILLRACE_HOME', home);
  return home;
}

export function inMemory(): void {
  vi.stubEnv('MILLRACE_HOME', ':memory:');
}

export interface Recorded {
  readonly run: RunRow;
  readonly tasks: readonly TaskRunDetails[];
  /** Final state of each task run, by its id. */
  readonly states: Readonly<Record<string, string>>;
  task(id: string): TaskRunDetails;
}

/** What the record knows of a run: by id, or `<flow>/latest`. */
export async function recorded(id: string): Promise<Recorded> {
  await using project = await openProject();
  const run = await project.record.run(id);
  if (run === undefined) throw new Error(`no run ${id} is recorded`);
  const tasks = await project.record.taskRuns(run.id);
  return {
    run,
    tasks,
    states: Object.fromEntries(tasks.map((row) => [row.id, row.state])),
    task: (wanted) => {
      const found = tasks.find((row) => row.id === wanted);
      if (found === undefined) throw new Error(`no task run ${wanted} is recorded; there are ${tasks.map((row) => row.id).join(', ')}`);
      return found;
    },
  };
}

export async function statesOfLatest(flowName: string): Promise<Readonly<Record<string, string>>> {
  return (await recorded(`${flowName}/latest`)).states;
}

/** The error a run ends with. */
export async function failureOf(run: Promise<unknown>): Promise<FlowRunError> {
  const outcome = await run.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error as FlowRunError;
  return expect.fail(`the run was expected to fail; it gave ${JSON.stringify(outcome.value)}`);
}

export async function eventsOf(handle: RunHandle<unknown>): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of handle.events()) events.push(event);
  return events;
}

/** The states that events told of each node, in order. */
export function statesTold(events: readonly RunEvent[]): Record<string, string[]> {
  const told: Record<string, string[]> = {};
  for (const { type, node, data } of events) {
    if (type !== 'task-state' || node === undefined) continue;
    told[node] ??= [];
    told[node].push((data as TaskStateData).state);
  }
  return told;
}
