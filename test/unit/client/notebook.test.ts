import { expect, it } from 'vitest';
import { freshHome } from '../engine/workbench.js';

it('examples/look-back: what was tried, what was best, and what went wrong', async () => {
  freshHome();
  const { best, chosen, failures, graph, inputs, model, tried } = await import('../../../examples/look-back/notebook.js');
  expect(tried).toHaveLength(6);
  expect(best.params).toEqual({ rate: 0.5, steps: 1000 });
  expect([model.slope, model.offset].map((value) => Math.round(value * 100) / 100)).toEqual([3, 1]);
  expect(inputs.map(({ id }) => id)).toEqual(['measure#0']);
  expect(graph.nodes.map(({ id, outcome }) => [id, outcome?.state])).toEqual([
    ['measure#0', 'cached'],
    ['fit#0', 'success'],
  ]);
  expect(failures).toEqual([
    expect.stringMatching(/^1000 steps: .*a rate of 5 diverges/),
    expect.stringMatching(/^100 steps: .*a rate of 5 diverges/),
  ]);
  expect([chosen.tags, chosen.notes.map(({ text }) => text)]).toEqual([['search', 'best'], ['The loss no longer falls after 1,000 steps.']]);
});
