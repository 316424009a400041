import { beforeEach, describe, expect, it } from 'vitest';
import { flow, param, task } from '../../../src/index.js';
import { openProject } from '../../../src/runtime/project.js';
import { eventsOf, failureOf, freshHome, gate, recorded, turns } from '../engine/workbench.js';

beforeEach(() => void freshHome());

const one = task(() => 1, { name: 'one' });

describe('a handle', () => {
  it('knows its run from the start, and its state at every time', async () => {
    const reached = gate();
    const finish = gate();
    const handle = flow('states', () =>
      task(
        async () => {
          reached.open();
          await finish.opened;
          return 1;
        },
        { name: 'wait' },
      )(),
    ).start();
    expect(handle.id).toMatch(/^\d{8}-\d{6}-[0-9a-z]{6}$/);
    const seen = [handle.state];
    await reached.opened;
    seen.push(handle.state);
    finish.open();
    await handle.result();
    expect([...seen, handle.state]).toEqual(['pending', 'running', 'success']);
  });

  it('S10: gives its events in order, to each reader at his own speed, and ends with the run', async () => {
    const handle = flow('events', () => one()).start();
    const [first, second] = await Promise.all([eventsOf(handle), eventsOf(handle)]);
    expect(first).toEqual(second);
    expect(first.map(({ type, node, data }) => [type, node, (data as { state: string }).state])).toEqual([
      ['run-state', undefined, 'running'],
      ['task-state', 'one#0', 'pending'],
      ['task-state', 'one#0', 'queued'],
      ['task-state', 'one#0', 'running'],
      ['task-state', 'one#0', 'success'],
      ['run-state', undefined, 'success'],
    ]);
    expect((await eventsOf(handle)).map(({ type }) => type)).toEqual(['run-state']);
  });

  it('a reader who leaves early harms nobody', async () => {
    const handle = flow('leaves', () => one()).start();
    for await (const _ of handle.events()) break;
    expect(await handle.result()).toBe(1);
  });

  it('a failure that nobody asks for is no unhandledRejection', async () => {
    const raised: unknown[] = [];
    const listener = (reason: unknown): void => void raised.push(reason);
    process.on('unhandledRejection', listener);
    try {
      const handle = flow('unasked', () => Promise.reject(new Error('boom'))).start();
      await eventsOf(handle);
      await turns();
    } finally {
      process.off('unhandledRejection', listener);
    }
    expect(raised).toEqual([]);
  });

  it('S17: what is wrong before anything runs comes out of result(), and leaves no run behind', async () => {
    const f = flow('params', { params: { n: param({ default: 1 }) } }, () => one());
    const handle = f.start({ n: 'x' } as never);
    await expect(handle.result()).rejects.toMatchObject({ name: 'ParameterError' });
    expect([handle.state, await f.latest()]).toEqual(['failed', undefined]);
  });

  it('S19: a run whose row cannot be written fails, and lets go of the output', async () => {
    const { record } = await openProject();
    record.open = () => Promise.reject(new Error('read-only'));
    const before = console.log;
    await expect(flow('no-row', () => one()).run()).rejects.toThrow('read-only');
    expect(console.log).toBe(before);
  });

  it('a flow that calls no task is a run like any other', async () => {
    const handle = flow('empty', async () => ({ plain: [1] })).start();
    expect(await handle.result()).toEqual({ plain: [1] });
    expect((await recorded(handle.id)).run).toMatchObject({ state: 'success', counts: {} });
  });

  it("a result that cannot be stored is the caller's all the same, and said in the log", async () => {
    const handle = flow('unstorable', () => ({ f: () => 1 })).start();
    expect((await handle.result()).f()).toBe(1);
    await using project = await openProject();
    expect((await project.record.logs(handle.id)).map(({ level, text }) => [level, text])).toEqual([
      ['warn', expect.stringContaining("the flow's result is not kept")],
    ]);
    await failureOf((async () => await (await flow('unstorable', () => 1).latest())?.result())());
  });
});
