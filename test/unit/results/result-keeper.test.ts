import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { valueDigest } from '../../../src/base/canonical.js';
import { sha256 } from '../../../src/base/digest.js';
import { injectFaults } from '../../../src/base/fault-point.js';
import type { ResultStore } from '../../../src/model/result-store.js';
import type { Serializer } from '../../../src/model/serializer.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../../../src/model/task-definition.js';
import { localStore } from '../../../src/results/local-store.js';
import { memoryStore } from '../../../src/results/memory-store.js';
import { createResultKeeper, type Kept, type LoadRequest } from '../../../src/results/result-keeper.js';

let restore = () => {};
afterEach(() => restore());

const define = (options: Partial<TaskDefinition> = {}): TaskDefinition => ({
  ...TASK_DEFAULTS,
  kind: 'task',
  name: 'clean',
  fn: () => undefined,
  ...options,
});

const setUp = (store: ResultStore = memoryStore(), inlineLimit?: number) => {
  const record = new Map<string, Uint8Array>();
  const keeper = createResultKeeper({ store, readInline: async () => record, ...(inlineLimit === undefined ? {} : { inlineLimit }) });
  const commit = (kept: Kept) => {
    for (const { ref, inline } of kept.artifacts) if (inline !== undefined) record.set(ref.contentDigest, inline);
    return kept;
  };
  const keep = async (value: unknown, definition = define()) => commit(await keeper.keep(value, definition));
  return { keeper, record, keep };
};

const keysOf = async (store: ResultStore) => {
  const keys: string[] = [];
  for await (const key of store.list('')) keys.push(key);
  return keys;
};

const large = { rows: Array.from({ length: 5_000 }, (_, id) => ({ id, at: new Date(id) })) };

/** One number a line: to be read as numbers, rounded, so not exact. */
const rounding: Serializer<number[]> = {
  exact: false,
  name: 'rounding',
  ext: 'txt',
  encode: (values) => Buffer.from(values.map((value) => value.toFixed(1)).join('\n')),
  decode: (bytes) => Buffer.from(bytes).toString().split('\n').map(Number),
};

const streamed = (chunks: number, size: number): Serializer<unknown> => ({
  name: 'streamed',
  ext: 'bin',
  async *encode() {
    for (let chunk = 0; chunk < chunks; chunk++) yield new Uint8Array(size).fill(chunk);
  },
  decode: (bytes) => bytes.length,
});

