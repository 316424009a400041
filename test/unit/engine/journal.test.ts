import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { MillraceError } from '../../../src/base/error.js';
import { Journal } from '../../../src/engine/journal.js';
import { memoryRecord } from '../../../src/runs/memory-record.js';
import type { RecordBatch } from '../../../src/runs/run-record.js';
import { runRow } from '../../fixtures/runs/rows.js';

const BOUND = 8_192;

/** A journal over a record whose `appendNow` does what the test says. */
async function bench(appendNow: (batch: RecordBatch, take: (batch: RecordBatch) => boolean) => boolean) {
  const record = memoryRecord();
  await record.open(runRow({ state: 'running' }));
  const sizes: number[] = [];
  const take = record.appendNow.bind(record);
  record.appendNow = (batch) => {
    sizes.push(batch.logs?.length ?? 0);
    return appendNow(batch, take);
  };
  const errors: unknown[] = [];
  const journal = new Journal({ record, run: 'r1', epoch: 0, clock: systemClock, onError: (error) => errors.push(error) });
  const print = (count: number, at = 1_000): void => {
    for (let n = 0; n < count; n++) journal.log({ at, level: 'info', text: `line ${n}` });
  };
  const seqs = async (): Promise<readonly number[]> => (await record.logs('r1', { limit: Number.POSITIVE_INFINITY })).map(({ seq }) => seq);
  return { journal, sizes, errors, print, seqs };
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

describe('lines that a synchronous body prints', () => {
  it('are committed while it prints, so that none but some thousand wait; none is lost', async () => {
    const { journal, print, seqs, sizes } = await bench((batch, take) => take(batch));
    print(5 * BOUND);
    // What waits: a commit that began and cannot end, and less than the bound.
    expect((await seqs()).length).toBeGreaterThan(2 * BOUND);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(BOUND);
    await journal.flush();
    expect(await seqs()).toEqual(upTo(5 * BOUND));
  });

  it('are committed within a second also when it prints little', async () => {
    const { print, sizes } = await bench((batch, take) => take(batch));
    print(1, 1_000);
    print(1, 1_500);
    print(1, 2_000);
    print(1, 2_500);
    expect(sizes).toEqual([3]);
  });

  it('wait where the record cannot take them at once, and it is asked again now and then', async () => {
    const { journal, print, seqs, sizes } = await bench(() => false);
    print(4 * BOUND);
    expect(sizes.length).toBeLessThan(6);
    await journal.flush();
    expect(await seqs()).toEqual(upTo(4 * BOUND));
  });

  it('S31: of an owner that was fenced off go nowhere, and the run is told once', async () => {
    const { journal, print, errors, sizes } = await bench(() => {
      throw new MillraceError('OWNER_FENCED', 'taken');
    });
    print(3 * BOUND);
    expect(errors).toEqual([]);
    await journal.flush();
    expect(errors).toMatchObject([{ code: 'OWNER_FENCED' }]);
    expect([sizes.length, journal.failed]).toEqual([1, true]);
  });
});
