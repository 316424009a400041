import { expect, it } from 'vitest';
import { everyRun } from '../../../src/runs/every-run.js';
import { memoryRecord } from '../../../src/runs/memory-record.js';
import { runRow } from '../../fixtures/runs/rows.js';

it('gives all runs, newest first, also while some are added and some are removed', async () => {
  await using record = memoryRecord();
  for (let n = 0; n < 350; n++) await record.open(runRow({ id: `r${n}`, state: 'success', createdAt: n }));
  const seen: string[] = [];
  for await (const { id } of everyRun(record, { state: 'success' })) {
    seen.push(id);
    await record.remove({ runs: [id], deleteFile: () => false });
    if (seen.length === 10) await record.open(runRow({ id: 'new', state: 'success', createdAt: 1_000 }));
  }
  expect(seen).toEqual(Array.from({ length: 350 }, (_, n) => `r${349 - n}`));
});