describe('keep and load', () => {
  it('S19, S21: a small result goes into the record, at once', async () => {
    const { keeper, record } = setUp();
    const value = { a: 1, at: new Date(0) };
    const kept = keeper.keep(value, define()) as Kept;
    expect(kept).not.toBeInstanceOf(Promise);
    expect(kept.value).toBe(value);
    expect(kept.valueDigest).toBe(valueDigest(value));
    const [{ name, ref, inline }] = kept.artifacts as [Kept['artifacts'][number]];
    expect(name).toBe('');
    expect(ref).toEqual({
      uri: `record:${ref.contentDigest}`,
      key: ref.contentDigest,
      contentDigest: sha256(inline as Uint8Array),
      valueDigest: kept.valueDigest,
      bytes: inline?.length,
      format: 'json',
    });
    expect(await keeper.present(ref, define())).toBe('gone');
    await expect(keeper.load(kept.artifacts, define())).rejects.toMatchObject({ code: 'RESULT_MISSING', ref });
    record.set(ref.contentDigest, inline as Uint8Array);
    expect(await keeper.present(ref, define())).toBe('here');
    expect(await keeper.load(kept.artifacts, define())).toStrictEqual(value);
    record.set(ref.contentDigest, Buffer.from('{"a":2}'));
    await expect(keeper.load(kept.artifacts, define())).rejects.toMatchObject({ code: 'RESULT_CORRUPTED', ref });
  });

  it('S21: a large one goes to the store, addressed by its content, once', async () => {
    const store = memoryStore();
    const { keeper, keep } = setUp(store);
    const kept = await keep(large);
    await keep(structuredClone(large));
    const [{ ref, inline }] = kept.artifacts as [Kept['artifacts'][number]];
    expect(inline).toBeUndefined();
    expect(ref.key).toBe(`results/${ref.contentDigest.slice(0, 2)}/${ref.contentDigest.slice(2)}.json`);
    expect(ref.uri).toBe(`memory:${ref.key}`);
    expect(await keysOf(store)).toEqual([ref.key]);
    expect(await keeper.present(ref, define())).toBe('here');
    expect(await keeper.load(kept.artifacts, define())).toStrictEqual(large);
  });

  it("obeys a task's own store, however small the result, and finds older results in the standard one", async () => {
    const own = memoryStore();
    const folder = await mkdtemp(join(tmpdir(), 'millrace-keeper-'));
    const { keeper, keep } = setUp(localStore(folder), 1);
    const kept = await keep(1, define({ store: own }));
    expect(kept.artifacts[0]?.inline).toBeUndefined();
    expect(await keysOf(own)).toHaveLength(1);
    expect(await keeper.load(kept.artifacts, define({ store: own }))).toBe(1);
    const older = await keep('before', define());
    expect(await keeper.load(older.artifacts, define({ store: own }))).toBe('before');
    expect(await keeper.present((older.artifacts[0] as Kept['artifacts'][number]).ref, define({ store: own }))).toBe('here');
  });

  it('S16: refuses at once what cannot be stored', () => {
    const { keeper } = setUp();
    expect(() => keeper.keep({ f: () => 1 }, define())).toThrowError(expect.objectContaining({ code: 'RESULT_NOT_STORABLE' }));
    expect(() =>
      keeper.keep([1], define({ serializer: { ...rounding, accepts: (value): value is number[] => typeof value === 'string' } })),
    ).toThrowError(expect.objectContaining({ code: 'RESULT_NOT_STORABLE' }));
  });

  it('S16: downstream gets the decoded value of a serializer that is not exact', async () => {
    const { keeper, keep } = setUp();
    const kept = await keep([1.25, 2], define({ serializer: rounding }));
    expect(kept.value).toEqual(await keeper.load(kept.artifacts, define({ serializer: rounding })));
    expect(kept.value).not.toEqual([1.25, 2]);
    expect(kept.valueDigest).toBe(valueDigest(kept.value));
  });

  it('S21: a value without a digest of its own is known by its bytes', async () => {
    class Frame {}
    const serializer: Serializer = { name: 'frame', ext: 'bin', encode: () => Buffer.from('frame'), decode: () => new Frame() };
    const kept = await setUp().keep(new Frame(), define({ serializer }));
    expect(kept.valueDigest).toBe(sha256('frame').slice(0, 32));
  });

  it.each<[string, Partial<Serializer>, string]>([
    ['gives text', { encode: () => 'text' as never }, 'expected to give a Uint8Array'],
    ['gives a promise of nothing', { encode: async () => undefined as never }, 'it gave undefined'],
    [
      'streams text',
      {
        async *encode() {
          yield 'text' as never;
        },
      },
      'it gave "text"',
    ],
    [
      'cannot decode',
      {
        decode: () => {
          throw new Error('no');
        },
      },
      'cannot decode what it encoded: no',
    ],
    ['claims to be exact', { decode: () => 2 }, 'does not give back the value'],
  ])('tells of a serializer that %s', async (_name, fault, message) => {
    const serializer: Serializer = { name: 'odd', ext: 'bin', encode: () => Buffer.from('1'), decode: () => 1, ...fault };
    await expect((async () => await setUp().keep(1, define({ serializer })))()).rejects.toMatchObject({
      code: 'SERIALIZER_MISBEHAVED',
      message: expect.stringContaining(message),
    });
  });

  it('S25: loads many at once, and tells what is wrong with one in its place', async () => {
    const { keeper, record, keep } = setUp();
    const requests: LoadRequest[] = [];
    for (let n = 0; n < 600; n++) requests.push({ artifacts: (await keep({ n, at: new Date(n) })).artifacts, definition: define() });
    const refOf = (at: number) => (requests[at] as LoadRequest).artifacts[0]?.ref.contentDigest as string;
    record.delete(refOf(300));
    record.set(refOf(301), Buffer.from('{"n":301}'));
    const loaded = await keeper.loadMany([
      ...requests,
      { artifacts: (await keep(large)).artifacts, definition: define() },
      { artifacts: [], definition: define() },
    ]);
    expect(loaded).toHaveLength(602);
    expect(loaded[300]).toMatchObject({ error: { code: 'RESULT_MISSING' } });
    expect(loaded[301]).toMatchObject({ error: { code: 'RESULT_CORRUPTED' } });
    expect(loaded[600]).toEqual({ value: large });
    expect(loaded[601]).toMatchObject({ error: { code: 'RESULT_MISSING' } });
    for (const n of [0, 255, 256, 599]) expect(loaded[n]).toEqual({ value: { n, at: new Date(n) } });
  });

  it('loads many of a serializer that takes its time, or fails', async () => {
    const late: Serializer<string> = {
      name: 'late',
      ext: 'txt',
      encode: (text) => Buffer.from(text),
      decode: async (bytes) => String(Buffer.from(bytes)),
    };
    const { keeper, keep } = setUp();
    const { artifacts } = await keep('text', define({ serializer: late }));
    const failing = { ...late, decode: () => Promise.reject(new Error('no')) };
    const definitions = [define({ serializer: late }), define({ serializer: failing }), define()];
    const loaded = await keeper.loadMany(definitions.map((definition) => ({ artifacts, definition })));
    expect(loaded).toMatchObject([{ value: 'text' }, { error: { code: 'RESULT_UNREADABLE' } }, { error: { code: 'FORMAT_UNKNOWN' } }]);
  });

  it("a serializer may keep what lies beneath its bytes: they do not share another's buffer", async () => {
    const floats: Serializer<Float64Array> = {
      name: 'floats',
      ext: 'bin',
      encode: (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      decode: (bytes) => new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8),
    };
    const { keeper, record, keep } = setUp();
    const definition = define({ serializer: floats });
    const { artifacts } = await keep(Float64Array.of(1.5, -2.5), definition);
    const [[digest, bytes]] = [...record] as [[string, Uint8Array]];
    const shared = Buffer.concat([Buffer.from('x'), bytes, Buffer.from('y')]);
    record.set(digest, shared.subarray(1, 1 + bytes.length));
    expect(await keeper.load(artifacts, definition)).toEqual(Float64Array.of(1.5, -2.5));
  });

  it('names a format that nobody here can read', async () => {
    const { keeper, keep } = setUp();
    const kept = await keep([1], define({ serializer: rounding }));
    await expect(keeper.load(kept.artifacts, define())).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN', ref: { format: 'rounding' } });
    await expect(keeper.load([], define())).rejects.toMatchObject({ code: 'RESULT_MISSING' });
    expect(await keeper.load((await keep({ a: -0 })).artifacts, define({ serializer: rounding }))).toStrictEqual({ a: -0 });
  });

  it.each([
    [3, 10, true],
    [3, 100_000, false],
    [40, 100_000, false],
  ])('stores a stream of %i pieces of %i bytes', async (chunks, size, isInline) => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('millrace-spool-'));
    const store = localStore(await mkdtemp(join(tmpdir(), 'millrace-keeper-')), { durable: false });
    const { keeper, keep } = setUp(store);
    const source = (async function* () {
      yield 1;
    })();
    const kept = await keep(source, define({ serializer: streamed(chunks, size) }));
    expect(kept.artifacts[0]?.inline !== undefined).toBe(isInline);
    expect(kept.artifacts[0]?.ref.bytes).toBe(chunks * size);
    // The source is used up: downstream gets what was stored.
    expect(kept.value).toBe(chunks * size);
    expect(await keeper.load(kept.artifacts, define({ serializer: streamed(chunks, size) }))).toBe(chunks * size);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('millrace-spool-') && !before.includes(name))).toEqual([]);
  });
});

