import { beforeEach, describe, expect, it } from 'vitest';
import { cache, check, ctx, flow, task } from '../../../src/index.js';
import { openProject } from '../../../src/runtime/project.js';
import { failureOf, freshHome, gate, inMemory, recorded, turns } from './workbench.js';

beforeEach(() => void freshHome());

const rows = (checks: readonly ReturnType<typeof check<number>>[], isAsync = false) =>
  task((n: number): number | Promise<number> => (isAsync ? turns(1).then(() => n) : n), { name: 'rows', checks });

const positive = check<number>('positive', (n) => n > 0 || `it is ${n}`);
const small = check<number>('small', (n) => n < 10, { severity: 'warn' });
const late = check<number>('late', async (n) => {
  await turns(2);
  return n !== 13 || 'unlucky';
});

async function linesOf(run: string): Promise<string[]> {
  await using project = await openProject();
  return (await project.record.logs(run)).map(({ text, level, node }) => `${node} ${level} ${text}`);
}

describe('checks on results', () => {
  it('A10: a warning is logged, and the value goes on', async () => {
    const handle = flow('warns', () => rows([positive, small])(50)).start();
    expect(await handle.result()).toBe(50);
    expect((await recorded(handle.id)).states['rows#0']).toBe('success');
    expect(await linesOf(handle.id)).toEqual(["rows#0 warn check 'small' did not pass"]);
  });

  it('A10: one that counts fails the task, says what was wrong, and stores nothing', async () => {
    const handle = flow('fails', () => rows([positive, small])(-5)).start();
    const error = await failureOf(handle.result());
    expect(error.failures[0]?.cause).toMatchObject({ code: 'CHECK_FAILED', message: expect.stringContaining("'positive' (it is -5)") });
    const row = (await recorded(handle.id)).task('rows#0');
    expect(row).toMatchObject({ state: 'failed', artifacts: [] });
    expect(await linesOf(handle.id)).toEqual(["rows#0 error check 'positive' did not pass: it is -5"]);
  });

  it.each([
    ['synchronous', false],
    ['asynchronous', true],
  ])('A10: a check that answers later is waited for, after a %s body', async (_, isAsync) => {
    const t = rows([late, positive], isAsync);
    expect(await flow('late', () => t(12)).run()).toBe(12);
    const error = await failureOf(flow('late', () => t(13)).run());
    expect(error.failures[0]?.cause).toMatchObject({ message: expect.stringContaining("'late' (unlucky)") });
  });

  it('A10, S13: a result that was refused is tried again', async () => {
    const improves = task(() => ctx().attempt, { name: 'improves', retries: 3, checks: [check<number>('enough', (n) => n >= 3 || `only ${n}`)] });
    const handle = flow('again', () => improves()).start();
    expect(await handle.result()).toBe(3);
    const row = (await recorded(handle.id)).task('improves#0');
    expect(row).toMatchObject({ state: 'success', attempts: 3 });
    expect(row.attemptRows.map(({ error }) => error?.code)).toEqual(['CHECK_FAILED', 'CHECK_FAILED', undefined]);
  });

  it('A10, S13: the time-out counts the checks of an asynchronous body too', async () => {
    const never = check<number>('never', () => new Promise<boolean>(() => {}));
    const error = await failureOf(flow('stuck', () => rows([never], true).with({ timeout: 20 })(1)).run());
    expect(error.failures[0]?.code).toBe('TASK_TIMED_OUT');
  });

  it('A10, S15: cancelled while a check is asked, the task ends cancelled', async () => {
    const [asked, answer] = [gate(), gate<boolean>()];
    const slow = check<number>('slow', () => {
      asked.open();
      return answer.opened;
    });
    const handle = flow('cancelled', () => rows([slow])(1)).start();
    await asked.opened;
    const cancelled = handle.cancel('enough');
    answer.open(false);
    await Promise.all([cancelled, failureOf(handle.result())]);
    expect((await recorded(handle.id)).states['rows#0']).toBe('cancelled');
  });

  it('A10, S20: what passed is reused, and not checked again; what was refused is not', async () => {
    let asked = 0;
    const counted = check<number>('counted', (n) => {
      asked++;
      return n > 0;
    });
    const t = task((n: number) => n, { name: 'cached', version: '1', cache: cache.default, checks: [counted] });
    const f = (n: number) => flow('cached', () => t(n));
    await f(1).run();
    await f(1).run();
    expect(asked).toBe(1);
    await failureOf(f(-1).run());
    await failureOf(f(-1).run());
    expect(asked).toBe(3);
  });

  it('A10: each child of a map is checked by itself', async () => {
    inMemory();
    const states = await flow('map', () => rows([positive]).map([1, -1, 2]).states().get('length')).run();
    expect(states).toBe(3);
    expect(await flow('map', () => rows([positive]).map([1, -1, 2]).successes()).run()).toEqual([1, 2]);
  });
});
