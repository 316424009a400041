import assert from 'node:assert/strict';
import type { ArtifactRow, TaskRunRow } from '../../model/records.js';
import type { RecordBatch, TaskRunFilter } from '../../runs/run-record.js';
import type { RunRecordCases } from './cases.js';
import { artifactRow, attemptRow, runRow, taskRow } from './rows.js';

/** Task runs: found, listed, timed, and where users wanted their results. */
export const taskRuns: RunRecordCases = {
  'durations: medians of what succeeded lately, by task; and how many went on at once': async (record, another) => {
    const took = (
      index: number,
      task: string,
      startedAt: number,
      ms: number,
      parts: Partial<TaskRunRow> = {},
    ): Pick<RecordBatch, 'taskRuns' | 'attempts'> => ({
      taskRuns: [taskRow(index, { id: `${task}#${index}`, task, ...parts })],
      attempts: [attemptRow(index, 1, { startedAt, finishedAt: startedAt + ms })],
    });
    await record.open(runRow({ id: 'r1', createdAt: 1_000 }));
    await record.open(runRow({ id: 'r2', createdAt: 2_000 }));
    await record.open(runRow({ id: 'other', flow: 'other', createdAt: 3_000 }));
    const put = async (run: string, rows: Pick<RecordBatch, 'taskRuns' | 'attempts'>): Promise<void> =>
      await record.append({ run, epoch: 0, ...rows });
    await put('r1', took(0, 'load', 1_000, 10));
    await put('r1', took(1, 'clean', 1_000, 30));
    await put('r2', took(0, 'load', 2_000, 20));
    // A sub-flow has the time of what is inside it.
    await put('r2', took(1, 'sub', 2_000, 500));
    await put('r2', took(2, 'clean', 2_000, 30, { parent: 1 }));
    await put('r2', {
      taskRuns: [taskRow(3, { task: 'train', state: 'failed' })],
      attempts: [attemptRow(3, 1, { state: 'failed', finishedAt: 9_000 })],
    });
    await put('r2', {
      taskRuns: [taskRow(4, { task: 'score', state: 'running' })],
      attempts: [attemptRow(4, 1, { state: 'running', finishedAt: undefined })],
    });
    await put('other', took(0, 'load', 3_000, 999));
    const { byTask, parallelism } = await (await another()).durations('flow');
    assert.deepEqual([...byTask].sort(), [
      ['clean', 30],
      ['load', 15],
    ]);
    assert.equal(parallelism, (10 + 30 + 20 + 30) / (30 + 30));
    const none = await record.durations('nothing');
    assert.deepEqual([...none.byTask, none.parallelism], [undefined]);
  },

  'durations: of a large run, its ends; only the newest runs count': async (record) => {
    await record.open(runRow({ id: 'old', createdAt: 500 }));
    await record.append({ run: 'old', epoch: 0, taskRuns: [taskRow(0, { task: 'gone' })], attempts: [attemptRow(0, 1)] });
    await record.open(runRow({ id: 'large', createdAt: 1_000 }));
    const task = (index: number): string => (index === 0 ? 'first' : index === 2_999 ? 'last' : index === 1_500 ? 'middle' : 'child');
    const places = Array.from({ length: 3_000 }, (_, index) => index);
    await record.append({
      run: 'large',
      epoch: 0,
      taskRuns: places.map((index) => taskRow(index, { id: `t#${index}`, task: task(index) })),
      attempts: places.map((index) => attemptRow(index, 1)),
    });
    for (let later = 0; later < 4; later++) await record.open(runRow({ id: `later-${later}`, createdAt: 2_000 + later }));
    const { byTask, parallelism } = await record.durations('flow');
    assert.deepEqual([...byTask.keys()].sort(), ['child', 'first', 'last']);
    assert.equal(parallelism, undefined);
  },

  'S26: it tells the addresses that users chose, and no others': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const lying = (index: number, uri: string, key: string): ArtifactRow => {
      const row = artifactRow(index, '', `at ${uri}`);
      return { ...row, ref: { ...row.ref, uri, key } };
    };
    const content = `results/3f/${'a'.repeat(62)}.json`;
    const [table, file] = ['sqlite:a.db#t', 'file:///p/out/a.json'];
    const artifacts = [artifactRow(0, '', 'x'), lying(1, `file:///p/${content}`, content), lying(2, file, 'out/a.json'), lying(3, table, table)];
    await record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0), taskRow(1), taskRow(2), taskRow(3)], artifacts });
    await record.open(runRow({ id: 'r2' }));
    await record.append({ run: 'r2', epoch: 0, taskRuns: [taskRow(0)], artifacts: [lying(0, file, 'out/a.json')] });
    const found = await (await another()).chosenAddresses();
    assert.deepEqual(
      found.map(({ uri, key }) => [uri, key]).sort(),
      [
        [file, 'out/a.json'],
        [table, table],
      ].sort(),
    );
  },

  'task runs come in order of their place, by task and by state': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const rows = [taskRow(5), taskRow(2, { task: 'load' }), taskRow(9, { task: 'load', state: 'failed' })];
    await record.append({ run: 'r1', epoch: 0, taskRuns: rows, attempts: [attemptRow(9, 2), attemptRow(2, 1), attemptRow(9, 1)] });
    const found = await record.taskRuns('r1');
    assert.deepEqual(
      found.map((row) => [row.index, row.attemptRows.map((attempt) => attempt.attempt)]),
      [
        [2, [1]],
        [5, []],
        [9, [1, 2]],
      ],
    );
    const load = await record.taskRuns('r1', { task: 'load' });
    assert.deepEqual(
      load.map((row) => [row.index, row.attemptRows.map((attempt) => attempt.attempt)]),
      [
        [2, [1]],
        [9, [1, 2]],
      ],
    );
    assert.deepEqual(
      (await record.taskRuns('r1', { task: 'load', state: 'success' })).map((row) => row.index),
      [2],
    );
    assert.deepEqual(
      (await record.taskRuns('r1', { state: 'failed' })).map((row) => row.index),
      [9],
    );
    assert.deepEqual(await record.taskRuns('r2'), []);
  },

  'task runs are found by id and by place': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const hit = (index: number): TaskRunRow => taskRow(index, { state: 'cached', attempts: 0, startedAt: undefined, origin: { run: 'r0', index } });
    const rows = [taskRow(0), ...Array.from({ length: 12 }, (_, n) => hit(n + 1)), taskRow(20)];
    await record.append({
      run: 'r1',
      epoch: 0,
      taskRuns: rows,
      attempts: [attemptRow(0, 1), attemptRow(3, 1)],
      artifacts: [artifactRow(3, '', 'x')],
    });
    const found = async (filter: TaskRunFilter) =>
      (await record.taskRuns('r1', filter)).map(({ index, attemptRows, artifacts }) => [index, attemptRows.length, artifacts.length]);
    assert.deepEqual(await found({ id: 'clean#3' }), [[3, 1, 1]]);
    assert.deepEqual(await found({ id: 'clean#0' }), [[0, 1, 0]]);
    assert.deepEqual(await found({ id: 'no such' }), []);
    assert.deepEqual(await found({ indexes: [20, 3, 99] }), [
      [3, 1, 1],
      [20, 0, 0],
    ]);
  },

  'task runs are read page by page, and by ranges of places; counted without being read': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const hit = (index: number, task: string): TaskRunRow =>
      taskRow(index, { task, state: 'cached', attempts: 0, startedAt: undefined, origin: { run: 'r0', index } });
    // Two packs that reach into each other, between rows of their own; nothing is at the places from 50 to 59.
    const places = Array.from({ length: 40 }, (_, n) => n + 10);
    const own = [0, 3, 60, 61, 70].map((index) => taskRow(index, index === 60 ? { state: 'failed', task: 'load' } : {}));
    const packed = places.map((index) => hit(index, index % 2 === 0 ? 'even' : 'odd'));
    await record.append({
      run: 'r1',
      epoch: 0,
      taskRuns: [...own, ...packed],
      attempts: own.map(({ index }) => attemptRow(index, 1)),
      artifacts: [artifactRow(3, '', 'x'), artifactRow(12, '', 'y'), artifactRow(61, '', 'z')],
    });
    await record.append({ run: 'r1', epoch: 0, progress: [{ index: 70, attempt: 1, fraction: 0.5, message: undefined, at: 1_000 }] });
    const other = await another();
    const whole = await other.taskRuns('r1');
    const all = [0, 3, ...places, 60, 61, 70];
    assert.deepEqual(
      whole.map(({ index }) => index),
      all,
    );
    for (const size of [1, 2, 7, 16, 1_000]) {
      const pages: unknown[] = [];
      for (let after = -1, page = whole; page.length > 0; after = page.at(-1)?.index ?? after) {
        page = await other.taskRuns('r1', { within: [after + 1, Number.MAX_SAFE_INTEGER], limit: size });
        assert.ok(page.length <= size);
        pages.push(...page);
      }
      assert.deepEqual(pages, whole);
    }
    const found = async (filter: TaskRunFilter) => (await other.taskRuns('r1', filter)).map(({ index }) => index);
    assert.deepEqual(
      await other.taskRuns('r1', { within: [3, 12] }),
      whole.filter(({ index }) => index >= 3 && index <= 12),
    );
    const within = [11, 60] as const;
    assert.deepEqual(await found({ within, limit: 3 }), [11, 12, 13]);
    assert.deepEqual(await found({ within: [48, 60], limit: 3 }), [48, 49, 60]);
    assert.deepEqual(await found({ within, task: 'even', limit: 2 }), [12, 14]);
    assert.deepEqual(await found({ within, state: 'failed' }), [60]);
    assert.deepEqual(await found({ within, state: 'cached', limit: 2 }), [11, 12]);
    assert.deepEqual(await found({ within, id: 'clean#13', limit: 1 }), [13]);
    assert.deepEqual(await found({ within, indexes: [3, 12, 60, 61] }), [12, 60]);
    assert.deepEqual(await found({ within: [50, 59] }), []);
    assert.deepEqual(await found({ indexes: [3, 12, 61], limit: 2 }), [3, 12]);
    assert.deepEqual(await found({ task: 'odd', limit: 2 }), [11, 13]);
    assert.deepEqual([await found({ indexes: [] }), await found({ limit: 0 })], [[], []]);
    assert.deepEqual(
      [...(await other.countTaskRuns('r1'))],
      [
        ['success', 4],
        ['cached', 40],
        ['failed', 1],
      ],
    );
    assert.deepEqual([...(await other.countTaskRuns('r1', 'odd'))], [['cached', 20]]);
    assert.deepEqual([...(await other.countTaskRuns('r1', 'load'))], [['failed', 1]]);
    assert.deepEqual([(await other.countTaskRuns('r1', 'none')).size, (await other.countTaskRuns('r2')).size], [0, 0]);
  },
};
