import assert from 'node:assert/strict';
import type { RunRow } from '../../model/records.js';
import type { RunFilter, RunRecord } from '../../runs/run-record.js';
import type { RunRecordCases } from './cases.js';
import { artifactRow, refused, runRow } from './rows.js';

/** Runs: opened, changed, found, listed, tagged. */
export const runs: RunRecordCases = {
  'a run is found as it was opened': async (record, another) => {
    const plain = runRow({ id: 'r1' });
    const full = runRow({
      id: 'r2',
      createdAt: 2_000.25,
      name: 'nightly',
      params: { rate: '0.5', key: '"***"' },
      tags: ['b', 'a'],
      startedAt: 2_001,
      parentRun: 'r1',
      originRun: 'r0',
      epoch: 3,
      forced: { all: false, downstream: ['clean', 'train-*'], only: ['report'] },
      codes: { clean: 'a1 b2' },
      only: ['report', 'train-*'],
      cause: 'schedule',
      scheduled: { at: 1_900.5, from: 900 },
    });
    await record.open(plain);
    await record.open(full);
    const other = await another();
    assert.deepEqual(await other.run('r1'), plain);
    assert.deepEqual(await other.run('r2'), full);
    assert.equal(await other.run('r3'), undefined);
  },

  'a run id is taken once': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    await refused('RUN_EXISTS', (await another()).open(runRow({ id: 'r1' })));
  },

  'a change of the run leaves the rest of it': async (record) => {
    await record.open(runRow({ id: 'r1', tags: ['t'] }));
    const ref = artifactRow(0, '', 'x').ref;
    await record.append({
      run: 'r1',
      epoch: 0,
      change: { state: 'failed', finishedAt: 9_000.5, error: { name: 'E', message: 'm', cause: { name: 'C', message: 'c' } } },
    });
    assert.deepEqual(await record.run('r1'), {
      ...runRow({ id: 'r1', tags: ['t'] }),
      state: 'failed',
      finishedAt: 9_000.5,
      error: { name: 'E', message: 'm', cause: { name: 'C', message: 'c' } },
    });
    await record.open(runRow({ id: 'r2' }));
    await record.append({ run: 'r2', epoch: 0, change: { codes: { clean: 'a1' } } });
    await record.append({ run: 'r2', epoch: 0, change: { state: 'success', counts: { success: 1, cached: 2 }, result: ref } });
    const { counts, result, codes } = (await record.run('r2')) as RunRow;
    assert.deepEqual([counts, result, codes], [{ success: 1, cached: 2 }, ref, { clean: 'a1' }]);
  },

  'runs come newest first, filtered, page by page': async (record) => {
    const flows = ['a', 'b'];
    for (let n = 0; n < 12; n += 1) {
      const tags = [...(n % 2 === 0 ? ['even'] : []), ...(n % 3 === 0 ? ['third'] : [])];
      // Three runs share each instant: their order is that of their opening.
      await record.open(
        runRow({
          id: `r${n}`,
          flow: flows[n % 2] as string,
          state: n < 6 ? 'success' : 'failed',
          createdAt: 1_000 + Math.floor(n / 3),
          tags,
          parentRun: n > 9 ? 'r1' : undefined,
        }),
      );
    }
    const ids = async (filter?: Parameters<RunRecord['runs']>[0]): Promise<string> =>
      (await record.runs(filter)).map((row) => row.id.slice(1)).join(' ');
    assert.equal(await ids(), '11 10 9 8 7 6 5 4 3 2 1 0');
    assert.equal(await ids({ flow: 'a' }), '10 8 6 4 2 0');
    assert.equal(await ids({ flow: 'a', state: 'failed' }), '10 8 6');
    assert.equal(await ids({ state: 'success', limit: 2 }), '5 4');
    assert.equal(await ids({ tags: ['even'] }), '10 8 6 4 2 0');
    assert.equal(await ids({ tags: ['even', 'third'] }), '6 0');
    assert.equal(await ids({ tags: ['third'], flow: 'b', state: 'failed' }), '9');
    assert.equal(await ids({ tags: ['none'] }), '');
    assert.equal(await ids({ since: 1_002 }), '11 10 9 8 7 6');
    assert.equal(await ids({ parentRun: 'r1' }), '11 10');
    assert.equal(await ids({ parentRun: 'r1', flow: 'a' }), '10');
    assert.equal(await ids({ parentRun: 'r2' }), '');
    assert.equal(await ids({ limit: 3 }), '11 10 9');
    assert.equal(await ids({ limit: 3, before: 'r9' }), '8 7 6');
    assert.equal(await ids({ tags: ['third'], before: 'r6' }), '3 0');
    assert.equal(await ids({ limit: 0 }), '');
    assert.equal(await ids({ limit: Number.POSITIVE_INFINITY, before: 'r2' }), '1 0');
    await refused('RUN_UNKNOWN', record.runs({ before: 'r99' }));
    await refused('LIMIT_INVALID', record.runs({ limit: -1 }));
    assert.equal((await record.run('a/latest'))?.id, 'r10');
    assert.equal(await record.run('c/latest'), undefined);
  },

  'runs come 20 at a time': async (record) => {
    for (let n = 0; n < 22; n += 1) await record.open(runRow({ id: `r${n}` }));
    assert.equal((await record.runs()).length, 20);
  },

  'runs are found by tags of both kinds, by parameters, and between two moments': async (record, another) => {
    const params = (x: number, model: string) => ({ x: String(x), model: JSON.stringify(model) });
    await record.open(runRow({ id: 'r1', createdAt: 1_000, params: params(0.2, 'knn'), tags: ['a', 'b'], systemTags: ['user:ana'] }));
    await record.open(runRow({ id: 'r2', createdAt: 2_000, params: params(0.2, 'forest'), tags: ['a'], systemTags: ['user:bo'], flow: 'other' }));
    await record.open(runRow({ id: 'r3', createdAt: 3_000, params: { x: '"0.2"', long: 'x'.repeat(300) }, tags: ['user:ana'], state: 'failed' }));
    await record.open(runRow({ id: 'r4', createdAt: 4_000, params: { ...params(0.2, 'knn'), long: `${'x'.repeat(299)}y` } }));
    const other = await another();
    const ids = async (filter: RunFilter): Promise<readonly string[]> => (await other.runs(filter)).map(({ id }) => id);
    assert.deepEqual(await ids({ tags: ['user:ana'] }), ['r3', 'r1']);
    assert.deepEqual(await ids({ tags: ['b', 'user:ana'], flow: 'flow' }), ['r1']);
    assert.deepEqual(await ids({ params: { x: ['0.2'] } }), ['r4', 'r2', 'r1']);
    assert.deepEqual(await ids({ params: { x: ['0.2', '"0.2"'] } }), ['r4', 'r3', 'r2', 'r1']);
    assert.deepEqual(await ids({ params: { x: ['0.2', '"0.2"'] }, limit: 2, before: 'r4' }), ['r3', 'r2']);
    assert.deepEqual(await ids({ params: { x: ['0.2'], model: ['"knn"'] }, flow: 'flow', before: 'r4' }), ['r1']);
    assert.deepEqual(await ids({ params: { long: ['x'.repeat(300)] } }), ['r3']);
    assert.deepEqual(await ids({ params: { x: [] } }), []);
    assert.deepEqual(await ids({ params: { y: ['0.2'] } }), []);
    assert.deepEqual(await ids({ since: 2_000, until: 4_000 }), ['r3', 'r2']);
    assert.deepEqual(await ids({ state: 'failed', params: { x: ['"0.2"'] }, tags: ['user:ana'], since: 3_000 }), ['r3']);
    assert.deepEqual((await other.run('r1'))?.systemTags, ['user:ana']);
  },

  'flows come with their newest runs, in order of their names': async (record, another) => {
    assert.deepEqual(await record.flows(), []);
    for (const [id, flow, createdAt] of [
      ['r1', 'zeta', 1],
      ['r2', 'alpha', 2],
      ['r3', 'zeta', 3],
      ['r4', 'Beta', 0],
    ] as const) {
      await record.open(runRow({ id, flow, createdAt }));
    }
    const found = await (await another()).flows();
    assert.deepEqual(
      found.map(({ id }) => id),
      ['r4', 'r2', 'r3'],
    );
  },

  'pages by key are the same while runs are added': async (record, another) => {
    for (let n = 0; n < 6; n += 1) await record.open(runRow({ id: `r${n}`, createdAt: 1_000 }));
    const first = await record.runs({ limit: 3 });
    await (await another()).open(runRow({ id: 'later', createdAt: 2_000 }));
    const second = await record.runs({ limit: 3, before: first.at(-1)?.id as string });
    assert.deepEqual(
      [...first, ...second].map(({ id }) => id),
      ['r5', 'r4', 'r3', 'r2', 'r1', 'r0'],
    );
    await refused('RUN_UNKNOWN', record.runs({ before: 'no such run' }));
  },

  'tags and notes are added and taken away at any time': async (record, another) => {
    await record.open(runRow({ id: 'r1', tags: ['a'], systemTags: ['user:ana'] }));
    const other = await another();
    const tagged = await other.amend('r1', { addTags: ['b', 'a', 'user:ana'], removeTags: ['no such'], addNote: { at: 5, text: 'wrong data' } });
    assert.deepEqual([tagged.tags, tagged.systemTags, tagged.notes], [['a', 'b', 'user:ana'], ['user:ana'], [{ at: 5, text: 'wrong data' }]]);
    await record.append({ run: 'r1', epoch: 0, change: { state: 'success' } });
    assert.deepEqual(await record.run('r1'), { ...tagged, state: 'success' });
    await record.amend('r1', { removeTags: ['a', 'user:ana'], addNote: { at: 6, text: 'second' } });
    const ids = async (tag: string) => (await other.runs({ tags: [tag] })).map(({ id }) => id);
    assert.deepEqual([await ids('a'), await ids('b'), await ids('user:ana')], [[], ['r1'], ['r1']]);
    await record.amend('r1', { removeNote: 0 });
    assert.deepEqual((await other.run('r1'))?.notes, [{ at: 6, text: 'second' }]);
    await record.amend('r1', { removeNote: 0 });
    assert.equal((await other.run('r1'))?.notes, undefined);
    await refused('RUN_UNKNOWN', record.amend('r2', { addTags: ['a'] }));
  },
};
