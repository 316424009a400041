import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, param, task } from '../../../src/index.js';
import { failureOf, freshHome, recorded } from '../engine/workbench.js';

let ran: string[] = [];
beforeEach(() => {
  freshHome();
  ran = [];
});

const load = task((days: number) => {
  ran.push('load');
  return Array.from({ length: days }, (_, day) => day);
});
const train = task((rows: readonly number[], rate: number) => {
  ran.push('train');
  return rows.length * rate;
});
const plot = task((rows: readonly number[]) => {
  ran.push('plot');
  return `${rows.length} points`;
});
const report = task((model: number, picture: string) => {
  ran.push('report');
  return `${model}, ${picture}`;
});
const study = flow('study', { params: { days: param({ default: 3 }), rate: param({ default: 2 }) } }, ({ days, rate }) => {
  const rows = load(days);
  return report(train(rows, rate), plot(rows));
});

describe('only some tasks', () => {
  it('executes these, takes what they need from earlier results, and leaves out the rest', async () => {
    await study.run({});
    ran = [];
    expect(await study.run({ rate: 5 }, { only: [train] })).toBeUndefined();
    expect(ran).toEqual(['train']);
    const { states, run, task: row } = await recorded('study/latest');
    expect(run.state).toBe('success');
    expect(states).toEqual({ 'load#0': 'cached', 'train#0': 'success', 'plot#0': 'cached', 'report#0': 'skipped' });
    expect(row('report#0').error?.message).toContain('it is not among the tasks to execute (train), and there is no earlier result');
    ran = [];
    expect(await study.run({ rate: 5 }, { only: ['rep*', 'plot'] })).toBe('15, 3 points');
    expect(ran.sort()).toEqual(['plot', 'report']);
  });

  it('is recorded, so that the run is not taken for a whole one', async () => {
    await study.run({});
    await study.run({ rate: 5 }, { only: [train, 'pl*'] });
    expect((await recorded('study/latest')).run.only).toEqual(['train', 'pl*']);
    const run = await study.latest();
    expect(run).toMatchObject({ state: 'success', only: ['train', 'pl*'] });
    expect(await run?.report()).toMatch(/<dt>only<\/dt><dd><bdi>train, pl\*<\/bdi><\/dd>/);
    await study.run({});
    expect((await study.latest())?.only).toBeUndefined();
  });

  it('S30: a run that resumed another for some tasks leaves the rest to be resumed', async () => {
    let fails = true;
    const first = task(() => void ran.push('first'), { name: 'first' });
    const second = task(
      (_: unknown) => {
        ran.push('second');
        if (fails) throw new Error('not yet');
      },
      { name: 'second' },
    );
    const third = task((_: unknown) => void ran.push('third'), { name: 'third' });
    const line = flow('line', () => third(second(first())));
    await failureOf(line.run());
    fails = false;
    await line.resume({ only: [second] });
    ran = [];
    await line.resume();
    expect(ran).toEqual(['third']);
  });

  it('one that lacks what it needs fails, and says so', async () => {
    const error = await failureOf(study.run({}, { only: [train] }));
    expect(error.message).toContain("'train#0' needs 'load#0', which has no earlier result");
    expect(error.cause).toMatchObject({ code: 'NOT_COMPLETE' });
    expect(ran).toEqual([]);
    await study.run({});
    expect((await failureOf(study.run({ days: 9 }, { only: [report] }))).message).toContain("'report#0' needs 'load#0'");
  });

  it('a body that awaits what is not there never comes to them', async () => {
    const awaiting = flow('awaiting', async () => {
      const rows = await load(2);
      return train(rows, 1);
    });
    const error = await failureOf(awaiting.run({}, { only: [train] }));
    expect(error.message).toContain("no call of train was come to: 'load#0' has no earlier result");
    const mistyped = await failureOf(awaiting.run({}, { only: ['laod'] }));
    expect(mistyped.cause).toMatchObject({ code: 'NOT_COMPLETE', hint: expect.stringContaining("did you mean 'load'?") });
    await awaiting.run({});
    ran = [];
    expect(await awaiting.run({}, { only: [train] })).toBe(2);
    expect(ran).toEqual(['train']);
  });

  it('a name that no task has is an error', async () => {
    await study.run({});
    const error = await failureOf(study.run({}, { only: ['tarin'] }));
    expect(error.cause).toMatchObject({ code: 'TASK_UNKNOWN' });
    expect(error.message).toMatch(/failed: expected 'only' with the names of tasks/);
    await expect(study.run({}, { only: [] })).rejects.toMatchObject({ code: 'RUN_OPTION_INVALID' });
  });

  it('looks into sub-flows, and answers cached tasks by their keys', async () => {
    const inside = flow('inside', { cache: cache.inputs, params: { days: param({ default: 3 }) } }, ({ days }) => train(load(days), 1)).asTask();
    const outer = flow('outer', () => plot.map([[1], [inside({ days: 4 }) as never]]));
    await outer.run({});
    ran = [];
    await outer.run({}, { only: [train], force: [train] });
    expect(ran).toEqual(['train']);
  });
});
