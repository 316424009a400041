import assert from 'node:assert/strict';
import type { LogRow, RunRow } from '../../model/records.js';
import type { RunRecordCases } from './cases.js';
import { attemptRow, digest, fullBatch, plain, refused, runRow, taskRow } from './rows.js';

/** What is written is there: all of a batch or nothing, in order, once; and the last words of a process. */
export const writing: RunRecordCases = {
  'S19: what a batch holds is found when append has resolved': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const batch = fullBatch('r1');
    await record.append(batch);
    const [first, second, ...rest] = await (await another()).taskRuns('r1');
    assert.deepEqual(first, { ...batch.taskRuns?.[0], attemptRows: batch.attempts?.slice(0, 2), artifacts: [] });
    const artifacts = batch.artifacts?.map(({ index, name, ref }) => ({ index, name, ref }));
    assert.deepEqual(second, { ...batch.taskRuns?.[1], attemptRows: batch.attempts?.slice(2), artifacts });
    assert.deepEqual(rest, []);
    assert.deepEqual(await record.logs('r1'), batch.logs);
    assert.deepEqual(plain(await record.entries([digest('v1', 32)])), batch.entries);
  },

  'S19: what appendNow was given is there when it returns, unless it says that it is not': async (record, another) => {
    await record.open(runRow({ id: 'r1', epoch: 1 }));
    const other = await another();
    const line: LogRow = { seq: 5, at: 1, level: 'info', text: 'printed in a loop' };
    const isDone = record.appendNow({ run: 'r1', epoch: 1, logs: [line] });
    assert.deepEqual(await other.logs('r1'), isDone ? [line] : []);
    if (!isDone) return;
    assert.equal(record.appendNow({ run: 'r1', epoch: 1, logs: [line] }), true);
    await record.append({ run: 'r1', epoch: 1, logs: [{ ...line, seq: 4 }] });
    assert.throws(() => record.appendNow({ run: 'r1', epoch: 0, logs: [{ ...line, seq: 6 }] }), { code: 'OWNER_FENCED' });
    assert.throws(() => record.appendNow({ run: 'no such run', epoch: 0 }), { code: 'RUN_UNKNOWN' });
    assert.deepEqual(
      (await other.logs('r1')).map(({ seq }) => seq),
      [4, 5],
    );
  },

  'S19: a batch that is refused leaves nothing': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const { entries = [], ...batch } = fullBatch('r1');
    await refused(
      'DIGEST_INVALID',
      record.append({ ...batch, change: { state: 'success' }, entries: entries.map((row) => ({ ...row, key: 'no digest' })) }),
    );
    assert.deepEqual(await record.taskRuns('r1'), []);
    assert.deepEqual(await record.logs('r1'), []);
    assert.equal((await record.run('r1'))?.state, 'running');
    await refused('RUN_UNKNOWN', record.append({ run: 'r2', epoch: 0, taskRuns: [taskRow(0)] }));
  },

  'S19: a row written early is replaced by the later one': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const early = taskRow(0, { state: 'running', finishedAt: undefined, upstream: [{ from: 3, kind: 'data' }] });
    await record.append({ run: 'r1', epoch: 0, taskRuns: [early], attempts: [attemptRow(0, 1, { state: 'running', finishedAt: undefined })] });
    assert.equal((await record.taskRuns('r1'))[0]?.state, 'running');
    const late = taskRow(0, { upstream: [{ from: 4, kind: 'order' }] });
    await record.append({ run: 'r1', epoch: 0, taskRuns: [late], attempts: [attemptRow(0, 1)] });
    assert.deepEqual(await record.taskRuns('r1'), [{ ...late, attemptRows: [attemptRow(0, 1)], artifacts: [] }]);
  },

  'S10: a final state never changes': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const done = fullBatch('r1');
    await record.append({ ...done, change: { state: 'success', finishedAt: 3_000, counts: { success: 2 } } });
    const before = [await record.run('r1'), await record.taskRuns('r1')];
    const late = taskRow(2, { state: 'running', finishedAt: undefined });
    await record.append({ run: 'r1', epoch: 0, taskRuns: [late], attempts: [attemptRow(2, 1, { state: 'running' })], change: { state: 'failed' } });
    assert.deepEqual([await record.run('r1'), await record.taskRuns('r1')], before);
  },

  'a batch appended twice is kept once': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const batch = fullBatch('r1');
    await record.append(batch);
    const once = [await record.taskRuns('r1'), await record.logs('r1'), plain(await record.entries([digest('v1', 32)]))];
    await record.append(batch);
    assert.deepEqual([await record.taskRuns('r1'), await record.logs('r1'), plain(await record.entries([digest('v1', 32)]))], once);
  },

  'S31: crashNow has its say before the process is gone': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    await record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0, { state: 'queued', finishedAt: undefined })] });
    record.crashNow('r1', 7, 'of another epoch');
    assert.equal((await record.run('r1'))?.state, 'running');
    record.crashNow('r1', 0, 'process.exit was called');
    const row = (await record.run('r1')) as RunRow;
    assert.deepEqual([row.state, row.error?.message, row.counts], ['crashed', 'process.exit was called', { crashed: 1 }]);
    record.crashNow('r1', 1, 'again');
    record.crashNow('no such run', 0, 'nothing');
    assert.deepEqual(await record.run('r1'), row);
  },

  'S19, S31: crashNow first keeps what the run still had to say': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const said = { run: 'r1', epoch: 0, taskRuns: [taskRow(0)] };
    await record.append(said);
    record.crashNow('r1', 0, 'the end', [said, { run: 'r1', epoch: 0, taskRuns: [taskRow(1, { state: 'running', finishedAt: undefined })] }]);
    assert.deepEqual((await record.run('r1'))?.state, 'crashed');
    assert.deepEqual(
      (await record.taskRuns('r1')).map(({ state }) => state),
      ['success', 'crashed'],
    );
    await record.open(runRow({ id: 'r2' }));
    record.crashNow('r2', 0, 'the end', [{ run: 'r2', epoch: 0, change: { state: 'cancelled', finishedAt: 9 } }]);
    assert.deepEqual([(await record.run('r2'))?.state, (await record.run('r2'))?.error], ['cancelled', undefined]);
    await record.open(runRow({ id: 'r3' }));
    record.crashNow('r3', 0, 'the end', [{ run: 'r3', epoch: 5, taskRuns: [taskRow(0)] }]);
    assert.deepEqual([(await record.run('r3'))?.state, await record.taskRuns('r3')], ['crashed', []]);
  },

  'batches asked for together are committed in order': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const states = ['pending', 'queued', 'running', 'success'] as const;
    await Promise.all(states.map((state) => record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0, { state })] })));
    assert.equal((await record.taskRuns('r1'))[0]?.state, 'success');
  },

  'closing twice is one closing; use after it is an error': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    await record[Symbol.asyncDispose]();
    await record[Symbol.asyncDispose]();
    await refused('RECORD_CLOSED', record.run('r1'));
    await refused('RECORD_CLOSED', record.append(fullBatch('r1')));
    assert.throws(() => record.crashNow('r1', 0, 'late'), { code: 'RECORD_CLOSED' });
  },
};
