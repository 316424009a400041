import { beforeEach, expect, it } from 'vitest';
import { client } from '../../../src/client/index.js';
import { cache, flow, param, task } from '../../../src/index.js';
import { freshHome, recorded } from '../engine/workbench.js';

let ran: string[] = [];
beforeEach(() => {
  freshHome();
  ran = [];
});

const load = task(
  (days: number) => {
    ran.push('load');
    return days;
  },
  { name: 'load' },
);
const score = task(
  (rows: number) => {
    ran.push('score');
    return rows * 2;
  },
  { name: 'score' },
);
const part = flow('part', { params: { days: param({ default: 3 }) } }, ({ days }) => score(load(days)));
const whole = flow('whole', () => part.asTask({ cache: cache.inputs })({ days: 4 }));

it('S30: of a sub-flow that was taken over as a whole, what ran inside is known, and resumed from, when its maker is gone', async () => {
  await whole.run();
  const maker = (await whole.latest())?.id as string;
  expect(await whole.run()).toBe(8);
  expect((await recorded('whole/latest')).states).toEqual({ 'part#0': 'cached' });
  expect((await client().remove([maker])).removed).toEqual([maker]);
  const { states } = await recorded('whole/latest');
  expect(states).toEqual({ 'part#0': 'cached', 'part#0.load#0': 'cached', 'part#0.score#0': 'cached' });
  const inner = await client().get('whole/latest/score/0');
  expect(await inner.value()).toBe(8);
  expect((await (await whole.latest())?.graph())?.nodes.map(({ id }) => id)).toEqual(['part#0', 'part#0.load#0', 'part#0.score#0']);
  ran = [];
  await whole.resume({ runId: 'whole/latest', from: 'score' });
  expect(ran).toEqual(['score']);
});

it('a run of some tasks only keeps what it may take from being removed meanwhile', async () => {
  await whole.run();
  const earlier = (await whole.latest())?.id as string;
  let left: unknown;
  const asks = task(
    async () => {
      ({ left } = await client().remove([earlier]));
    },
    { name: 'asks' },
  );
  const asking = flow('whole', () => [load(4), asks()]);
  await asking.run({}, { only: [asks] }).catch(() => {});
  expect(left).toEqual([{ run: earlier, why: 'in-use', by: (await whole.latest())?.id }]);
  expect((await client().remove([earlier])).removed).toEqual([earlier]);
});
