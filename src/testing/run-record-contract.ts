import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type ProcessIdentity, processIdentity } from '../base/process-identity.js';
import {
  type ArtifactRow,
  type AttemptRow,
  BODY_PLACE,
  type CacheEntryRow,
  type LogRow,
  type MetricRow,
  type RunArtifactRow,
  type RunRow,
  type TaskRunRow,
} from '../model/records.js';
import type { Claim, LogFilter, RecordBatch, RunFilter, RunRecord, TaskRunFilter } from '../runs/run-record.js';
import { sideResultsOf } from '../runs/side-results.js';
import { withOrigins } from '../runs/with-origins.js';

/** One case of a contract suite: any test runner can host it. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

export interface RunRecordUnderTest {
  /** Fresh and empty. */
  readonly record: RunRecord;
  /** Opens a second connection to the same record, where that makes sense. */
  readonly second?: () => Promise<RunRecord>;
  /** Called when the case is over and all records are closed. */
  readonly cleanUp?: () => Promise<void> | void;
}

/**
 * What every `RunRecord` must do.
 *
 * @example
 * ```ts
 * for (const { name, run } of runRecordContract(async () => ({ record: memoryRecord() }))) test(name, run);
 * ```
 */
export function runRecordContract(make: () => Promise<RunRecordUnderTest>): readonly ContractCase[] {
  return Object.entries(CASES).map(([name, check]) => ({
    name,
    async run() {
      const { record, second, cleanUp } = await make();
      const others: RunRecord[] = [];
      const another = async (): Promise<RunRecord> => {
        const other = (await second?.()) ?? record;
        others.push(other);
        return other;
      };
      try {
        await check(record, another);
      } finally {
        for (const open of [...others, record]) await open[Symbol.asyncDispose]();
        await cleanUp?.();
      }
    },
  }));
}

type Check = (record: RunRecord, another: () => Promise<RunRecord>) => Promise<void>;

