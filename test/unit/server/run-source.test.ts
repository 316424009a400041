import { describe, expect, it } from 'vitest';
import type { DueRun } from '../../../src/model/due-run.js';
import type { TaskRunRow } from '../../../src/model/records.js';
import { memoryRecord } from '../../../src/runs/memory-record.js';
import type { RunRecord, TaskRunFilter } from '../../../src/runs/run-record.js';
import type { LiveEvent } from '../../../src/server/live/event-ring.js';
import { RunSource } from '../../../src/server/live/run-source.js';
import { TaskRunWatch } from '../../../src/server/live/task-run-watch.js';
import { attemptRow, runRow, taskRow } from '../../../src/testing/run-record/rows.js';

/** A record that counts the task runs that are read from it. */
function counted(record: RunRecord) {
  const read = { rows: 0 };
  const taskRuns = async (run: string, filter: TaskRunFilter = {}) => {
    const found = await record.taskRuns(run, filter);
    read.rows += found.length;
    return found;
  };
  return { record: { taskRuns }, read };
}

const RUN = { run: 'r1', epoch: 0 };

describe('TaskRunWatch', () => {
  it('tells each change once, whatever order places end in, and reads of a large run only what has happened', async () => {
    const record = memoryRecord();
    await record.open(runRow({ id: 'r1' }));
    const { record: reading, read } = counted(record);
    const watch = new TaskRunWatch(reading, 'r1');
    const running = (index: number): TaskRunRow => taskRow(index, { state: 'running', finishedAt: undefined });
    const LARGE = 20_000;
    // Of some places nothing is known until the end, as of maps; one goes on all the time.
    const places = Array.from({ length: LARGE }, (_, index) => index).filter((index) => index % 400 !== 0);
    await record.append({ ...RUN, taskRuns: places.map((index) => (index === 7 ? running(7) : taskRow(index))) });
    expect((await watch.changed()).map(({ index }) => index)).toEqual(places);
    expect(read.rows).toBe(places.length);
    read.rows = 0;
    expect(await watch.changed()).toEqual([]);
    expect(read.rows).toBeLessThan(10);
    read.rows = 0;
    const next = [LARGE + 30, 800, LARGE + 2].map((index) => taskRow(index));
    await record.append({ ...RUN, taskRuns: [...next, running(0)], attempts: [attemptRow(800, 1)] });
    await record.append({ ...RUN, progress: [{ index: 7, attempt: 1, fraction: 0.5, message: 'half', at: 2_000 }] });
    expect((await watch.changed()).map(({ index, state, progress }) => [index, state, progress?.message])).toEqual([
      [0, 'running', undefined],
      [7, 'running', 'half'],
      [800, 'success', undefined],
      [LARGE + 2, 'success', undefined],
      [LARGE + 30, 'success', undefined],
    ]);
    expect(await watch.changed()).toEqual([]);
    await record.append({ ...RUN, taskRuns: [taskRow(7), taskRow(0, { state: 'failed' })] });
    expect((await watch.changed()).map(({ index, state }) => `${index} ${state}`)).toEqual(['0 failed', '7 success']);
    expect(read.rows).toBeLessThan(20);
    const whole = await record.taskRuns('r1');
    expect(watch.views.map(({ index, state }) => [index, state])).toEqual(whole.map(({ index, state }) => [index, state]));
    await record[Symbol.asyncDispose]();
  });
});

describe('RunSource', () => {
  const due = (state: DueRun['state']): DueRun =>
    ({
      run: 'r1',
      flow: 'flow',
      key: 'request r1',
      cause: 'request',
      state,
      schedule: undefined,
      backfill: undefined,
      resumes: undefined,
      params: { n: '1' },
      tags: [],
      scheduled: undefined,
      dueAt: 1_000,
      createdAt: 1_000,
      why: undefined,
      service: undefined,
    }) as unknown as DueRun;
  const types = (events: readonly LiveEvent[]) => events.map(({ type, data }) => `${type} ${(data as { state?: string }).state ?? ''}`.trim());

  it('tells of a run that is only due until it begins, then all of it from the first line on', async () => {
    const record = memoryRecord();
    let now = due('waiting');
    const source = new RunSource(record, { due: async () => [now] }, 'r1');
    expect(await source.look()).toEqual([]);
    expect(types(await source.state(undefined))).toEqual(['due waiting']);
    expect([await source.look(), source.isOver]).toEqual([[], false]);
    now = due('started');
    expect(types(await source.look())).toEqual(['due started']);
    await record.open(runRow({ id: 'r1' }));
    await record.append({ ...RUN, logs: [{ seq: 0, at: 1_000, level: 'info', text: 'first' }] });
    expect(types(await source.look())).toEqual(['run running', 'logs']);
    await record.append({ ...RUN, taskRuns: [taskRow(0)], change: { state: 'success', finishedAt: 2_000 } });
    expect(types(await source.look())).toEqual(['run success', 'task-runs', 'end success']);
    expect(source.isOver).toBe(true);
    await record[Symbol.asyncDispose]();
  });

  it('is over when a due run will never begin', async () => {
    const record = memoryRecord();
    let now = due('waiting');
    const source = new RunSource(record, { due: async () => [now] }, 'r1');
    await source.look();
    now = due('skipped');
    expect(types(await source.look())).toEqual(['due skipped', 'end skipped']);
    expect(source.isOver).toBe(true);
    await record[Symbol.asyncDispose]();
  });
});
