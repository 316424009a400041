import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import polars from 'nodejs-polars';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/digest.js';
import type { ArtifactRef } from '../../../src/model/artifact.js';
import type { ResultStore } from '../../../src/model/result-store.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../../../src/model/task-definition.js';
import { parquet } from '../../../src/results/formats/parquet.js';
import { POLARS_FILES } from '../../../src/results/formats/polars-file.js';
import { localStore } from '../../../src/results/local-store.js';
import { readByPath } from '../../../src/results/read-by-path.js';
import { createResultKeeper } from '../../../src/results/result-keeper.js';

// Large DataFrames, which polars writes to the store's folder and reads from there by itself.

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-tables-'));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const definition: TaskDefinition = { ...TASK_DEFAULTS, kind: 'task', name: 'make', fn: () => undefined };

const setUp = (store: ResultStore = localStore(folder)) => {
  const record = new Map<string, Uint8Array>();
  const keeper = createResultKeeper({ store, readInline: async () => record });
  const keep = async (value: unknown) => {
    const { artifacts } = await keeper.keep(value, definition);
    const [{ ref, inline }] = artifacts as [(typeof artifacts)[number]];
    if (inline !== undefined) record.set(ref.contentDigest, inline);
    return { ref, artifacts, load: async () => (await keeper.load(artifacts, definition)) as Frame };
  };
  return { keep, store };
};

type Frame = ReturnType<typeof polars.DataFrame>;

const ROWS = 100_000;
const large = polars.DataFrame({
  id: Int32Array.from({ length: ROWS }, (_, n) => n),
  price: Float64Array.from({ length: ROWS }, (_, n) => Math.sin(n)),
  city: Array.from({ length: ROWS }, (_, n) => (n % 7 === 0 ? null : `city ${(n * 7_919) % ROWS}`)),
});
const bytesOfLarge = large.writeParquet({ compression: 'snappy' });

const pathOf = ({ key }: ArtifactRef) => join(folder, key);
const filesIn = async () =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);