const CASES: Readonly<Record<string, Check>> = {
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
    });
    await record.open(plain);
    await record.open(full);
    const other = await another();
    assert.deepEqual(await other.run('r1'), plain);
    assert.deepEqual(await other.run('r2'), full);
    assert.equal(await other.run('r3'), undefined);
  },

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

  'a run id is taken once': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    await refused('RUN_EXISTS', (await another()).open(runRow({ id: 'r1' })));
  },

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

  'S31: a fenced-off owner is refused, and nothing of its batch is written': async (record, another) => {
    await record.open(runRow({ id: 'r1', epoch: 2 }));
    await refused('OWNER_FENCED', (await another()).append({ ...fullBatch('r1'), epoch: 1, change: { state: 'success' } }));
    assert.deepEqual(await record.taskRuns('r1'), []);
    assert.equal((await record.run('r1'))?.state, 'running');
  },

  'S31: a look marks the runs whose process is gone': async (record, another) => {
    await record.open(runRow({ id: 'gone', owner: goneOwner() }));
    await record.open(runRow({ id: 'alive' }));
    await record.open(runRow({ id: 'elsewhere', owner: { ...goneOwner(), host: 'another-host', bootId: 'another-boot' } }));
    await record.open(runRow({ id: 'ended', state: 'success', owner: goneOwner() }));
    const open = taskRow(1, { state: 'running', finishedAt: undefined });
    const attempt = attemptRow(1, 1, { state: 'running', finishedAt: undefined, changes: 'running@0' });
    await record.append({ run: 'gone', epoch: 0, taskRuns: [taskRow(0), open], attempts: [attempt] });
    const rows = await (await another()).runs();
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row.id, row.state])), {
      gone: 'crashed',
      alive: 'running',
      elsewhere: 'running',
      ended: 'success',
    });
    const gone = (await record.run('gone')) as RunRow;
    assert.deepEqual([gone.epoch, gone.counts, gone.error?.code], [1, { success: 1, crashed: 1 }, 'RUN_CRASHED']);
    const [done, lost] = await record.taskRuns('gone');
    assert.deepEqual([done?.state, lost?.state, lost?.finishedAt], ['success', 'crashed', gone.finishedAt]);
    assert.equal(lost?.attemptRows[0]?.state, 'crashed');
    assert.match(lost?.attemptRows[0]?.changes ?? '', /^running@0 crashed@\d+$/);
    await refused('OWNER_FENCED', record.append({ run: 'gone', epoch: 0, taskRuns: [taskRow(2)] }));
  },

  'S31: elsewhere, a run lives as long as its lease; on its own machine, until heartbeats that were sent are missed': async (record, another) => {
    const elsewhere = { ...goneOwner(), host: 'another-host', bootId: 'another-boot' };
    const neighbour = { ...processIdentity(), pid: process.ppid, pidStarted: '' };
    const long = 60_000;
    await record.open(runRow({ id: 'elsewhere, no lease', owner: elsewhere }));
    await record.open(runRow({ id: 'elsewhere, at first', owner: elsewhere }), long);
    await record.open(runRow({ id: 'elsewhere, over', owner: elsewhere }), 0);
    await record.open(runRow({ id: 'elsewhere, renewed', owner: elsewhere }), 0);
    await record.open(runRow({ id: 'elsewhere, missed', owner: elsewhere }), long);
    await record.open(runRow({ id: 'here, never any', owner: neighbour }), 0);
    await record.open(runRow({ id: 'here, missed', owner: neighbour }), long);
    await record.open(runRow({ id: 'here, beating', owner: neighbour }), 0);
    await record.open(runRow({ id: 'whoever looks' }), 0);
    const renew = async (leaseMs: number, ...runs: readonly string[]): Promise<readonly string[]> =>
      await record.renewLeases(
        runs.map((run) => ({ run, epoch: 0 })),
        leaseMs,
      );
    assert.deepEqual(await renew(long, 'elsewhere, renewed', 'here, beating'), []);
    assert.deepEqual(await renew(0, 'elsewhere, missed', 'here, missed', 'whoever looks'), []);
    const rows = await (await another()).runs();
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row.id, row.state])), {
      'elsewhere, no lease': 'running',
      'elsewhere, at first': 'running',
      'elsewhere, over': 'crashed',
      'elsewhere, renewed': 'running',
      'elsewhere, missed': 'crashed',
      'here, never any': 'running',
      'here, missed': 'crashed',
      'here, beating': 'running',
      'whoever looks': 'running',
    });
    await refused('OWNER_FENCED', record.append({ run: 'here, missed', epoch: 0, logs: [{ seq: 0, at: 1, level: 'info', text: 'late' }] }));
    assert.deepEqual(await record.logs('here, missed'), []);
  },

  'S31: who renews a lease is told which runs are its own no more': async (record) => {
    await record.open(runRow({ id: 'gone', owner: goneOwner() }));
    await record.open(runRow({ id: 'ended' }));
    await record.append({ run: 'ended', epoch: 0, change: { state: 'success' } });
    await record.open(runRow({ id: 'taken', epoch: 2 }));
    await record.open(runRow({ id: 'own', epoch: 2 }));
    await record.runs();
    const asked = [
      { run: 'gone', epoch: 0 },
      { run: 'ended', epoch: 0 },
      { run: 'taken', epoch: 1 },
      { run: 'own', epoch: 2 },
      { run: 'unknown', epoch: 0 },
    ];
    assert.deepEqual(await record.renewLeases(asked, 60_000), ['gone', 'ended', 'taken', 'unknown']);
    assert.deepEqual(await record.renewLeases([], 60_000), []);
  },

  'nobody has asked runs to end that nobody has asked': async (record) => {
    await record.open(runRow({ id: 'own' }));
    assert.deepEqual(await record.cancelAsked(['own', 'unknown']), new Map());
    assert.deepEqual(await record.cancelAsked([]), new Map());
  },

  'S24, S31: the claims of a run are free when its lease has run out, before anybody has taken it': async (record, another) => {
    const elsewhere = { ...goneOwner(), host: 'another-host', bootId: 'another-boot' };
    await record.open(runRow({ id: 'silent', owner: elsewhere }), 0);
    await record.open(runRow({ id: 'alive', owner: elsewhere }), 60_000);
    await record.open(runRow({ id: 'r1' }));
    const [a, b] = [claimOf('a', 0), claimOf('b', 0)];
    await record.claim({ run: 'silent', epoch: 0, claims: [a], leaseMs: 60_000 });
    await record.claim({ run: 'alive', epoch: 0, claims: [b], leaseMs: 60_000 });
    const { held } = await (await another()).claim({ run: 'r1', epoch: 0, claims: [a, b], leaseMs: 60_000 });
    assert.deepEqual([...held], [[b.key, 'alive']]);
  },

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

  'S24: a key is claimed by one run at a time, until it is released or the run ends': async (record, another) => {
    const other = await another();
    await record.open(runRow({ id: 'r1' }));
    await other.open(runRow({ id: 'r2' }));
    const [a, b, c] = [claimOf('a', 0), claimOf('b', 1), claimOf('c', 2)];
    const ask = (from: RunRecord, run: string, claims: readonly Claim[]) => from.claim({ run, epoch: 0, claims, leaseMs: 60_000 });
    assert.deepEqual([...(await ask(record, 'r1', [a, b])).held], []);
    assert.deepEqual([...(await ask(other, 'r2', [b, c])).held], [[b.key, 'r1']]);
    assert.deepEqual([...(await ask(record, 'r1', [a, b])).held], []);
    await record.append({ run: 'r1', epoch: 0, released: [b.key] });
    assert.deepEqual([...(await ask(other, 'r2', [a, b])).held], [[a.key, 'r1']]);
    await record.append({ run: 'r1', epoch: 0, change: { state: 'failed' } });
    assert.deepEqual([...(await ask(other, 'r2', [a])).held], []);
    await refused(
      'OWNER_FENCED',
      ask(other, 'r2', [a]).then(() => other.claim({ run: 'r2', epoch: 7, claims: [a], leaseMs: 1 })),
    );
  },

  'S24: who claims is told what others have computed meanwhile, once': async (record, another) => {
    const other = await another();
    await record.open(runRow({ id: 'r1' }));
    await record.append({ run: 'r1', epoch: 0, entries: [entryRow('r1', 0, 'v1')] });
    await other.open(runRow({ id: 'r2' }));
    await record.append({ run: 'r1', epoch: 0, entries: [entryRow('r1', 1, 'v1'), entryRow('r1', 2, 'v2')] });
    await other.append({ run: 'r2', epoch: 0, entries: [entryRow('r2', 0, 'v1')] });
    const ask = async (): Promise<readonly string[]> => {
      const { entries } = await other.claim({ run: 'r2', epoch: 0, claims: [claimOf('a', 1)], leaseMs: 60_000 });
      return entries.map(({ run, index }) => `${run} ${index}`);
    };
    assert.deepEqual(await ask(), ['r1 1', 'r1 2']);
    assert.deepEqual(await ask(), []);
  },

  'S24, S31: the claims of an owner that is gone, or has let its lease run out, are anybody’s; a late result does not count': async (
    record,
    another,
  ) => {
    await record.open(runRow({ id: 'gone', owner: goneOwner() }));
    await record.open(runRow({ id: 'slow' }));
    await record.open(runRow({ id: 'r1' }));
    const other = await another();
    const [a, b] = [claimOf('a', 0), claimOf('b', 0)];
    await record.claim({ run: 'gone', epoch: 0, claims: [a], leaseMs: 60_000 });
    await record.claim({ run: 'slow', epoch: 0, claims: [b], leaseMs: 0 });
    assert.deepEqual([...(await other.claim({ run: 'r1', epoch: 0, claims: [b], leaseMs: 60_000 })).held], []);
    assert.deepEqual([...(await record.claim({ run: 'slow', epoch: 0, claims: [b], leaseMs: 0 })).held], [[b.key, 'r1']]);
    await record.append({ run: 'slow', epoch: 0, released: [b.key], entries: [entryRow('slow', 0, 'v1', { key: b.key })] });
    assert.deepEqual(await record.entries([digest('v1', 32)]), []);
    await other.runs();
    assert.deepEqual([...(await other.claim({ run: 'r1', epoch: 0, claims: [a], leaseMs: 60_000 })).held], []);
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

  'log lines are found by task run, task, level and place': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const logs: readonly LogRow[] = [
      { seq: 0, at: 1, level: 'info', text: 'run starts' },
      { seq: 1, at: 2.5, level: 'debug', text: 'a\nb', node: 'clean#0', attempt: 1 },
      { seq: 2, at: 3, level: 'warn', text: '', node: 'clean#1', attempt: 2 },
      { seq: 3, at: 4, level: 'error', text: 'ü €', node: 'load#0' },
    ];
    await record.append({
      run: 'r1',
      epoch: 0,
      logs: logs.slice(2),
      taskRuns: [taskRow(0, { id: 'clean#0', task: 'clean' }), taskRow(1, { id: 'clean#1', task: 'clean' })],
    });
    await record.append({ run: 'r1', epoch: 0, logs: logs.slice(0, 2) });
    const seqs = async (filter?: Parameters<RunRecord['logs']>[1]): Promise<number[]> => (await record.logs('r1', filter)).map((line) => line.seq);
    assert.deepEqual(await record.logs('r1'), logs);
    assert.deepEqual(await seqs({ node: 'clean#1' }), [2]);
    assert.deepEqual(await seqs({ node: 'clean' }), [1, 2]);
    assert.deepEqual(await seqs({ node: 'other' }), []);
    assert.deepEqual(await seqs({ level: 'warn' }), [2, 3]);
    assert.deepEqual(await seqs({ after: 1 }), [2, 3]);
    assert.deepEqual(await seqs({ after: 0, limit: 2, level: 'debug' }), [1, 2]);
    assert.deepEqual(await seqs({ last: 2 }), [2, 3]);
    assert.deepEqual(await seqs({ last: 9, level: 'warn' }), [2, 3]);
    assert.deepEqual(await seqs({ last: 1, after: 0, node: 'clean' }), [2]);
    assert.deepEqual(await seqs({ last: 0 }), []);
    assert.deepEqual(await seqs({ attempt: 2 }), [2]);
    assert.deepEqual(await seqs({ node: 'clean', attempt: 1, last: 5 }), [1]);
    assert.deepEqual(await record.logs('r2'), []);
  },

  'log lines of many tasks, attempts and levels, written in batches of any size: every page is what a plain list gives': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const levels = ['info', 'info', 'info', 'debug', 'warn', 'error'] as const;
    const lines: LogRow[] = Array.from({ length: 7_000 }, (_, seq) => {
      const one = (seq * 7) % 13;
      // Now many tasks in turns, now one of them for long.
      const node = seq % 2_000 < 700 ? `t#${one}` : `t#${Math.floor(seq / 2_000)}`;
      const level = levels[(seq * 5) % 11 < 9 ? 0 : (seq * 11) % levels.length] ?? 'info';
      const own = one === 5 ? {} : { node, attempt: 1 + (seq % 3) };
      return { seq, at: 1_000 + seq / 7, level, text: seq % 500 === 0 ? `${seq} `.repeat(9_000) : `line ${seq} "ü"`, ...own };
    });
    await record.append({
      run: 'r1',
      epoch: 0,
      taskRuns: Array.from({ length: 13 }, (_, n) => taskRow(n, { id: `t#${n}`, task: n % 2 ? 'odd' : 'even' })),
    });
    for (let from = 0, size = 1; from < lines.length; from += size, size = (size * 3) % 2_311) {
      await record.append({ run: 'r1', epoch: 0, logs: lines.slice(from, from + size) });
      // A part of it comes twice.
      await record.append({ run: 'r1', epoch: 0, logs: lines.slice(Math.max(0, from - 3), from + 2).filter(({ seq }) => seq < from + size) });
    }
    const other = await another();
    const rank = ['debug', 'info', 'warn', 'error'];
    const expected = ({ node, level, attempt, after = -1, limit = 10_000, last }: LogFilter): readonly LogRow[] => {
      const isNamed = (id: string | undefined): boolean => id !== undefined && (id === node || (Number(id.slice(2)) % 2 ? 'odd' : 'even') === node);
      const found = lines.filter(
        (line) =>
          line.seq > after &&
          (node === undefined || isNamed(line.node)) &&
          rank.indexOf(line.level) >= rank.indexOf(level ?? 'debug') &&
          (attempt === undefined || line.attempt === attempt),
      );
      return last === undefined ? found.slice(0, limit) : found.slice(Math.max(0, found.length - last));
    };
    const filters: readonly LogFilter[] = [
      {},
      ...[
        {},
        { node: 't#3' },
        { node: 'odd' },
        { level: 'warn' as const },
        { node: 'even', level: 'error' as const, attempt: 2 },
        { attempt: 3 },
      ].flatMap((filter) =>
        [{ limit: 10 }, { last: 10 }, { after: 1_234, limit: 900 }, { last: 2_500 }, { after: 6_900, last: 300 }, { after: 6_999 }].map((page) => ({
          ...filter,
          ...page,
        })),
      ),
    ];
    for (const filter of filters) assert.deepEqual(await other.logs('r1', filter), expected(filter), JSON.stringify(filter));
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

  'batches asked for together are committed in order': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const states = ['pending', 'queued', 'running', 'success'] as const;
    await Promise.all(states.map((state) => record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0, { state })] })));
    assert.equal((await record.taskRuns('r1'))[0]?.state, 'success');
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
    const rows = await withOrigins(other, await other.taskRuns('going'));
    assert.equal(rows.length, 10);
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

  'closing twice is one closing; use after it is an error': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    await record[Symbol.asyncDispose]();
    await record[Symbol.asyncDispose]();
    await refused('RECORD_CLOSED', record.run('r1'));
    await refused('RECORD_CLOSED', record.append(fullBatch('r1')));
    assert.throws(() => record.crashNow('r1', 0, 'late'), { code: 'RECORD_CLOSED' });
  },
};

