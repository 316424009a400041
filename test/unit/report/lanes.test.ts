import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lanesOf, tickStep } from '../../../src/report/page/lanes.js';
import { details, modelOf, ran } from './sample.js';

describe('the lanes of a timeline', () => {
  it('are one for each task run, in the order in which they began, with its attempts and the waiting between them', () => {
    const attempt = { index: 1, state: 'retrying' as const, changes: 'queued@-2 running@0', error: undefined };
    const retried = ran(1, 'b#0', 0, 1, {
      attemptRows: [
        { ...attempt, attempt: 1, startedAt: 1_004, finishedAt: 1_006 },
        { ...attempt, attempt: 2, state: 'success', startedAt: 1_016, finishedAt: 1_020 },
      ],
    });
    const lanes = lanesOf(modelOf([ran(0, 'a#0', 10, 12), retried]));
    expect(lanes.map(({ title }) => title)).toEqual(['b#0', 'a#0']);
    expect(lanes[0]?.bars.map(({ waitFrom, start, end }) => [waitFrom, start, end])).toEqual([
      [2, 4, 6],
      [6, 16, 20],
    ]);
  });

  it('show what took no attempt where it was settled, and what never was at the end of what is known', () => {
    const rows = [
      details(0, { id: 'a#0', task: 'a', state: 'cached', startedAt: undefined, finishedAt: 1_007 }),
      details(1, { id: 'b#0', task: 'b', state: 'queued', startedAt: undefined, finishedAt: undefined }),
    ];
    const lanes = lanesOf(modelOf(rows, { state: 'running', end: null }));
    expect(lanes.map(({ bars: [bar] }) => [bar?.attempt, bar?.waitFrom, bar?.start, bar?.end])).toEqual([
      [-1, 7, 7, 7],
      [-1, 0, 1_000, 1_000],
    ]);
  });

  it('are shared by the children of a map: as many as ran side by side, none over another, none left out', () => {
    const spans = fc.array(fc.tuple(fc.nat(100), fc.nat(30)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(spans, (times) => {
        const children = times.map(([start, length], at) => ran(at + 1, `m#0[${at}]`, start, start + length, { parent: 0 }));
        const lanes = lanesOf(modelOf([details(0, { id: 'm#0', task: 'm', startedAt: undefined, finishedAt: undefined }), ...children]));
        expect(lanes.flatMap(({ bars }) => bars.map(({ task }) => task)).sort((a, b) => a - b)).toEqual(children.map((_, at) => at + 1));
        for (const { bars } of lanes) expect(bars.every((bar, at) => bar.start >= (bars[at - 1]?.end ?? 0))).toBe(true);
        const most = Math.max(...times.map(([at]) => times.filter(([start, length]) => start <= at && (start + length > at || start === at)).length));
        expect(lanes.length).toBeLessThanOrEqual(most);
      }),
    );
  });

  it('are shared by a task that was called often', () => {
    const lanes = lanesOf(modelOf(Array.from({ length: 40 }, (_, at) => ran(at, `t#${at}`, at, at + 1))));
    expect(lanes).toHaveLength(1);
    expect(lanes[0]).toMatchObject({ title: 't (all)', task: undefined, waits: false });
  });

  it('have an axis that counts as people do', () => {
    expect([0.004, 0.3, 1.5, 30, 700, 12_000, 40_000, 4e6, 2e8].map(tickStep)).toEqual([
      0.01, 1, 2, 50, 1_000, 15_000, 60_000, 7_200_000, 259_200_000,
    ]);
  });
});
