import { beforeEach, describe, expect, it } from 'vitest';
import { cache, ctx, flow, param, task } from '../../../src/index.js';
import { failureOf, freshHome, recorded } from '../engine/workbench.js';

beforeEach(() => void freshHome());

/** What ran, in order. */
let ran: string[] = [];
beforeEach(() => {
  ran = [];
});
/** Names of tasks that fail. */
const broken = new Set<string>();
beforeEach(() => broken.clear());

function note(name: string): void {
  ran.push(name);
  if (broken.has(name)) throw new Error(`${name} is broken`);
}

const load = task((days: number) => {
  note('load');
  return Array.from({ length: days }, (_, day) => day);
});
const clean = task((rows: readonly number[]) => {
  note('clean');
  return rows.filter((row) => row % 2 === 0);
});
const train = task((rows: readonly number[], rate: number) => {
  note('train');
  return rows.length * rate;
});
const report = task((model: number) => {
  note('report');
  return `model ${model}`;
});
const pipeline = flow('pipeline', { params: { days: param({ default: 6 }), rate: param({ default: 2 }) } }, ({ days, rate }) =>
  report(train(clean(load(days)), rate)),
);

describe('S30 resume', () => {
  it('takes over what was finished, cached or not, records where it is from, and executes the rest', async () => {
    broken.add('train');
    const { runId } = await failureOf(pipeline.run({}));
    broken.clear();
    ran = [];
    expect(await pipeline.resume()).toBe('model 6');
    expect(ran).toEqual(['train', 'report']);
    const { run, states, task: row } = await recorded('pipeline/latest');
    expect(run.originRun).toBe(runId);
    expect(states).toEqual({ 'load#0': 'cached', 'clean#0': 'cached', 'train#0': 'success', 'report#0': 'success' });
    expect(row('clean#0').origin).toEqual({ run: runId, index: 1 });
    expect(row('clean#0').cacheKey).toBeUndefined();
  });

  it('chained: what either has finished is taken over, and the origin is where it was computed', async () => {
    broken.add('clean');
    const { runId } = await failureOf(pipeline.run({}));
    broken.clear();
    broken.add('report');
    const second = await failureOf(pipeline.resume());
    broken.clear();
    ran = [];
    expect(await pipeline.resume()).toBe('model 6');
    expect(ran).toEqual(['report']);
    const { run, task: row } = await recorded('pipeline/latest');
    expect(run.originRun).toBe(second.runId);
    expect(row('load#0').origin?.run).toBe(runId);
    expect(row('train#0').origin?.run).toBe(second.runId);
  });
});

void [cache, ctx];