describe('named outputs', () => {
  const outputs = { model: undefined, scores: rounding };

  it('are artifacts of their own, and come together again in their order', async () => {
    const { keeper, keep } = setUp();
    const value = { note: 'x', scores: [1, 2], at: new Date(0), model: { w: [-0] } };
    const kept = await keep(value, define({ outputs }));
    expect(kept.artifacts.map(({ name, ref }) => [name, ref.format])).toEqual([
      ['scores', 'rounding'],
      ['model', 'json'],
      ['', 'json'],
    ]);
    expect(kept.artifacts[1]?.ref.valueDigest).toBe(valueDigest(value.model));
    const back = await keeper.load([...kept.artifacts].reverse(), define({ outputs }));
    expect(back).toStrictEqual(value);
    expect(Object.keys(back as object)).toEqual(Object.keys(value));
  });

  it('need no rest when there is none', async () => {
    const { keeper, keep } = setUp();
    const kept = await keep({ model: 1, scores: [2] }, define({ outputs }));
    expect(kept.artifacts.map(({ name }) => name)).toEqual(['model', 'scores']);
    expect(Object.keys((await keeper.load([...kept.artifacts].reverse(), define({ outputs }))) as object)).toEqual(['model', 'scores']);
  });

  it('S21: the digest of the whole follows from the parts, in whatever order the keys come', async () => {
    const { keeper, keep } = setUp();
    const one = await keep({ model: 1, scores: [2], note: 'x' }, define({ outputs }));
    const other = await keep({ note: 'x', scores: [2], model: 1 }, define({ outputs }));
    expect(one.valueDigest).toBe(other.valueDigest);
    expect(Object.keys((await keeper.load(other.artifacts, define({ outputs }))) as object)).toEqual(['note', 'scores', 'model']);
    const digests = await Promise.all(
      [
        { model: 2, scores: [2], note: 'x' },
        { model: 1, scores: [2], note: 'y' },
        { model: 1, scores: [2] },
      ].map(async (value) => (await keep(value, define({ outputs }))).valueDigest),
    );
    expect(new Set([one.valueDigest, ...digests]).size).toBe(4);
  });

  it('S16: downstream gets the decoded parts', async () => {
    const { keeper, keep } = setUp();
    const kept = await keep({ scores: [1.25], model: 1 }, define({ outputs }));
    expect(kept.value).toEqual(await keeper.load(kept.artifacts, define({ outputs })));
    expect(Object.keys(kept.value as object)).toEqual(['scores', 'model']);
  });

  it('are named when they are missing or cannot be stored', () => {
    const { keeper } = setUp();
    const missing = (value: unknown) => () => keeper.keep(value, define({ outputs }));
    expect(missing({ model: 1 })).toThrowError(expect.objectContaining({ code: 'OUTPUT_MISSING', message: expect.stringContaining("'scores'") }));
    expect(missing(undefined)).toThrowError(expect.objectContaining({ code: 'OUTPUT_MISSING', message: expect.stringContaining("'model'") }));
    expect(missing([1])).toThrowError(expect.objectContaining({ code: 'OUTPUT_MISSING' }));
    expect(missing({ scores: [1], model: { f: () => 1 } })).toThrowError(
      expect.objectContaining({ code: 'RESULT_NOT_STORABLE', message: expect.stringMatching(/output 'model'.*'\.f'/) }),
    );
    expect(missing({ scores: [1], model: 1, rest: () => 1 })).toThrowError(expect.objectContaining({ code: 'RESULT_NOT_STORABLE' }));
  });
});