/** Entries may be of a class that reads its parts when they are asked for: compared is what they say. */
function plain(entries: readonly (CacheEntryRow | undefined)[]): readonly (CacheEntryRow | undefined)[] {
  return entries.map((entry) => {
    if (entry === undefined) return undefined;
    const { taskVersion, key, task, run, index, createdAt, code, version, inputs, artifacts, reads } = entry;
    return { taskVersion, key, task, run, index, createdAt, code, version, inputs, artifacts, ...(reads === undefined ? {} : { reads }) };
  });
}

async function refused(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, { code });
}

function digest(text: string, length = 64): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** Of this machine, with a pid that was never given: pids end at 2^22. */
function goneOwner(): ProcessIdentity {
  return { ...processIdentity(), pid: 2 ** 22 + 1 };
}

function runRow(parts: Partial<RunRow>): RunRow {
  return {
    id: 'r',
    flow: 'flow',
    name: undefined,
    state: 'running',
    params: {},
    tags: [],
    createdAt: 1_000,
    startedAt: undefined,
    finishedAt: undefined,
    error: undefined,
    parentRun: undefined,
    originRun: undefined,
    owner: { ...processIdentity() },
    epoch: 0,
    counts: {},
    result: undefined,
    ...parts,
  };
}

function taskRow(index: number, parts: Partial<TaskRunRow> = {}): TaskRunRow {
  return {
    index,
    id: `clean#${index}`,
    task: 'clean',
    label: undefined,
    parent: undefined,
    state: 'success',
    nodeKey: undefined,
    cacheKey: undefined,
    attempts: 1,
    reason: undefined,
    createdAt: 1_000,
    startedAt: 1_001.5,
    finishedAt: 1_002.25,
    error: undefined,
    upstream: [],
    inputs: undefined,
    checks: undefined,
    origin: undefined,
    ...parts,
  };
}

