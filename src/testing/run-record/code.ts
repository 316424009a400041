import assert from 'node:assert/strict';
import type { RecordBatch } from '../../runs/run-record.js';
import type { RunRecordCases } from './cases.js';
import { artifactRow, codeRow, digest, refused, runRow } from './rows.js';

/** The source files of runs. */
export const code: RunRecordCases = {
  'code is kept once, whatever runs had it, and shown with each': async (record, another) => {
    const other = await another();
    for (const id of ['r1', 'r2', 'r3']) await record.open(runRow({ id }));
    const code = codeRow('package', 'a', 'b');
    await record.append({ run: 'r1', epoch: 0, code });
    await record.append({ run: 'r1', epoch: 0, code });
    // It comes late: the run may be over.
    await record.append({ run: 'r2', epoch: 0, change: { state: 'success' } });
    await other.append({ run: 'r2', epoch: 0, code: { digest: code.digest } });
    // Of what no run has, only the digest is known.
    await record.append({ run: 'r3', epoch: 0, code: { digest: digest('unknown') } });
    const shown = await Promise.all(['r1', 'r2', 'r3'].map(async (id) => (await other.run(id))?.codePackage));
    assert.deepEqual(shown, [code.digest, code.digest, undefined]);
    assert.deepEqual(await other.inline(code.contents.map((one) => one.digest)), new Map(code.contents.map((one) => [one.digest, one.bytes])));
    assert.deepEqual(
      (await other.runs({ state: 'success' })).map(({ codePackage }) => codePackage),
      [code.digest],
    );
    await refused('OWNER_FENCED', record.append({ run: 'r1', epoch: -1, code }));
    await refused('RUN_UNKNOWN', record.append({ run: 'r9', epoch: 0, code }));
    await refused('DIGEST_INVALID', record.append({ run: 'r1', epoch: 0, code: { digest: 'no digest' } }));
  },

  'code goes with the last run that had it, but for what is had by others': async (record, another) => {
    const other = await another();
    const [first, second] = [codeRow('first', 'both', 'own'), codeRow('second', 'both', 'result')];
    const put = async (id: string, batch: Omit<RecordBatch, 'run' | 'epoch'>): Promise<void> => {
      await record.open(runRow({ id, flow: id }));
      await record.append({ run: id, epoch: 0, ...batch, change: { state: 'success' } });
    };
    await put('r1', { code: first });
    await put('r2', { code: { digest: first.digest } });
    await put('r3', { code: second });
    await put('r4', { artifacts: [{ ...artifactRow(0, '', 'result'), inline: Buffer.from('result') }] });
    const freed = async (id: string): Promise<number> => {
      const request = { runs: [id], deleteFile: () => false };
      const would = await record.remove({ ...request, dryRun: true });
      const { freed: amount, removed } = await other.remove(request);
      assert.deepEqual([removed, would.freed], [[id], amount]);
      return amount.count;
    };
    const isThere = async (...texts: readonly string[]): Promise<readonly boolean[]> => {
      const found = await record.inline(texts.map((text) => digest(text)));
      return texts.map((text) => found.has(digest(text)));
    };
    assert.deepEqual([await freed('r1'), await isThere('first', 'both', 'own')], [0, [true, true, true]]);
    assert.deepEqual([await freed('r2'), await isThere('first', 'both', 'own')], [2, [false, true, false]]);
    assert.deepEqual([await freed('r3'), await isThere('second', 'both', 'result')], [2, [false, false, true]]);
    assert.equal(await freed('r4'), 1);
    // What is gone is written anew.
    await put('r5', { code: { digest: first.digest } });
    assert.equal((await other.run('r5'))?.codePackage, undefined);
    await put('r6', { code: first });
    assert.deepEqual(await isThere('first', 'both', 'own'), [true, true, true]);
  },
};
