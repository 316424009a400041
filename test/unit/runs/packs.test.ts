import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/digest.js';
import type { ArtifactRef } from '../../../src/model/artifact.js';
import type { ArtifactRow, CacheEntryRow } from '../../../src/model/records.js';
import type { RunRecord } from '../../../src/runs/run-record.js';
import { SqliteConnection } from '../../../src/runs/sqlite/connection.js';
import { findReused } from '../../../src/runs/sqlite/reused.js';
import { openSqliteRecord } from '../../../src/runs/sqlite/sqlite-record.js';
import { runRow, taskRow } from '../../fixtures/runs/rows.js';

let folder: string;
let record: RunRecord;
let look: SqliteConnection;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-packs-'));
  const path = join(folder, 'record.db');
  record = await openSqliteRecord({ path });
  look = await SqliteConnection.open({ path, readOnly: true });
  await record.open(runRow({ id: 'r1' }));
});
afterEach(async () => {
  look.close();
  await record[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const rowsOf = (table: string): number => look.prepare(`SELECT count(*) FROM ${table}`).get()?.[0] as number;
const hits = (from: number, count: number) => Array.from({ length: count }, (_, n) => taskRow(from + n, { state: 'cached' }));

const VERSION = 'ab'.repeat(16);

function inlineRef(content: string): ArtifactRef {
  const contentDigest = sha256(content);
  return {
    uri: `record:${contentDigest}`,
    key: contentDigest,
    contentDigest,
    valueDigest: contentDigest.slice(0, 32),
    bytes: content.length,
    format: 'json',
  };
}

function entryRow(index: number, parts: Partial<CacheEntryRow> = {}): CacheEntryRow {
  return {
    taskVersion: VERSION,
    key: sha256(`key ${index}`).slice(0, 32),
    task: 'clean',
    run: 'r1',
    index,
    createdAt: 1_000 + index,
    code: 'code',
    version: undefined,
    inputs: { n: { digest: '6e313b', shown: String(index) } },
    artifacts: [{ name: '', ref: inlineRef(String(index)) }],
    ...parts,
  };
}

describe('hits', () => {
  it('of a batch are one row for each task', async () => {
    await record.append({
      run: 'r1',
      epoch: 0,
      taskRuns: [...hits(0, 500), ...hits(500, 100).map((row) => ({ ...row, task: 'load' })), taskRow(600)],
    });
    expect([rowsOf('reused'), rowsOf('task_run')]).toEqual([2, 1]);
    expect(await record.taskRuns('r1')).toHaveLength(601);
    expect(findReused(look, 1, { task: 'load' })).toHaveLength(100);
  });

  it('S10: that come again, in another batch, are passed over', async () => {
    await record.append({ run: 'r1', epoch: 0, taskRuns: hits(0, 50) });
    await record.append({ run: 'r1', epoch: 0, taskRuns: hits(25, 50) });
    expect((await record.taskRuns('r1')).map(({ index }) => index)).toEqual(Array.from({ length: 75 }, (_, index) => index));
    expect(rowsOf('task_run')).toBe(0);
  });

  it.each([{ createdAt: Number.NaN }, { finishedAt: Number.POSITIVE_INFINITY }, { nodeKey: '' }, { cacheKey: 'no hex' }])(
    'with %o are refused, and with them their batch',
    async (wrong) => {
      const taskRuns = hits(0, 20).with(9, taskRow(9, { state: 'cached', ...wrong }));
      await expect(record.append({ run: 'r1', epoch: 0, taskRuns })).rejects.toMatchObject({ code: /^(RECORD_VALUE|DIGEST)_INVALID$/ });
      expect(await record.taskRuns('r1')).toEqual([]);
    },
  );
});

describe('cache entries', () => {
  it('S27: keep what their code was made of, once for each version of a task', async () => {
    const codeParts = '{"files":{"a.ts":{"clean":"0123456789ab"}},"packages":{}}';
    const other = 'cd'.repeat(16);
    await record.append({ run: 'r1', epoch: 0, entries: [entryRow(0, { codeParts }), entryRow(1, { taskVersion: other, code: 'other' })] });
    await record.append({ run: 'r1', epoch: 0, entries: [entryRow(2, { codeParts })] });
    expect((await record.entries([VERSION])).map((entry) => entry.codeParts)).toEqual([codeParts, codeParts]);
    expect((await record.entries([other])).map((entry) => entry.codeParts)).toEqual([undefined]);
    expect((await record.latestEntry('clean'))?.codeParts).toBe(codeParts);
    expect(rowsOf('task_version')).toBe(2);
  });

  it('of a batch are one row for each version of a task, and each is found as it was', async () => {
    const entries = Array.from({ length: 300 }, (_, index) => entryRow(index));
    await record.append({ run: 'r1', epoch: 0, entries });
    expect(rowsOf('entry')).toBe(1);
    const found = await record.entries([VERSION]);
    expect(found.map(({ index }) => index)).toEqual(Array.from({ length: 300 }, (_, n) => 299 - n));
    const { task, run, code, version, inputs, artifacts, inRecord } = found[57] as CacheEntryRow;
    const { index: _, taskVersion: __, key: ___, createdAt: ____, ...expected } = entries[299 - 57] as CacheEntryRow;
    expect({ task, run, code, version, inputs, artifacts, inRecord }).toEqual({ ...expected, inRecord: true });
  });

  it('of results that lie elsewhere are not said to be in the record', async () => {
    const ref = { ...inlineRef('x'), uri: 'file:///x', key: 'x' };
    const parts = [
      { name: 'model', ref: inlineRef('m') },
      { name: '', ref: inlineRef('rest') },
    ];
    await record.append({
      run: 'r1',
      epoch: 0,
      entries: [entryRow(0), entryRow(1, { artifacts: [{ name: '', ref }] }), entryRow(2, { artifacts: parts })],
    });
    const found = await record.entries([VERSION]);
    expect(found.map(({ index, inRecord }) => [index, inRecord])).toEqual([
      [2, false],
      [1, false],
      [0, true],
    ]);
    expect(found.map(({ artifacts }) => artifacts)).toEqual([parts, [{ name: '', ref }], entryRow(0).artifacts]);
  });

  it('S25: a lost result takes its own entries along, not those whose address only holds the text of its digest', async () => {
    const lost = inlineRef('7').contentDigest;
    const alike = { ...inlineRef('x'), uri: `file:///${lost}.json`, key: `${lost}.json` };
    const entries = Array.from({ length: 20 }, (_, index) => entryRow(index, index === 3 ? { artifacts: [{ name: '', ref: alike }] } : {}));
    await record.append({ run: 'r1', epoch: 0, entries });
    await record.discard([lost]);
    expect((await record.entries([VERSION])).map(({ index }) => index).reverse()).toEqual([
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      ...Array.from({ length: 12 }, (_, n) => n + 8),
    ]);
    for (let index = 0; index < 20; index += 1) await record.discard([index === 3 ? alike.contentDigest : inlineRef(String(index)).contentDigest]);
    expect(rowsOf('entry')).toBe(0);
  });

  it('a later entry of a task run takes the place of the earlier one', async () => {
    await record.append({ run: 'r1', epoch: 0, entries: [entryRow(0), entryRow(1), entryRow(2)] });
    await record.append({ run: 'r1', epoch: 0, entries: [entryRow(1, { createdAt: 9_000, key: 'cc' })] });
    expect((await record.entries([VERSION])).map(({ index, key }) => [index, key])).toEqual([
      [1, 'cc'],
      [2, entryRow(2).key],
      [0, entryRow(0).key],
    ]);
  });
});

describe('bytes of small results', () => {
  it('come as they went in, however many are asked for at once, in whatever order and how often', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
        fc.array(fc.nat({ max: 40 }), { maxLength: 40 }),
        async (all, order) => {
          const artifacts = all.map((inline, index): ArtifactRow => {
            const contentDigest = sha256(inline);
            return { index, name: '', ref: { ...inlineRef('x'), contentDigest }, inline };
          });
          await record.append({ run: 'r1', epoch: 0, artifacts });
          const asked = order.map((at) => artifacts[at]?.ref.contentDigest ?? sha256(`none ${at}`));
          const found = await record.inline(asked);
          expect(new Set(found.keys())).toEqual(new Set(asked.filter((digest) => artifacts.some(({ ref }) => ref.contentDigest === digest))));
          for (const [digest, bytes] of found) expect(sha256(bytes)).toBe(digest);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('come in more than one look-up when they are many', async () => {
    const artifacts = Array.from(
      { length: 700 },
      (_, index): ArtifactRow => ({ index, name: '', ref: inlineRef(`content ${index}`), inline: Buffer.from(`content ${index}`) }),
    );
    await record.append({ run: 'r1', epoch: 0, artifacts });
    const found = await record.inline(artifacts.map(({ ref }) => ref.contentDigest));
    expect(found.size).toBe(700);
    for (const [digest, bytes] of found) expect(sha256(bytes)).toBe(digest);
  });
});
