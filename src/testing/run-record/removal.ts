import assert from 'node:assert/strict';
import type { ArtifactRow, TaskRunRow } from '../../model/records.js';
import { sideResultsOf } from '../../runs/side-results.js';
import { withOrigins } from '../../runs/with-origins.js';
import type { RunRecordCases } from './cases.js';
import { artifactRow, byColumns, digest, entryRow, fullBatch, metricRow, refused, runArtifactRow, runRow, taskRow } from './rows.js';

/** Runs that are removed, and what others still need of them. */
export const removal: RunRecordCases = {
  'a removed run is gone with all it had, and only with that': async (record, another) => {
    const ended = { state: 'success', params: { x: '1' }, tags: ['t'] } as const;
    await record.open(runRow({ id: 'r1' }));
    await record.append(fullBatch('r1'));
    await record.append({ run: 'r1', epoch: 0, change: { state: 'success' } });
    await record.open(runRow({ id: 'r2', ...ended }));
    await record.open(runRow({ id: 'going' }));
    const batch = { ...fullBatch('r1'), artifacts: [{ ...artifactRow(1, '', 'mine'), inline: Uint8Array.of(1) }, artifactRow(2, '', 'x')] };
    await record.open(runRow({ id: 'r3', flow: 'other', ...ended, state: 'running' }));
    const runArtifacts = [{ ...runArtifactRow(1, 1, 'plot', 'picture'), inline: Uint8Array.of(2) }, runArtifactRow(2, 1, 'plot', 'x')];
    await record.append({ ...batch, run: 'r3', entries: [], runArtifacts, change: { state: 'failed' } });
    const other = await another();
    const request = { runs: ['r2', 'r3', 'going', 'no such'], deleteFile: () => false };
    const before = await record.runs();
    const would = await record.remove({ ...request, dryRun: true });
    assert.deepEqual(await record.runs(), before);
    const removal = await other.remove(request);
    assert.deepEqual(removal, would);
    assert.deepEqual([[...removal.removed].sort(), removal.left], [['r2', 'r3'], [{ run: 'going', why: 'unfinished' }]]);
    assert.deepEqual(removal.freed.count, 2);
    assert.equal(await record.run('r3'), undefined);
    assert.deepEqual([await record.runArtifacts('r3'), await record.metrics('r3')], [[], []]);
    assert.deepEqual([await record.taskRuns('r3'), await record.logs('r3')], [[], []]);
    assert.deepEqual([await record.runs({ tags: ['t'] }), await record.runs({ params: { x: ['1'] } })], [[], []]);
    assert.equal((await record.inline([digest('mine')])).size, 0);
    assert.equal((await record.inline([digest('x')])).size, 1);
    assert.equal((await record.taskRuns('r1')).length, 2);
    await refused('RUN_UNKNOWN', record.append({ run: 'r3', epoch: 0, taskRuns: [taskRow(0)] }));
    await record.open(runRow({ id: 'r3' }));
  },

  'S24: a run that others of its flow may be taking results from stays until they have ended': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    await record.append({ run: 'r1', epoch: 0, entries: [entryRow('r1', 0, 'v1')], change: { state: 'success' } });
    await record.open(runRow({ id: 'r2' }));
    const remove = async () => await record.remove({ runs: ['r1'], deleteFile: () => false });
    assert.deepEqual((await remove()).left, [{ run: 'r1', why: 'in-use', by: 'r2' }]);
    await record.append({ run: 'r2', epoch: 0, change: { state: 'failed' } });
    assert.deepEqual((await remove()).removed, ['r1']);
    assert.deepEqual(await record.entries([digest('v1', 32)]), []);
  },

  'S30: a run that is being resumed stays, and so does what that one had resumed': async (record) => {
    const failed = { change: { state: 'failed' } } as const;
    for (const [id, originRun] of [['r1'], ['r2', 'r1'], ['other']] as const) {
      await record.open(runRow({ id, ...(originRun === undefined ? {} : { originRun }) }));
      const artifacts = [{ ...artifactRow(0, '', id), inline: Uint8Array.of(1) }];
      await record.append({ run: id, epoch: 0, taskRuns: [taskRow(0)], artifacts, ...failed });
    }
    await record.open(runRow({ id: 'going', originRun: 'r2' }));
    const remove = async (...runs: readonly string[]) => await record.remove({ runs, deleteFile: () => false });
    const removal = await remove('r1', 'r2', 'other');
    assert.deepEqual(removal.removed, ['other']);
    assert.deepEqual(
      [...removal.left].sort((a, b) => a.run.localeCompare(b.run)),
      [
        { run: 'r1', why: 'in-use', by: 'going' },
        { run: 'r2', why: 'in-use', by: 'going' },
      ],
    );
    await record.append({ run: 'going', epoch: 0, ...failed });
    assert.deepEqual([...(await remove('r1', 'r2')).removed].sort(), ['r1', 'r2']);
  },

  'what others took from a removed run is handed on to them, and answers for it still': async (record, another) => {
    const done = { change: { state: 'success' } } as const;
    const hit = (index: number, run: string, originIndex: number): TaskRunRow =>
      taskRow(index, { state: 'cached', attempts: 0, startedAt: undefined, origin: { run, index: originIndex } });
    const many = Array.from({ length: 10 }, (_, n) => n);
    await record.open(runRow({ id: 'maker', createdAt: 1 }));
    await record.append({
      run: 'maker',
      epoch: 0,
      taskRuns: [...many, 10, 11].map((index) => taskRow(index)),
      artifacts: [...many, 10, 11].map((index) => ({ ...artifactRow(index, '', `value ${index}`), inline: Uint8Array.of(index) })),
      entries: [...many, 10, 11].map((index) =>
        entryRow('maker', index, 'v1', { artifacts: [{ name: '', ref: artifactRow(index, '', `value ${index}`).ref }] }),
      ),
      ...done,
    });
    for (const [id, createdAt] of [
      ['early', 2],
      ['late', 3],
    ] as const) {
      await record.open(runRow({ id, createdAt }));
      await record.append({
        run: id,
        epoch: 0,
        taskRuns: [...many.map((n) => hit(n + 20, 'maker', n)), hit(40, 'maker', 10)].slice(0, id === 'early' ? 11 : 9),
        ...done,
      });
    }
    const other = await another();
    const found = async (run: string) =>
      (await withOrigins(other, await other.taskRuns(run))).map(({ artifacts }) => artifacts.map(({ ref }) => ref.contentDigest));
    const expected = async (run: string) => (await record.taskRuns(run)).map(({ index }) => [digest(`value ${index === 40 ? 10 : index - 20}`)]);
    const removal = await other.remove({ runs: ['maker'], deleteFile: () => false });
    // Only what nobody took is lost.
    assert.deepEqual([removal.removed, removal.freed], [['maker'], { count: 1, bytes: 1 }]);
    assert.deepEqual([await found('early'), await found('late')], [await expected('early'), await expected('late')]);
    const entries = await other.entries([digest('v1', 32)]);
    assert.equal(entries.length, 11);
    assert.deepEqual([...new Set(entries.map(({ run }) => run))].sort(), ['early', 'late']);
    for (const { run, index, artifacts } of entries) {
      const [row] = await other.taskRuns(run, { indexes: [index] });
      assert.deepEqual(
        artifacts.map(({ ref }) => ref),
        row?.artifacts.map(({ ref }) => ref),
      );
    }
    // And once more: what the one had that was handed on goes to the other.
    assert.equal((await record.remove({ runs: ['late'], deleteFile: () => false })).freed.count, 0);
    assert.deepEqual(await found('early'), await expected('early'));
    assert.equal((await other.entries([digest('v1', 32)])).length, 11);
    assert.equal((await record.remove({ runs: ['early'], deleteFile: () => false })).freed.count, 11);
    assert.deepEqual(await other.entries([digest('v1', 32)]), []);
  },

  'what was given beside a result is handed on with it, of the attempt that counts': async (record, another) => {
    const hit = (index: number, run: string, originIndex: number): TaskRunRow =>
      taskRow(index, { state: 'cached', attempts: 0, startedAt: undefined, origin: { run, index: originIndex } });
    await record.open(runRow({ id: 'maker', createdAt: 1 }));
    await record.append({
      run: 'maker',
      epoch: 0,
      taskRuns: [taskRow(0, { attempts: 2 }), taskRow(1)],
      artifacts: [artifactRow(0, '', 'x'), artifactRow(1, '', 'y')],
      runArtifacts: [1, 2].map((attempt) => ({ ...runArtifactRow(0, attempt, 'plot', `try ${attempt}`), inline: Uint8Array.of(attempt) })),
      metrics: [
        { ...metricRow(0, 'loss', 0, [0], [9]), attempt: 1 },
        { ...metricRow(0, 'loss', 0, [0, 1], [0.5, Number.NaN]), attempt: 2 },
        { ...metricRow(0, 'loss', 2, [5], [0.25]), attempt: 2 },
      ],
      change: { state: 'success' },
    });
    const many = Array.from({ length: 10 }, (_, n) => hit(n + 3, 'maker', n === 4 ? 0 : 1));
    for (const [id, taskRuns] of [
      ['packed', many],
      ['single', [hit(3, 'maker', 1), hit(8, 'maker', 0)]],
    ] as const) {
      await record.open(runRow({ id, createdAt: 2 }));
      await record.append({ run: id, epoch: 0, taskRuns, change: { state: 'success' } });
    }
    const other = await another();
    const given = async (run: string) => {
      const { artifacts, metrics } = await sideResultsOf(other, run, await other.taskRuns(run), { points: true });
      return {
        artifacts: artifacts.map(({ index, name, ref }) => [index, name, ref.contentDigest]),
        points: metrics.map(({ index, points }) => [index, points]),
      };
    };
    const expected = (index: number) => ({
      artifacts: [[index, 'plot', digest('try 2')]],
      points: [[index, { steps: [0, 1, 5], values: [0.5, Number.NaN, 0.25] }]],
    });
    const remove = async (run: string) => {
      const would = await record.remove({ runs: [run], dryRun: true, deleteFile: () => false });
      const removal = await record.remove({ runs: [run], deleteFile: () => false });
      assert.deepEqual(removal, would);
      return removal;
    };
    assert.deepEqual([await given('packed'), await given('single')], [expected(7), expected(8)]);
    // What the failed attempt gave nobody took.
    assert.equal((await remove('maker')).freed.count, 1);
    assert.deepEqual([await given('packed'), await given('single')], [expected(7), expected(8)]);
    assert.equal((await remove('single')).freed.count, 0);
    assert.deepEqual(await given('packed'), expected(7));
    assert.equal((await remove('packed')).freed.count, 1);
  },

  'S24: a run that goes on finds what it took from a removed one where it was handed on to': async (record, another) => {
    const hit = (index: number, run: string, originIndex: number): TaskRunRow =>
      taskRow(index, { state: 'cached', attempts: 0, startedAt: undefined, origin: { run, index: originIndex } });
    await record.open(runRow({ id: 'maker', createdAt: 1 }));
    await record.append({
      run: 'maker',
      epoch: 0,
      taskRuns: [taskRow(0), taskRow(1)],
      artifacts: [artifactRow(0, '', 'x'), artifactRow(1, '', 'y')],
      entries: [entryRow('maker', 0, 'v1')],
      change: { state: 'success' },
    });
    for (const id of ['taker', 'later']) {
      await record.open(runRow({ id, createdAt: 2 }));
      await record.append({ run: id, epoch: 0, taskRuns: [hit(5, 'maker', 0)], change: { state: 'success' } });
    }
    await record.open(runRow({ id: 'going', createdAt: 3 }));
    const other = await another();
    const remove = async (run: string) => (await other.remove({ runs: [run], deleteFile: () => false })).removed;
    // All that it offers is handed on, so that nobody has to wait.
    assert.deepEqual([await remove('maker'), await remove('later')], [['maker'], ['later']]);
    await record.append({ run: 'going', epoch: 0, taskRuns: [hit(0, 'maker', 0), ...Array.from({ length: 9 }, (_, n) => hit(n + 1, 'maker', 0))] });
    const byColumn = byColumns(Array.from({ length: 9 }, (_, n) => hit(n + 10, 'maker', 0)));
    await record.append({ run: 'going', epoch: 0, reused: [byColumn] });
    const rows = await withOrigins(other, await other.taskRuns('going'));
    assert.equal(rows.length, 19);
    for (const { origin, artifacts } of rows)
      assert.deepEqual([origin, artifacts[0]?.ref], [{ run: 'taker', index: 5 }, artifactRow(0, '', 'x').ref]);
    // That was the last entry, and a run of the flow goes on.
    assert.deepEqual((await other.remove({ runs: ['taker'], deleteFile: () => false })).removed, ['taker']);
    assert.deepEqual((await withOrigins(other, await other.taskRuns('going', { indexes: [9] })))[0]?.artifacts.length, 1);
  },

  'files of removed runs go when nobody has them, and no run is going on': async (record) => {
    const filed = (index: number, content: string, folder = 'store'): ArtifactRow => {
      const { ref } = artifactRow(index, '', content);
      const key = `results/${ref.contentDigest.slice(0, 2)}/${ref.contentDigest.slice(2)}.json`;
      return { index, name: '', ref: { ...ref, uri: `file:///p/${folder}/${key}`, key }, inline: undefined };
    };
    const chosen = { ...filed(2, 'c').ref, uri: 'file:///p/out/c.json', key: 'out/c.json' };
    await record.open(runRow({ id: 'r1' }));
    await record.append({
      run: 'r1',
      epoch: 0,
      artifacts: [filed(0, 'a'), filed(1, 'b'), { index: 2, name: '', ref: chosen, inline: undefined }],
      change: { state: 'success' },
    });
    await record.open(runRow({ id: 'r2' }));
    await record.append({ run: 'r2', epoch: 0, artifacts: [filed(0, 'b')] });
    const deleted: string[] = [];
    const deleteFile = (key: string): boolean => deleted.push(key) > 0;
    const waiting = await record.remove({ runs: ['r1'], deleteFile });
    assert.deepEqual([waiting.pendingFiles, waiting.freedFiles, deleted], [{ count: 1, bytes: 3 }, { count: 0, bytes: 0 }, []]);
    await record.append({ run: 'r2', epoch: 0, change: { state: 'success' } });
    const refusing = (): boolean => {
      throw new Error('the disk says no');
    };
    await assert.rejects(record.remove({ runs: [], deleteFile: refusing }), /the disk says no/);
    const swept = await record.remove({ runs: [], deleteFile });
    assert.deepEqual([swept.freedFiles, deleted], [{ count: 1, bytes: 3 }, [filed(0, 'a').ref.key]]);
    const later = await record.remove({ runs: ['r2'], keepBytes: true, deleteFile });
    assert.deepEqual([later.removed, later.freedFiles.count], [['r2'], 0]);
    assert.equal((await record.remove({ runs: [], deleteFile })).freedFiles.count, 1);
    assert.deepEqual(deleted, [filed(0, 'a').ref.key, filed(0, 'b').ref.key]);
    assert.equal((await record.remove({ runs: [], deleteFile })).freedFiles.count, 0);
  },
};