function attemptRow(index: number, attempt: number, parts: Partial<AttemptRow> = {}): AttemptRow {
  return {
    index,
    attempt,
    state: 'success',
    changes: 'queued@0 running@0.5 success@2',
    startedAt: 1_001.5,
    finishedAt: 1_003.5,
    error: undefined,
    ...parts,
  };
}

function artifactRow(index: number, name: string, content: string): ArtifactRow {
  const contentDigest = digest(content);
  return {
    index,
    name,
    ref: { uri: `record:${contentDigest}`, key: contentDigest, contentDigest, valueDigest: digest(`value ${content}`, 32), bytes: 3, format: 'json' },
    inline: undefined,
  };
}

function runArtifactRow(index: number, attempt: number, name: string, content: string, parts: Partial<RunArtifactRow> = {}): RunArtifactRow {
  const { ref } = artifactRow(index, name, content);
  return { index, attempt, name, kind: 'value', contentType: 'application/json', at: 1_002.5, ref, inline: undefined, ...parts };
}

function metricRow(index: number, name: string, first: number, steps: readonly number[], values: readonly number[]): MetricRow {
  return { index, attempt: 1, name, first, at: 1_002.5, steps, values };
}

function claimOf(key: string, index: number): Claim {
  return { key: digest(`key ${key}`, 32), index };
}

