import { beforeEach, describe, expect, it } from 'vitest';
import { cache, type FinalState, flow, registerClass, TaskError, task } from '../../../src/index.js';
import { freshHome, recorded, statesOfLatest } from './workbench.js';

beforeEach(() => void freshHome());

class Refused extends Error {
  override name = 'Refused';
}

const picky = task(
  (n: number) => {
    if (n === 1) throw new Refused('no ones');
    return n;
  },
  { name: 'picky' },
);

describe('S16 failures as values', () => {
  it('S19: a flow that returns states keeps its result', async () => {
    const each = flow('states', () => picky.map([0, 1]).states());
    await each.run();
    const kept = (await (await each.latest())!.result()) as FinalState<number>[];
    const end = kept[1] as { state: 'failed'; error: TaskError };
    expect(end.error).toBeInstanceOf(TaskError);
    expect(end.error).toMatchObject({ code: 'TASK_FAILED', taskRunId: 'picky#0[1]', attempts: 1, message: "task 'picky#0[1]' failed: no ones" });
    expect(end.error.cause).toMatchObject({ name: 'Refused', message: 'no ones' });
    expect((end.error.cause as Error).stack).toContain('stored-errors.test');
  });

  it('S20: a task that returns an outcome is cached', async () => {
    const tell = task((end: FinalState<number>) => end, { name: 'tell', cache: cache.default });
    const told = flow('outcome', () => tell(picky(1).outcome()));
    const first = (await told.run()) as { error: TaskError };
    const second = (await told.run()) as { error: TaskError };
    expect(await statesOfLatest('outcome')).toMatchObject({ 'tell#0': 'cached' });
    expect(second.error).toBeInstanceOf(TaskError);
    expect(second.error.message).toBe(first.error.message);
  });

  it('S16: what is downstream of an error of an unknown class gets what a later run will get', async () => {
    const give = task(() => ({ error: new Refused('no') }), { name: 'give', cache: cache.default });
    const kind = task(({ error }: { error: Error }) => `${error.name} ${error instanceof Refused}`, { name: 'kind' });
    const both = flow('alike', () => kind(give()));
    expect([await both.run(), await both.run()]).toEqual(['Refused false', 'Refused false']);
    expect((await recorded('alike/latest')).states).toEqual({ 'give#0': 'cached', 'kind#0': 'success' });
  });

  it('S16: a class that was taught comes back as itself', async () => {
    class Taught extends Error {
      override name = 'Taught';
    }
    registerClass(Taught, { name: 'stored-errors/Taught', encode: ({ message }) => message, decode: (message: string) => new Taught(message) });
    const give = task(() => new Taught('well'), { name: 'give', cache: cache.default });
    const kind = task((error: Error) => error instanceof Taught, { name: 'kind' });
    const both = flow('taught', () => kind(give()));
    expect([await both.run(), await both.run()]).toEqual([true, true]);
  });
});
