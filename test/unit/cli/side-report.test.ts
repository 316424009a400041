import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { placeNames, progressText, sideBlocks } from '../../../src/cli/side-report.js';
import { BODY_PLACE } from '../../../src/model/records.js';
import type { MetricSeries, RunArtifact } from '../../../src/runs/run-record.js';
import { taskRow } from '../../fixtures/runs/rows.js';

const style = { colours: picocolors.createColors(false), now: 5_000, width: undefined };
const artifact = (index: number, name: string): RunArtifact => ({
  index,
  attempt: 1,
  name,
  kind: 'table',
  contentType: 'application/json',
  at: 0,
  ref: { uri: '', key: '', contentDigest: '', valueDigest: '', bytes: 1_400, format: 'json' },
});
const metric = (parts: Partial<MetricSeries>): MetricSeries => ({
  index: 0,
  attempt: 1,
  name: 'loss',
  count: 2,
  last: { step: 1, value: 1 / 3 },
  min: 1 / 3,
  max: 1,
  ...parts,
});

describe('artifacts and metrics, as people read them', () => {
  it('of a run: with who gave them', () => {
    const nameAt = placeNames([{ ...taskRow(0, { id: 'fit#0' }), attemptRows: [], artifacts: [] }]);
    const blocks = sideBlocks({ artifacts: [artifact(BODY_PLACE, 'card'), artifact(0, 'worst')], metrics: [metric({})] }, style, nameAt);
    expect(blocks).toEqual([
      'artifact  of          kind    bytes  type\ncard      (the flow)  table  1.4 KB  application/json\nworst     fit#0       table  1.4 KB  application/json',
      'metric  of         last  at step       min  max  points\nloss    fit#0  0.333333        1  0.333333    1       2',
    ]);
  });

  it('of a task: without; a series without finite values has no least', () => {
    const diverged = metric({ last: { step: 0, value: Number.NaN }, min: undefined, max: undefined, count: 1 });
    expect(sideBlocks({ artifacts: [], metrics: [diverged] }, style)).toEqual([
      'metric  last  at step  min  max  points\nloss     NaN        0                 1',
    ]);
    expect(sideBlocks({ artifacts: [], metrics: [] }, style)).toEqual([]);
  });

  it('of many, the first', () => {
    const [block] = sideBlocks({ artifacts: Array.from({ length: 60 }, (_, at) => artifact(0, `a${at}`)), metrics: [] }, style);
    expect(block?.split('\n')).toHaveLength(52);
    expect(block).toMatch(/and 10 more: --json lists them$/);
  });

  it('progress is told while it counts', () => {
    const progress = { attempt: 1, fraction: 0.404, message: 'part 3\u001b[2J', at: 3_000 };
    const running = { ...taskRow(0, { state: 'running' }), attemptRows: [], artifacts: [], progress };
    expect(progressText(running, 5_000)).toMatch(/^40 % part 3.*\(2\.0 s ago\)$/);
    expect(progressText(running, 5_000)).not.toContain('\u001b');
    expect(progressText({ ...running, state: 'success' }, 5_000)).toBeUndefined();
  });
});
