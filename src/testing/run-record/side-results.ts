import assert from 'node:assert/strict';
import { BODY_PLACE, type RunArtifactRow } from '../../model/records.js';
import type { RunRecordCases } from './cases.js';
import { digest, metricRow, runArtifactRow, runRow, taskRow } from './rows.js';

/** What tasks give beside their results: artifacts, metrics, progress. */
export const sideResults: RunRecordCases = {
  'S13: artifacts are kept by attempt; of one name, the last; their bytes with them': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    await record.open(runRow({ id: 'r2' }));
    const inline = Uint8Array.of(7, 8);
    const runArtifacts = [
      runArtifactRow(1, 2, 'table', 'b', { kind: 'table', contentType: 'application/json' }),
      { ...runArtifactRow(1, 1, 'table', 'a'), inline },
      runArtifactRow(0, 1, 'größe', 'c'),
      runArtifactRow(0, 1, 'Zoo', 'd'),
      runArtifactRow(BODY_PLACE, 0, 'summary', 'e'),
    ];
    await record.append({ run: 'r1', epoch: 0, runArtifacts });
    await record.append({ run: 'r1', epoch: 0, runArtifacts: [runArtifactRow(0, 1, 'Zoo', 'f', { kind: 'image' })] });
    await record.append({ run: 'r2', epoch: 0, runArtifacts: [runArtifactRow(0, 1, 'other', 'x')] });
    const other = await another();
    const found = await other.runArtifacts('r1');
    assert.deepEqual(
      found.map(({ index, attempt, name, kind }) => [index, attempt, name, kind]),
      [
        [BODY_PLACE, 0, 'summary', 'value'],
        [0, 1, 'Zoo', 'image'],
        [0, 1, 'größe', 'value'],
        [1, 1, 'table', 'value'],
        [1, 2, 'table', 'table'],
      ],
    );
    const { inline: _, ...last } = runArtifacts[0] as RunArtifactRow;
    assert.deepEqual(found.at(-1), last);
    assert.deepEqual(
      (await other.runArtifacts('r1', { index: 1 })).map(({ attempt }) => attempt),
      [1, 2],
    );
    assert.deepEqual(Uint8Array.from((await other.inline([digest('a')])).get(digest('a')) ?? []), inline);
    assert.deepEqual(await other.runArtifacts('unknown'), []);
    // They are no parts of results.
    await record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(1)] });
    assert.deepEqual((await other.taskRuns('r1'))[0]?.artifacts, []);
  },

  'metrics: points in order, summed up; NaN and infinities come back; what is written twice counts once': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const first = metricRow(0, 'loss', 0, [0, 1, 2], [3, Number.NaN, -0]);
    const second = metricRow(0, 'loss', 3, [10, 10.5], [Number.POSITIVE_INFINITY, 1.5]);
    await record.append({ run: 'r1', epoch: 0, metrics: [first, metricRow(0, 'acc', 0, [5], [Number.NEGATIVE_INFINITY])] });
    await record.append({ run: 'r1', epoch: 0, metrics: [second, first] });
    await record.append({
      run: 'r1',
      epoch: 0,
      metrics: [{ ...metricRow(0, 'loss', 0, [0], [9]), attempt: 2 }, metricRow(BODY_PLACE, 'all', 0, [0], [1])],
    });
    const other = await another();
    const loss = { index: 0, attempt: 1, name: 'loss', count: 5, last: { step: 10.5, value: 1.5 }, min: 0, max: 3 };
    const found = await other.metrics('r1');
    assert.deepEqual(
      found.map(({ index, attempt, name }) => `${index}.${attempt} ${name}`),
      [`${BODY_PLACE}.1 all`, '0.1 acc', '0.1 loss', '0.2 loss'],
    );
    assert.deepEqual(found[1], {
      index: 0,
      attempt: 1,
      name: 'acc',
      count: 1,
      last: { step: 5, value: Number.NEGATIVE_INFINITY },
      min: undefined,
      max: undefined,
    });
    assert.deepEqual(found[2], loss);
    const [withPoints] = await other.metrics('r1', { index: 0, name: 'loss', points: true });
    assert.deepEqual(withPoints, { ...loss, points: { steps: [0, 1, 2, 10, 10.5], values: [3, Number.NaN, -0, Number.POSITIVE_INFINITY, 1.5] } });
    assert.deepEqual(await other.metrics('r1', { index: 4 }), []);
    assert.deepEqual(await other.metrics('unknown'), []);
  },

  'progress: the last word of a task run': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const said = { attempt: 1, fraction: 0.25, message: 'reading', at: 1_000.5 };
    await record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0), taskRow(1)], progress: [{ index: 1, ...said }] });
    assert.deepEqual((await (await another()).taskRuns('r1'))[1]?.progress, said);
    const next = { attempt: 2, fraction: 0.5, message: undefined, at: 2_000 };
    await record.append({ run: 'r1', epoch: 0, progress: [{ index: 1, ...next }] });
    const [none, last] = await (await another()).taskRuns('r1');
    assert.deepEqual(last?.progress, next);
    assert.equal('progress' in (none ?? {}), false);
  },
};
