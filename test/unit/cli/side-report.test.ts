import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { givenIn, placeNames, progressText, sideBlocks } from '../../../src/cli/side-report.js';
import { cache, ctx, flow, markdown, task } from '../../../src/index.js';
import { BODY_PLACE } from '../../../src/model/records.js';
import type { MetricSeries, RunArtifact } from '../../../src/runs/run-record.js';
import { withOrigins } from '../../../src/runs/with-origins.js';
import { findTaskRun } from '../../../src/runtime/past/look-up.js';
import { openProject } from '../../../src/runtime/project.js';
import { taskRow } from '../../fixtures/runs/rows.js';
import { freshHome } from '../engine/workbench.js';

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

  it('of a map: what its children gave, whether they ran or were reused, and nothing of others', async () => {
    freshHome();
    const size = task(
      async (n: number) => {
        ctx().metric('size', n);
        await ctx().artifact(`card-${n}`, markdown(`${n}`));
        return n;
      },
      { name: 'size', cache: cache.default, version: '1' },
    );
    const sizes = flow('sizes', async () => {
      await ctx().artifact('body', 'of the flow');
      return [await size.map([1, 2]), await size(3)];
    });
    await sizes.run();
    const { id } = await sizes
      .start()
      .result()
      .then(async () => (await sizes.latest()) as { id: string });
    await using project = await openProject({ look: true });
    const taskRuns = await withOrigins(project.record, await project.record.taskRuns(id));
    const nameAt = placeNames(taskRuns);
    const givenBy = async (wanted: string) => {
      const { artifacts, metrics } = await givenIn(project.record, id, findTaskRun(taskRuns, wanted, id), taskRuns, {});
      return [...artifacts, ...metrics].map(({ index, name }) => `${nameAt(index)} ${name}`);
    };
    expect(await givenBy('size#0')).toEqual(['size#0[0] card-1', 'size#0[1] card-2', 'size#0[0] size', 'size#0[1] size']);
    expect(await givenBy('size#0[1]')).toEqual(['size#0[1] card-2', 'size#0[1] size']);
    expect(await givenBy('size#1')).toEqual(['size#1 card-3', 'size#1 size']);
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
