import assert from 'node:assert/strict';
import type { CacheEntryRow, TaskRunRow } from '../../model/records.js';
import { type ReusedRuns, rowsOf } from '../../runs/reused-runs.js';
import type { RunRecord } from '../../runs/run-record.js';
import type { RunRecordCases } from './cases.js';
import { artifactRow, attemptRow, byColumns, digest, entryRow, plain, refused, runRow, taskRow } from './rows.js';

/** What later runs may use again: entries, small results, hits. */
export const entries: RunRecordCases = {
  'S28: entries are found by task, and forgotten one by one': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    await record.open(runRow({ id: 'r2' }));
    const of = (run: string, index: number, createdAt: number, task = 'clean') => entryRow(run, index, `v${index % 2}`, { task, createdAt });
    await record.append({ run: 'r1', epoch: 0, entries: [of('r1', 0, 1), of('r1', 1, 2), of('r1', 2, 3, 'other')] });
    await record.append({ run: 'r2', epoch: 0, entries: [of('r2', 0, 4)] });
    const places = async (from: RunRecord) => (await from.entriesOfTask('clean')).map(({ run, index }) => `${run} ${index}`);
    const other = await another();
    assert.deepEqual(await places(other), ['r2 0', 'r1 1', 'r1 0']);
    assert.equal((await other.entriesOfTask('clean', 1))[0]?.run, 'r2');
    await other.forget([
      { run: 'r1', index: 0 },
      { run: 'r2', index: 7 },
      { run: 'no such run', index: 0 },
    ]);
    assert.deepEqual(await places(record), ['r2 0', 'r1 1']);
    assert.equal((await record.entriesOfTask('other')).length, 1);
  },

  'S22b: entries of one key, told apart by what each read, come back with it; discarding one leaves the others whole': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const key = digest('key', 32);
    const read = (answer: string): CacheEntryRow['reads'] => [
      { path: 'data/ü \u2028.csv', question: 'content', answer: digest(answer), seen: '70000 1 2 3' },
      { path: '/elsewhere', question: 'access 0', answer: 'absent' },
    ];
    const none = entryRow('r1', 0, 'v1', { createdAt: 1 });
    const before = entryRow('r1', 1, 'v1', { createdAt: 2, key, reads: read('before') });
    const after = entryRow('r1', 2, 'v1', {
      createdAt: 3,
      key,
      reads: read('after'),
      artifacts: [{ name: '', ref: artifactRow(2, '', 'other').ref }],
    });
    await record.append({ run: 'r1', epoch: 0, entries: [none, before, after] });
    const other = await another();
    assert.deepEqual(plain(await other.entries([digest('v1', 32)])), [after, before, none]);
    assert.deepEqual((await other.latestEntry('clean'))?.reads, after.reads);
    await record.discard(after.artifacts.map(({ ref }) => ref.contentDigest));
    assert.deepEqual(plain(await other.entries([digest('v1', 32)])), [before, none]);
  },

  'S23: all entries of a task version are kept, newest first': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    await record.open(runRow({ id: 'r2', createdAt: 2_000 }));
    const [one, two, three] = [
      entryRow('r1', 0, 'v1', { createdAt: 5 }),
      entryRow('r1', 1, 'v2', { createdAt: 9, version: '2' }),
      entryRow('r2', 0, 'v1', { createdAt: 7 }),
    ];
    await record.append({ run: 'r2', epoch: 0, entries: [three] });
    await record.append({ run: 'r1', epoch: 0, entries: [one, two] });
    const other = await another();
    assert.deepEqual(plain(await other.entries([digest('v1', 32)])), [three, one]);
    assert.deepEqual(plain(await other.entries([digest('v1', 32), digest('v2', 32), digest('v3', 32)])), [two, three, one]);
    assert.deepEqual(await other.entries([]), []);
    assert.deepEqual(plain([await other.latestEntry('clean')]), [two]);
    assert.equal(await other.latestEntry('other'), undefined);
  },

  'S10, S19: hits that come together are kept one by one': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const hit = (index: number, parts: Partial<TaskRunRow> = {}): TaskRunRow =>
      taskRow(index, {
        state: 'cached',
        attempts: 0,
        startedAt: undefined,
        createdAt: 1_000 + index / 8,
        nodeKey: digest(`node ${index}`, 32),
        ...parts,
      });
    const hits = Array.from({ length: 60 }, (_, n) => hit(n, { task: n % 3 === 0 ? 'load' : 'clean', origin: { run: 'r0', index: 59 - n } }));
    hits[4] = hit(4, { label: 'fourth', upstream: [{ from: 3, kind: 'data', label: 'rows' }], inputs: { rows: { digest: digest('rows', 32) } } });
    const early = taskRow(7, { state: 'running', finishedAt: undefined });
    const before = taskRow(8, { task: 'load' });
    await record.append({ run: 'r1', epoch: 0, taskRuns: [early, before] });
    await record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(70), ...hits.toReversed()] });
    await record.append({
      run: 'r1',
      epoch: 0,
      taskRuns: [hit(3, { id: 'late' }), taskRow(5, { id: 'late' }), ...hits],
      attempts: [attemptRow(4, 1)],
    });
    const expected = [...hits.with(8, before as TaskRunRow), taskRow(70)].map((row) => ({
      ...row,
      attemptRows: row.index === 4 ? [attemptRow(4, 1)] : [],
      artifacts: [],
    }));
    const other = await another();
    assert.deepEqual(await other.taskRuns('r1'), expected);
    assert.deepEqual(
      await other.taskRuns('r1', { task: 'clean', state: 'cached' }),
      expected.filter(({ task, state }) => task === 'clean' && state === 'cached'),
    );
    assert.deepEqual(
      await other.taskRuns('r1', { state: 'success' }),
      expected.filter(({ state }) => state === 'success'),
    );
    await record.append({ run: 'r1', epoch: 0, logs: [{ seq: 0, at: 1, level: 'info', text: 'of a hit', node: 'clean#4' }] });
    assert.equal((await other.logs('r1', { node: 'clean' })).length, 1);
    assert.equal((await other.logs('r1', { node: 'load' })).length, 0);
    record.crashNow('r1', 0, 'the end');
    assert.deepEqual((await other.run('r1'))?.counts, { success: 2, cached: 59 });
  },

  'S10, S19: hits that come by column are kept one by one': async (record, another) => {
    const hit = (index: number, task: string): TaskRunRow =>
      taskRow(index, {
        task,
        id: `${task}#${index}`,
        state: 'cached',
        attempts: 0,
        startedAt: undefined,
        parent: index % 7 === 0 ? 90 : undefined,
        nodeKey: digest(`node ${index}`, 32),
        cacheKey: index % 5 === 0 ? undefined : digest(`key ${index}`, 32),
        createdAt: 1_000 + index / 8,
        upstream: index === 12 ? [{ from: 3, kind: 'data', label: 'rows' }] : [],
        inputs: index === 11 ? undefined : { n: { digest: digest(`${index}`, 32), shown: `${index}` } },
        origin: { run: index % 2 === 0 ? 'r0' : 'r00', index: index + 1 },
      });
    const of = (task: string, places: readonly number[]): ReusedRuns => byColumns(places.map((index) => hit(index, task)));
    const even = Array.from({ length: 20 }, (_, n) => 2 * n);
    const [load, clean, few] = [
      of('load', even),
      of(
        'clean',
        even.map((at) => at + 1),
      ),
      of('few', [50, 51]),
    ];
    await record.open(runRow({ id: 'r1' }));
    await record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(60)], reused: [load, clean, few] });
    // Again, as after a crash; at places that hold something; and a row that comes too late.
    await record.append({ run: 'r1', epoch: 0, reused: [load, few] });
    await record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(61, { state: 'running', finishedAt: undefined }), taskRow(4, { id: 'late' })] });
    const late = of(
      'load',
      Array.from({ length: 12 }, (_, n) => 55 + n),
    );
    await record.append({ run: 'r1', epoch: 0, reused: [late] });
    const expected = [...[load, clean, few, late].flatMap(rowsOf).filter(({ index }) => index !== 60), taskRow(60)]
      .map((row) => ({ ...row, attemptRows: [], artifacts: [] }))
      .sort((a, b) => a.index - b.index);
    const other = await another();
    assert.deepEqual(await other.taskRuns('r1'), expected);
    assert.deepEqual(
      await other.taskRuns('r1', { task: 'clean', state: 'cached' }),
      expected.filter(({ task, state }) => task === 'clean' && state === 'cached'),
    );
    assert.deepEqual([...(await other.countTaskRuns('r1'))].sort(), [
      ['cached', 53],
      ['success', 1],
    ]);
    const more = of(
      'more',
      even.map((index) => index + 100),
    );
    for (const wrong of [{ nodeKey: even.map(() => 'g0') }, { cacheKey: even.map(() => 'abc') }])
      await refused('DIGEST_INVALID', record.append({ run: 'r1', epoch: 0, reused: [{ ...more, ...wrong }] }));
    assert.equal((await other.taskRuns('r1')).length, expected.length);
  },

  'small results are kept once and found by their digest': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const inline = Uint8Array.of(0, 1, 255);
    await record.append({
      run: 'r1',
      epoch: 0,
      artifacts: [{ ...artifactRow(0, '', 'x'), inline }, { ...artifactRow(1, '', 'x'), inline }, artifactRow(2, '', 'y')],
    });
    const empty = { ...artifactRow(3, '', 'empty'), inline: new Uint8Array() };
    await record.append({ run: 'r1', epoch: 0, artifacts: [empty] });
    const found = await (await another()).inline([digest('x'), digest('y'), digest('empty')]);
    assert.deepEqual([...found.keys()], [digest('x'), digest('empty')]);
    assert.deepEqual(Uint8Array.from(found.get(digest('x')) ?? []), inline);
    assert.equal(found.get(digest('empty'))?.length, 0);
  },

  'S25: a discarded result is no longer offered; its task runs stay': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const kept = entryRow('r1', 1, 'v1', { artifacts: [{ name: '', ref: artifactRow(1, '', 'y').ref }] });
    const lost = entryRow('r1', 0, 'v1', {
      artifacts: [
        { name: 'other', ref: artifactRow(0, '', 'z').ref },
        { name: '', ref: artifactRow(0, '', 'x').ref },
      ],
    });
    const artifacts = [
      { ...artifactRow(0, '', 'x'), inline: Uint8Array.of(1) },
      { ...artifactRow(1, '', 'y'), inline: Uint8Array.of(2) },
    ];
    await record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0), taskRow(1)], artifacts, entries: [lost, kept] });
    await record.discard([digest('x'), digest('unknown')]);
    assert.deepEqual(plain(await record.entries([digest('v1', 32)])), [kept]);
    assert.deepEqual([...(await record.inline([digest('x'), digest('y')])).keys()], [digest('y')]);
    assert.equal((await record.taskRuns('r1')).length, 2);
    await record.append({ run: 'r1', epoch: 0, artifacts: artifacts.slice(0, 1), entries: [lost] });
    assert.equal((await record.inline([digest('x')])).size, 1);
    assert.equal((await record.entries([digest('v1', 32)])).length, 2);
  },
};