describe('damage (S25)', () => {
  const setUpDamage = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-damage-'));
    const store = localStore(folder, { durable: false });
    const { keeper, keep } = setUp(store, 0);
    const kept = await keep({ rows: [1.5, 'x', new Date(0)] });
    const ref = (kept.artifacts[0] as Kept['artifacts'][number]).ref;
    const path = store.localPath?.(ref.key) as string;
    return { keeper, keep, kept, ref, path, store, good: await readFile(path) };
  };

  it('every flipped bit and every cut is detected, kept aside, and repaired by keeping again', async () => {
    const { keeper, keep, kept, ref, path, store, good } = await setUpDamage();
    const damage = fc.oneof(
      fc.tuple(fc.nat(good.length - 1), fc.nat(7)).map(([at, bit]) => (bytes: Buffer) => {
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        return bytes;
      }),
      fc.nat(good.length - 1).map((length) => (bytes: Buffer) => bytes.subarray(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 4 }).map((more) => (bytes: Buffer) => Buffer.concat([bytes, more])),
    );
    await fc.assert(
      fc.asyncProperty(damage, fc.boolean(), async (hurt, readFirst) => {
        const bad = hurt(Buffer.from(good));
        await writeFile(path, bad);
        if (readFirst) {
          await expect(keeper.load(kept.artifacts, define())).rejects.toMatchObject({ code: 'RESULT_CORRUPTED', ref });
          await expect(keeper.load(kept.artifacts, define())).rejects.toMatchObject({ code: 'RESULT_MISSING' });
        }
        // Also a damage that nobody has read yet does not outlive the result's being computed again.
        await keep({ rows: [1.5, 'x', new Date(0)] });
        expect(Buffer.compare(await readFile(path), good)).toBe(0);
        const aside = (await keysOf(store)).filter((key) => key.includes(sha256(bad).slice(0, 16)));
        expect(aside).toHaveLength(1);
        expect(Buffer.compare(await store.read(aside[0] as string), bad)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('what is missing or cut is seen without reading', async () => {
    const { keeper, kept, ref, path } = await setUpDamage();
    expect(await keeper.present(ref, define())).toBe('here');
    await truncate(path, ref.bytes - 1);
    expect(await keeper.present(ref, define())).toBe('gone');
    await rm(path);
    expect(await keeper.present(ref, define())).toBe('gone');
    await expect(keeper.load(kept.artifacts, define())).rejects.toMatchObject({ code: 'RESULT_MISSING', ref });
  });

  it('is told also when the disk is too full to keep it aside; the bytes stay where they are', async () => {
    const { keeper, kept, path } = await setUpDamage();
    await writeFile(path, 'damaged');
    restore = injectFaults((point) => {
      if (point === 'file.write') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    });
    await expect(keeper.load(kept.artifacts, define())).rejects.toMatchObject({ code: 'RESULT_CORRUPTED' });
    expect(await readFile(path, 'utf8')).toBe('damaged');
    await expect(Promise.resolve(keeper.keep([1], define()))).rejects.toMatchObject({ code: 'DISK_FULL' });
  });

  it('S26: what is not at an address of our making is never moved', async () => {
    const store = memoryStore();
    const { keeper } = setUp(store);
    await store.write('target.json', Buffer.from('[1]'));
    const ref = { uri: 'memory:target.json', key: 'target.json', contentDigest: sha256('[2]'), valueDigest: '', bytes: 3, format: 'json' };
    await expect(keeper.load([{ name: '', ref }], define())).rejects.toMatchObject({ code: 'RESULT_CORRUPTED' });
    expect(await keysOf(store)).toEqual(['target.json']);
  });
});
