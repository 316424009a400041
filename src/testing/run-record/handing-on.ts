import assert from 'node:assert/strict';
import type { TaskRunRow } from '../../model/records.js';
import type { RunRecordCases } from './cases.js';
import { artifactRow, digest, entryRow, runRow, taskRow } from './rows.js';

/** What the removal of a run hands on, and what it leaves for runs that go on. */
export const handingOn: RunRecordCases = {
  'what ran inside a sub-flow that others took as a whole is handed on to the newest of them': async (record, another) => {
    const inner = (index: number, id: string, parts: Partial<TaskRunRow>): TaskRunRow =>
      taskRow(index, { id, task: id.replace(/^.*\.(\w+)#.*$/, '$1'), ...parts });
    await record.open(runRow({ id: 'maker', createdAt: 1 }));
    await record.append({
      run: 'maker',
      epoch: 0,
      taskRuns: [
        taskRow(0),
        taskRow(1, { id: 'part#0', task: 'part' }),
        inner(2, 'part#0.load#0', { parent: 1 }),
        inner(3, 'part#0.score#0', {
          parent: 1,
          upstream: [
            { from: 2, kind: 'data' },
            { from: 0, kind: 'data' },
          ],
        }),
        inner(4, 'part#0.score#0[0]', { parent: 3 }),
      ],
      artifacts: [0, 1, 2, 4].map((index) => ({ ...artifactRow(index, '', `value ${index}`), inline: Uint8Array.of(index) })),
      entries: [entryRow('maker', 2, 'v1', { artifacts: [{ name: '', ref: artifactRow(2, '', 'value 2').ref }] })],
      change: { state: 'success' },
    });
    for (const [id, createdAt] of [
      ['early', 2],
      ['late', 3],
    ] as const) {
      await record.open(runRow({ id, createdAt }));
      const origin = { run: 'maker', index: 1 };
      await record.append({
        run: id,
        epoch: 0,
        taskRuns: [taskRow(5, { id: 'part#1', task: 'part', state: 'cached', attempts: 0, startedAt: undefined, origin })],
        change: { state: 'success' },
      });
    }
    await record.open(runRow({ id: 'going', flow: 'another', createdAt: 4 }));
    const origin = { run: 'maker', index: 1 };
    await record.append({ run: 'going', epoch: 0, taskRuns: [taskRow(0, { id: 'part#0', task: 'part', state: 'cached', attempts: 0, origin })] });
    const other = await another();
    // It has yet to give its own task runs their places.
    assert.deepEqual((await other.remove({ runs: ['maker'], deleteFile: () => false })).left, [{ run: 'maker', why: 'in-use', by: 'going' }]);
    assert.equal((await other.taskRuns('late')).length, 1);
    await record.append({ run: 'going', epoch: 0, change: { state: 'success' } });
    assert.deepEqual((await other.remove({ runs: ['going'], deleteFile: () => false })).removed, ['going']);
    const would = await other.remove({ runs: ['maker'], dryRun: true, deleteFile: () => false });
    const removal = await other.remove({ runs: ['maker'], deleteFile: () => false });
    assert.deepEqual([removal, removal.freed], [would, { count: 1, bytes: 1 }]);
    const told = (await other.taskRuns('late')).map(({ id, parent, state, artifacts, upstream }) => [
      id,
      parent,
      state,
      artifacts.map(({ ref }) => ref.contentDigest),
      upstream.map(({ from }) => from),
    ]);
    assert.deepEqual(told, [
      ['part#1', undefined, 'cached', [digest('value 1')], []],
      ['part#1.load#0', 5, 'cached', [digest('value 2')], []],
      ['part#1.score#0', 5, 'success', [], [6]],
      ['part#1.score#0[0]', 7, 'cached', [digest('value 4')], []],
    ]);
    assert.deepEqual(
      (await other.entries([digest('v1', 32)])).map(({ run, index }) => [run, index]),
      [['late', 6]],
    );
    // And once more, to the one that took it before.
    assert.equal((await other.remove({ runs: ['late'], deleteFile: () => false })).freed.count, 0);
    assert.deepEqual(
      (await other.taskRuns('early')).map(({ id, artifacts }) => [id, artifacts.length]),
      [
        ['part#1', 1],
        ['part#1.load#0', 1],
        ['part#1.score#0', 0],
        ['part#1.score#0[0]', 1],
      ],
    );
  },

  'what a run that is limited to some tasks may take stays until that has ended': async (record, another) => {
    const hit = taskRow(0, { state: 'cached', attempts: 0, startedAt: undefined, origin: { run: 'shared', index: 0 } });
    for (const [id, flow] of [
      ['shared', 'another flow'],
      ['stranger', 'another flow'],
      ['earlier', 'etl'],
    ] as const) {
      await record.open(runRow({ id, flow, createdAt: 1 }));
      const taskRuns = [id === 'earlier' ? hit : taskRow(0)];
      const artifacts = id === 'earlier' ? [] : [{ ...artifactRow(0, '', id), inline: Uint8Array.of(1) }];
      await record.append({ run: id, epoch: 0, taskRuns, artifacts, change: { state: 'success' } });
    }
    await record.open(runRow({ id: 'some', flow: 'etl', createdAt: 2, only: ['train'] }));
    const other = await another();
    const remove = async () => await other.remove({ runs: ['shared', 'stranger', 'earlier'], deleteFile: () => false });
    const { removed, left } = await remove();
    assert.deepEqual(removed, ['stranger']);
    assert.deepEqual(
      [...left].sort((a, b) => (a.run < b.run ? -1 : 1)),
      [
        { run: 'earlier', why: 'in-use', by: 'some' },
        { run: 'shared', why: 'in-use', by: 'some' },
      ],
    );
    await record.append({ run: 'some', epoch: 0, change: { state: 'success' } });
    assert.deepEqual([...(await remove()).removed].sort(), ['earlier', 'shared']);
  },
};
