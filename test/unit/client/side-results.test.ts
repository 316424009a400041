import { client } from 'millrace/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { cache, ctx, Fail, flow, markdown, param, task } from '../../../src/index.js';
import { freshHome } from '../engine/workbench.js';

beforeEach(() => {
  freshHome();
});

const train = task(
  async (rate: number) => {
    for (const loss of [4, 2, Number.NaN]) ctx().metric('train/loss', loss * rate);
    ctx().metric('score', 7, 10);
    await ctx().artifact('card', markdown('**good**'));
    await ctx().artifact('points', [{ x: 1 }, { x: 2 }]);
    await ctx().artifact('pixels', new Uint8Array([1, 2, 3]));
    if (rate < 0) throw new Fail('diverged');
    return rate;
  },
  { name: 'train', cache: cache.default, version: '1' },
);
const training = flow('training', { params: { rate: param({ default: 1 }) } }, ({ rate }) => train(rate));

describe('what a task gave beside its result', () => {
  it('artifacts come after the result, with what viewers know them by, and are loaded by their path', async () => {
    await training.run();
    const looked = client();
    const of = await looked.get('training/latest/train/0');
    const all = await of.artifacts().toArray();
    expect(all.map(({ name, kind, contentType }) => [name, kind, contentType])).toEqual([
      ['result', undefined, undefined],
      ['card', 'markdown', 'text/markdown; charset=utf-8'],
      ['pixels', 'file', 'application/octet-stream'],
      ['points', 'table', 'application/json'],
    ]);
    expect(await (await looked.get('training/latest/train/0/card')).load()).toBe('**good**');
    expect(await (await of.artifact('points')).load()).toEqual([{ x: 1 }, { x: 2 }]);
    expect(await (await of.artifact('pixels')).load()).toEqual(new Uint8Array([1, 2, 3]));
    expect((await (await of.artifact('card')).producer()).id).toBe('train#0');
    // Nobody takes one from the graph.
    expect(await (await of.artifact('card')).consumers().toArray()).toEqual([]);
    await expect(of.artifact('crad')).rejects.toMatchObject({ code: 'ARTIFACT_UNKNOWN', hint: "Did you mean 'card'?" });
  });

  it('metrics with their points', async () => {
    await training.run({ rate: 0.5 });
    const metrics = await (await client().get('training/latest/train/0')).metrics().toArray();
    const series = await Promise.all(metrics.map(async (metric) => ({ name: metric.name, ...(await metric.points()) })));
    expect(series).toEqual([
      { name: 'score', steps: [10], values: [7] },
      { name: 'train/loss', steps: [0, 1, 2], values: [2, 1, Number.NaN] },
    ]);
  });

  it('S13: of a reused task run, what its origin gave; of a failed one, nothing', async () => {
    await training.run();
    await training.run();
    const reused = await client().get('training/latest/train/0');
    expect(reused.state).toBe('cached');
    expect(await (await reused.artifact('card')).load()).toBe('**good**');
    expect((await reused.metrics().toArray()).map(({ name }) => name)).toEqual(['score', 'train/loss']);
    await training.run({ rate: -1 }, { throwOnFailure: false });
    const failed = await client().get('training/latest/train/0');
    expect([await failed.artifacts().toArray(), await failed.metrics().toArray()]).toEqual([[], []]);
  });
});
