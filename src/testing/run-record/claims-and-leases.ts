import assert from 'node:assert/strict';
import { processIdentity } from '../../base/process-identity.js';
import type { RunRow } from '../../model/records.js';
import type { Claim, RunRecord } from '../../runs/run-record.js';
import type { RunRecordCases } from './cases.js';
import { attemptRow, claimOf, digest, entryRow, fullBatch, goneOwner, refused, runRow, taskRow } from './rows.js';

/** Who may write, who computes a key, and when an owner counts as gone. */
export const claimsAndLeases: RunRecordCases = {
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
    // Maps have no attempts, and are not counted, in whatever state.
    const maps = [taskRow(2, { attempts: 0 }), taskRow(3, { attempts: 0, state: 'running', finishedAt: undefined })];
    await record.append({ run: 'gone', epoch: 0, taskRuns: [taskRow(0), open, ...maps], attempts: [attempt] });
    const rows = await (await another()).runs();
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row.id, row.state])), {
      gone: 'crashed',
      alive: 'running',
      elsewhere: 'running',
      ended: 'success',
    });
    const gone = (await record.run('gone')) as RunRow;
    assert.deepEqual([gone.epoch, gone.counts, gone.error?.code], [1, { success: 1, crashed: 1 }, 'RUN_CRASHED']);
    const [done, lost, , map] = await record.taskRuns('gone');
    assert.deepEqual([done?.state, lost?.state, lost?.finishedAt, map?.state], ['success', 'crashed', gone.finishedAt, 'crashed']);
    assert.equal(lost?.attemptRows[0]?.state, 'crashed');
    assert.match(lost?.attemptRows[0]?.changes ?? '', /^running@0 crashed@\d+$/);
    await refused('OWNER_FENCED', record.append({ run: 'gone', epoch: 0, taskRuns: [taskRow(4)] }));
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
};
