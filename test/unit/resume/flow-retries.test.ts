import { beforeEach, describe, expect, it } from 'vitest';
import { flow, task } from '../../../src/index.js';
import { openProject } from '../../../src/runtime/project.js';
import { eventsOf, failureOf, freshHome, inMemory, recorded } from '../engine/workbench.js';

let ran: string[] = [];
let failures = 0;
beforeEach(() => {
  freshHome();
  ran = [];
});

const steady = task(() => {
  ran.push('steady');
  return 1;
});
const shaky = task((n: number) => {
  ran.push('shaky');
  if (failures-- > 0) throw new Error('not yet');
  return n + 1;
});
const told: string[] = [];
const retried = flow(
  'retried',
  { retries: 2, hooks: { onFailure: () => void told.push('failure'), onSuccess: () => void told.push('success') } },
  () => shaky(steady()),
);

async function statesOfRuns(): Promise<readonly string[]> {
  await using project = await openProject();
  return (await project.record.runs({ flow: 'retried' })).map(({ state }) => state).reverse();
}

describe('S13, S30: retries of a flow', () => {
  it('a run that failed is tried again as a resume of itself: only what failed runs again, and each try is recorded', async () => {
    failures = 2;
    told.length = 0;
    const handle = retried.start();
    const first = handle.id;
    const events = eventsOf(handle);
    expect(await handle.result()).toBe(2);
    expect(ran).toEqual(['steady', 'shaky', 'shaky', 'shaky']);
    expect(await statesOfRuns()).toEqual(['failed', 'failed', 'success']);
    expect(handle.id).not.toBe(first);
    expect(handle.state).toBe('success');
    expect((await recorded(handle.id)).task('steady#0').origin?.run).toBe(first);
    expect(told).toEqual(['success']);
    expect((await events).filter(({ type }) => type === 'run-state').map(({ data }) => (data as { state: string }).state)).toEqual([
      'running',
      'failed',
      'running',
      'failed',
      'running',
      'success',
    ]);
  });

  it('that fails to the end fails with the last, and the hook is told once', async () => {
    failures = 9;
    told.length = 0;
    const error = await failureOf(retried.run());
    expect(error.message).toContain('not yet');
    expect(await statesOfRuns()).toEqual(['failed', 'failed', 'failed']);
    expect(told).toEqual(['failure']);
    expect((await recorded(error.runId)).run.originRun).toBeDefined();
  });

  it('cancelled, and refused for its parameters, it is not tried again', async () => {
    failures = 0;
    const cancelled = await failureOf(retried.run({}, { signal: AbortSignal.abort('enough') }));
    expect((await recorded(cancelled.runId)).run.state).toBe('cancelled');
    await expect(retried.run({ no: 1 } as never)).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
    expect(await statesOfRuns()).toEqual(['cancelled']);
  });

  it('as a child it is tried again before its parent learns of it', async () => {
    failures = 1;
    const parent = flow('parent of retried', () => retried.startChild());
    expect(await parent.run()).toBe(2);
    expect(await statesOfRuns()).toEqual(['failed', 'success']);
    expect(ran).toEqual(['steady', 'shaky', 'shaky']);
  });

  it('in memory nothing is recorded that could be taken over: it starts over', async () => {
    inMemory();
    failures = 1;
    expect(await retried.run()).toBe(2);
    expect(ran).toEqual(['steady', 'shaky', 'steady', 'shaky']);
  });

  it('is a whole number', () => {
    expect(() => flow('odd', { retries: -1 }, () => 1)).toThrow("expected 'retries' of flow 'odd' to be a whole number from 0");
  });
});
