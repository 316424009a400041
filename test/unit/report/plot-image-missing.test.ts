import { expect, it, vi } from 'vitest';
import { plotImage } from '../../../src/report/plot-image.js';

vi.mock('vega-lite', () => {
  throw Object.assign(new Error("Cannot find package 'vega-lite'"), { code: 'ERR_MODULE_NOT_FOUND' });
});

it('a plot whose library is not installed is told with what to install', async () => {
  expect(await plotImage({ data: { values: [] }, mark: 'point' }, 'application/vnd.vegalite.v6+json')).toEqual({
    why: 'plots are drawn by the packages vega and vega-lite, which are not installed: npm install vega vega-lite',
  });
});