describe('a large frame', () => {
  it('S16, S21: lies under the digest of the bytes that it always has, and comes back equal', async () => {
    const { keep } = setUp();
    const { ref, load } = await keep(large);
    expect([ref.contentDigest, ref.valueDigest, ref.bytes, ref.format]).toEqual([
      sha256(bytesOfLarge),
      sha256(bytesOfLarge).slice(0, 32),
      bytesOfLarge.length,
      'parquet',
    ]);
    expect((await readFile(pathOf(ref))).equals(bytesOfLarge)).toBe(true);
    expect((await load()).frameEqual(large, true)).toBe(true);
    // No file in the making is left, nor one of a second writing.
    await keep(large.clone());
    expect(await filesIn()).toHaveLength(1);
  });

  it('S16: what was read does not change with the file', async () => {
    const { keep } = setUp();
    const { ref, load } = await keep(large);
    const frame = await load();
    await writeFile(pathOf(ref), Buffer.alloc(ref.bytes, 7), { flag: 'r+' });
    expect(frame.frameEqual(large, true)).toBe(true);
  });

  it('goes into the record when its file turns out to be small', async () => {
    const { keep } = setUp();
    const same = polars.DataFrame({ x: new Int32Array(200_000) });
    const { ref, load } = await keep(same);
    expect(ref.uri).toMatch(/^record:/);
    expect((await load()).frameEqual(same)).toBe(true);
    expect(await filesIn()).toEqual([]);
  });

  it.each<[string, (path: string) => Promise<void>, string]>([
    ['other bytes of the same length', (path) => writeFile(path, 'PAR!', { flag: 'r+' }), 'other content'],
    ['cut short', (path) => truncate(path, 300_000), '300000 bytes instead of'],
    ['longer', (path) => appendFile(path, 'PAR1'), `${bytesOfLarge.length + 4} bytes instead of`],
  ])('S25: %s is never read, and moved aside', async (_, damage, found) => {
    const { keep } = setUp();
    const { ref, load } = await keep(large);
    await damage(pathOf(ref));
    await expect(load()).rejects.toMatchObject({ code: 'RESULT_CORRUPTED', message: expect.stringContaining(found) as string });
    expect(existsSync(pathOf(ref))).toBe(false);
    expect(await filesIn()).toHaveLength(1);
    await expect(load()).rejects.toMatchObject({ code: 'RESULT_MISSING' });
    expect((await (await keep(large)).load()).frameEqual(large, true)).toBe(true);
  });

  it('S25: a whole file that polars cannot read is unreadable, and stays', async () => {
    const { keep } = setUp();
    const { ref, artifacts } = await keep(large);
    // A footer that nobody can read, under its own digest.
    const broken = Buffer.from(bytesOfLarge).fill(0xff, bytesOfLarge.length - 2_000, bytesOfLarge.length - 200);
    const key = ref.key.replace(ref.contentDigest.slice(2), sha256(broken).slice(2)).replace(/\/[0-9a-f]{2}\//, `/${sha256(broken).slice(0, 2)}/`);
    const store = localStore(folder);
    await store.write(key, broken);
    const keeper = createResultKeeper({ store, readInline: async () => new Map() });
    const other = artifacts.map((artifact) => ({ ...artifact, ref: { ...ref, key, contentDigest: sha256(broken), bytes: broken.length } }));
    await expect(keeper.load(other, definition)).rejects.toMatchObject({ code: 'RESULT_UNREADABLE' });
    expect(existsSync(join(folder, key))).toBe(true);
  });

  it('goes through memory where the store has no files of its own', async () => {
    const { adopt, spoolFolder, localPath, ...rest } = methodsOf(localStore(folder));
    expect([adopt, spoolFolder, localPath].every((part) => part !== undefined)).toBe(true);
    const { keep } = setUp({ ...rest, scheme: 'plain' } as ResultStore);
    const { ref, load } = await keep(large);
    expect(ref.contentDigest).toBe(sha256(bytesOfLarge));
    expect((await load()).frameEqual(large, true)).toBe(true);
  });

  it.skipIf(!existsSync('/dev/full'))('a full disk is told as one', () => {
    expect(() => POLARS_FILES.write(large, '/dev/full')).toThrow(expect.objectContaining({ code: 'ENOSPC', syscall: 'write' }));
  });
});

describe('reading by path', () => {
  const write = async () => {
    const path = join(folder, 'table.parquet');
    await writeFile(path, bytesOfLarge);
    return path;
  };
  const verified = async () => undefined;

  it('verifies before it reads', async () => {
    const path = await write();
    const order: string[] = [];
    const read = async (from: string) => {
      order.push('read');
      return await POLARS_FILES.read(from);
    };
    const found = await readByPath({ ...POLARS_FILES, read }, path, async () => void order.push('verify'));
    expect((found?.value as Frame | undefined)?.frameEqual(large, true)).toBe(true);
    expect(order).toEqual(['verify', 'read']);
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['written to', (path) => writeFile(path, 'x', { flag: 'a' })],
    ['gone', (path) => rm(path)],
  ])('S25: takes nothing of a file that is %s after it was verified', async (_, change) => {
    const path = await write();
    expect(await readByPath(POLARS_FILES, path, () => change(path))).toBeUndefined();
  });

  it('leaves the files of other libraries, and other endings, to the bytes', async () => {
    const path = join(folder, 'rows.parquet');
    await writeFile(path, await (parquet().encode([{ a: 1 }]) as Promise<Uint8Array>));
    expect(await readByPath(POLARS_FILES, path, verified)).toBeUndefined();
    await writeFile(join(folder, 'rows.bin'), bytesOfLarge);
    expect(await readByPath(POLARS_FILES, join(folder, 'rows.bin'), verified)).toBeUndefined();
    expect(await readByPath(POLARS_FILES, join(folder, 'nothing.parquet'), verified)).toBeUndefined();
  });
});

/** What a store can do, as plain functions that can be left out. */
function methodsOf(store: ResultStore): ResultStore {
  const { head, read, write, delete: remove, list, adopt, localPath } = store;
  const bound = { head, read, write, delete: remove, list, adopt, localPath };
  return {
    scheme: store.scheme,
    ...(store.spoolFolder === undefined ? {} : { spoolFolder: store.spoolFolder }),
    ...Object.fromEntries(Object.entries(bound).map(([name, method]) => [name, method?.bind(store)])),
  } as ResultStore;
}
