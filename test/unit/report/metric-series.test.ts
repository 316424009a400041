import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metricSeries, thinned } from '../../../src/report/metric-series.js';

describe('the metrics of a report', () => {
  it('are told with NaN and infinities as gaps, and their last value as it was', () => {
    const points = { steps: [0, 1, 2], values: [0.1, Number.NaN, Number.POSITIVE_INFINITY] };
    const recorded = { index: 4, attempt: 1, name: 'loss', count: 3, last: { step: 2, value: Number.POSITIVE_INFINITY }, min: 0.1, max: 0.1, points };
    expect(metricSeries([recorded], (index) => index - 4)).toEqual([
      { task: 0, name: 'loss', steps: [0, 1, 2], values: [0.1, null, null], total: 3, last: 'Infinity' },
    ]);
    expect(metricSeries([recorded], () => undefined)).toEqual([]);
  });

  it('keep the first, the last, the least and the greatest value of long curves, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 500 }),
        fc.integer({ min: 5, max: 60 }),
        (values, most) => {
          const kept = thinned(values, most);
          expect(kept.length).toBeLessThanOrEqual(Math.max(most, Math.min(values.length, most)));
          expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
          expect([kept[0], kept.at(-1)]).toEqual([0, values.length - 1]);
          const shown = kept.map((at) => values[at] as number);
          expect([Math.min(...shown), Math.max(...shown)]).toEqual([Math.min(...values), Math.max(...values)]);
        },
      ),
    );
  });

  it('keep a gap and what is around it, however the curve is cut into stretches', () => {
    const values = Array.from({ length: 1_000 }, (_, at) => (at % 10 === 0 ? Number.NaN : at));
    const kept = thinned(values, 40);
    expect(kept.length).toBeLessThanOrEqual(40);
    expect(kept.filter((at) => at % 10 === 0).length).toBeGreaterThan(10);
    expect(Math.max(...kept)).toBe(999);
    expect(kept.map((at) => values[at])).toContain(1);
  });
});