function entryRow(run: string, index: number, version: string, parts: Partial<CacheEntryRow> = {}): CacheEntryRow {
  return {
    taskVersion: digest(version, 32),
    key: digest(`key ${run} ${index}`, 32),
    task: 'clean',
    run,
    index,
    createdAt: 1_000.5,
    code: digest(`code ${version}`, 32),
    version: undefined,
    inputs: { rows: { digest: digest('rows', 32), shown: '12' }, rate: { digest: digest('rate', 32) } },
    artifacts: [{ name: '', ref: artifactRow(index, '', 'x').ref }],
    ...parts,
  };
}

function fullBatch(run: string): RecordBatch {
  const error = { name: 'TypeError', message: 'no', code: 'E', stack: 'at x\nat y', cause: { name: 'Error', message: 'deep' } };
  const rich = taskRow(7, {
    label: 'second',
    parent: 0,
    state: 'cached',
    nodeKey: digest('node', 32),
    cacheKey: digest('cache'),
    reason: { kind: 'input-changed', detail: 'rows: 1 -> 2' },
    error,
    upstream: [
      { from: 0, kind: 'data', label: 'rows' },
      { from: 3, kind: 'control' },
    ],
    inputs: { rows: { digest: digest('rows', 32), shown: '12' } },
    origin: { run: 'r0', index: 4 },
    checks: [{ name: 'no nulls', severity: 'warn', passed: false, message: '3 nulls' }],
  });
  return {
    run,
    epoch: 0,
    taskRuns: [rich, taskRow(2, { startedAt: undefined, finishedAt: undefined, state: 'skipped' })].reverse(),
    attempts: [attemptRow(2, 1, { state: 'failed', error }), attemptRow(2, 2), attemptRow(7, 1)],
    artifacts: [{ ...artifactRow(7, '', 'x'), inline: Uint8Array.of(1, 2, 3) }, artifactRow(7, 'model', 'y')],
    entries: [entryRow(run, 7, 'v1', { version: '' })],
    logs: [{ seq: 0, at: 1_001, level: 'info', text: 'hello', node: 'clean#7', attempt: 1 }],
    runArtifacts: [runArtifactRow(7, 1, 'plot', 'x')],
    metrics: [metricRow(7, 'loss', 0, [0, 1], [0.5, 0.25])],
  };
}
