import { once } from 'node:events';
import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { tableFromArrays } from 'apache-arrow';
import { table as arqueroTable } from 'arquero';
import polars from 'nodejs-polars';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deepFreeze } from '../../../src/engine/deep-freeze.js';
import { replaceDeep, replacingReferences, visitReferences } from '../../../src/graph/references.js';
import type { ResultStore } from '../../../src/model/result-store.js';
import type { Serializer } from '../../../src/model/serializer.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../../../src/model/task-definition.js';
import { arrow } from '../../../src/results/formats/arrow.js';
import { serializerForExtension } from '../../../src/results/formats/built-in.js';
import { bytes } from '../../../src/results/formats/bytes.js';
import { csv } from '../../../src/results/formats/csv.js';
import { loadLibrary } from '../../../src/results/formats/optional-library.js';
import { parquet } from '../../../src/results/formats/parquet.js';
import { ResultStream } from '../../../src/results/formats/result-stream.js';
import { text } from '../../../src/results/formats/text.js';
import { localStore } from '../../../src/results/local-store.js';
import { memoryStore } from '../../../src/results/memory-store.js';
import { createResultKeeper, type Kept } from '../../../src/results/result-keeper.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-formats-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const define = (options: Partial<TaskDefinition> = {}): TaskDefinition => ({
  ...TASK_DEFAULTS,
  kind: 'task',
  name: 'make',
  fn: () => undefined,
  ...options,
});

const setUp = (store: ResultStore = localStore(folder, { durable: false })) => {
  const record = new Map<string, Uint8Array>();
  const keeper = createResultKeeper({ store, readInline: async () => record });
  const keep = async (value: unknown, definition = define()): Promise<Kept> => {
    const kept = await keeper.keep(value, definition);
    for (const { ref, inline } of kept.artifacts) if (inline !== undefined) record.set(ref.contentDigest, inline);
    return kept;
  };
  return { keeper, keep, store };
};

const refOf = (kept: Kept) => (kept.artifacts[0] as Kept['artifacts'][number]).ref;
const filesIn = (path: string) => readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

const MEGABYTE = 1024 * 1024;
async function* pieces(count: number) {
  // The same memory for each piece, as many a source has it.
  const piece = Buffer.alloc(MEGABYTE / 4);
  for (let index = 0; index < count; index++) yield piece.fill(index);
}
async function* owned(count: number) {
  for await (const piece of pieces(count)) yield Buffer.from(piece);
}
const wholeOf = async (count: number) => {
  const parts: Buffer[] = [];
  for await (const piece of pieces(count)) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
};

describe('a result without a serializer', () => {
  const frame = polars.DataFrame({ x: [1, 2], y: ['a', null] });

  it.each([
    ['a polars frame', frame, 'parquet'],
    ['a polars frame without columns', polars.DataFrame({ x: [1] }).drop('x'), 'parquet'],
    ['an Arrow table', tableFromArrays({ x: [1, 2] }), 'arrow'],
    ['an arquero table', arqueroTable({ x: [1, 2] }), 'parquet'],
    ['a Uint8Array', new Uint8Array([1]), 'bytes'],
    ['a Buffer', Buffer.from('abc'), 'buffer'],
    ['rows', [{ x: 1 }], 'json'],
    ['typed columns', { x: new Float64Array(2) }, 'json'],
    ['other numbers', new Float64Array(2), 'json'],
  ])('%s goes by what it is', async (_, value, format) => {
    const { keeper, keep } = setUp();
    const kept = await keep(value);
    expect(refOf(kept).format).toBe(format);
    const loaded = await keeper.load(kept.artifacts, define());
    expect(Object.getPrototypeOf(loaded)).toBe(Object.getPrototypeOf(value));
    expect(String(loaded)).toBe(String(value));
  });

  it('S21: a frame counts by its bytes, rows by their value, and the same table gives the same bytes', async () => {
    const { keep } = setUp();
    const first = refOf(await keep(frame));
    expect(first.valueDigest).toBe(first.contentDigest.slice(0, 32));
    expect(refOf(await keep(polars.DataFrame({ x: [1, 2], y: ['a', null] })))).toEqual(first);
    const rows = [{ a: 1, at: new Date(0) }];
    expect(refOf(await keep(rows, define({ serializer: parquet() }))).valueDigest).toBe(refOf(await keep(rows)).valueDigest);
  });

  it('S1: a frame among the arguments is not searched for futures', () => {
    const args = [frame, { frame }];
    const never = () => expect.unreachable();
    visitReferences(args, ['frame', 'holder'], never);
    expect(replaceDeep(args, replacingReferences(never))).toBe(args);
  });

  it('S16: a frame that is passed on is not frozen, and does not fail', () => {
    const value = { frame, list: [1] };
    expect(deepFreeze(value)).toBe(value);
    expect(Object.isFrozen(value.list)).toBe(true);
    expect(frame.height).toBe(2);
  });
});

describe('formats', () => {
  it('are read by their names, whatever serializer the task has got since', async () => {
    const { keeper, keep } = setUp();
    const rows = [{ a: 1, b: 'x' }];
    for (const serializer of [parquet(), arrow(), csv(), csv({ delimiter: ';' }), csv({ delimiter: '|', header: true })] as Serializer[]) {
      const kept = await keep(rows, define({ serializer }));
      expect(await keeper.load(kept.artifacts, define())).toEqual(rows);
      expect(await keeper.load(kept.artifacts, define({ serializer: csv({ delimiter: '\t' }) as Serializer }))).toEqual(rows);
    }
  });

  it('D6: each output has its own', async () => {
    const { keeper, keep } = setUp();
    const outputs = { train: parquet() as Serializer, test: csv() as Serializer, note: text() as Serializer, model: undefined };
    const value = { train: [{ a: 1.5 }], test: [{ at: new Date(5), b: undefined }], note: 'ü', model: Buffer.from('m') };
    const kept = await keep(value, define({ outputs }));
    expect(kept.artifacts.map(({ name, ref }) => [name, ref.format])).toEqual([
      ['train', 'parquet'],
      ['test', 'csv'],
      ['note', 'text'],
      ['model', 'buffer'],
    ]);
    expect(kept.value).toStrictEqual({ ...value, test: [{ at: new Date(5), b: null }] });
    expect(await keeper.load(kept.artifacts, define({ outputs }))).toStrictEqual(kept.value);
    await expect(keep({ ...value, train: [{ a: 1 }, { a: 'x' }] }, define({ outputs }))).rejects.toThrow(
      "output 'train': the result cannot be stored faithfully: '[1].a' is a string in a column of numbers",
    );
  });

  it.each([
    ['.json', 'json'],
    ['.CSV', 'csv'],
    ['.tsv', 'csv.9'],
    ['.parquet', 'parquet'],
    ['.feather', 'arrow'],
    ['.txt', 'text'],
    ['.bin', 'bytes'],
    ['.xlsx', undefined],
    ['.constructor', undefined],
  ])('the extension %s asks for %s', (extension, name) => expect(serializerForExtension(extension)?.name).toBe(name));

  it.each([',,', '', '"', '\n', '.', '-', '5', 'a', 5 as unknown as string])('csv refuses the delimiter %j', (delimiter) => {
    expect(() => csv({ delimiter })).toThrowError(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });

  it('csv is what people and other programs expect', async () => {
    const rows = [
      { id: 1, name: 'Ann', note: 'a "b", c', code: '007', at: new Date(0), big: 2 ** 60, none: null },
      { id: 2.5, name: '', note: 'two\nlines', code: '42', at: null, big: 1, none: undefined },
    ];
    let written = '';
    for await (const piece of csv().encode(rows) as AsyncIterable<Uint8Array>) written += Buffer.from(piece).toString();
    expect(written).toBe(
      'id,name,note,code,at,big,none\n1,Ann,"a ""b"", c",007,1970-01-01T00:00:00.000Z,1.152921504606847e+18,\n2.5,"","two\nlines","42",,1,\n',
    );
    const foreign = Buffer.from('\ufeffzip,price,n,day,open\r\n01234,1.50,9007199254740993,2020-01-01,true\r\n99999,2,1,,false\r\n');
    expect(await csv().decode(foreign, {})).toEqual([
      { zip: '01234', price: 1.5, n: 9007199254740993n, day: '2020-01-01', open: true },
      { zip: '99999', price: 2, n: 1n, day: null, open: false },
    ]);
  });

  it.each(['a,b\n1\n', 'a,a\n1,2\n', 'a\n"1\n'])('csv cannot read %j', async (broken) => {
    await expect(Promise.resolve(csv().decode(Buffer.from(broken), {}))).rejects.toMatchObject({ code: 'RESULT_UNREADABLE' });
  });

  it('parquet written by others is read: by polars as a frame, else as rows', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const foreign = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'a', data: [1, 2], type: 'INT32' }] }));
    expect(await parquet().decode(foreign, {})).toEqual([{ a: 1 }, { a: 2 }]);
    const frame = (await parquet().decode(polars.DataFrame({ a: [1] }).writeParquet(), {})) as unknown;
    expect(polars.DataFrame.isDataFrame(frame)).toBe(true);
  });

  it('parquet is read by other programs, with its types', async () => {
    const rows = [
      { i: 1, f: 1.5, s: 'ü', b: true, at: new Date(1_000), big: 5n },
      { i: 2, f: null, s: null, b: null, at: null, big: null },
    ];
    const frame = polars.readParquet(Buffer.from(await (parquet().encode(rows) as Promise<Uint8Array>)));
    expect(frame.columns).toEqual(['i', 'f', 's', 'b', 'at', 'big']);
    expect(frame.dtypes.map((type) => type.variant)).toEqual(['Int32', 'Float64', 'String', 'Bool', 'Datetime', 'Int64']);
    expect(frame.getColumn('s').toArray()).toEqual(['ü', null]);
  });

  it('FORMAT_LIBRARY_MISSING says what to install', async () => {
    await expect(loadLibrary('no-such-package' as 'hyparquet', 'to read Parquet')).rejects.toMatchObject({
      code: 'FORMAT_LIBRARY_MISSING',
      message: "the package 'no-such-package' is needed to read Parquet, and could not be loaded",
      hint: 'Install it: npm install no-such-package',
    });
  });
});

describe('a stream', () => {
  const kinds: readonly (readonly [string, () => unknown])[] = [
    ['an async iterable', () => pieces(20)],
    ['a Node stream', () => Readable.from(owned(20))],
    ['a web stream', () => ReadableStream.from(owned(20))],
  ];

  it.each(kinds)('%s goes to its address and can be read again and again', async (_, make) => {
    const { keeper, keep } = setUp();
    const expected = await wholeOf(20);
    for (const serializer of [undefined, bytes() as Serializer]) {
      const kept = await keep(make(), define({ serializer }));
      const ref = refOf(kept);
      expect(ref).toMatchObject({ format: 'bytes.stream', bytes: expected.length, valueDigest: ref.contentDigest.slice(0, 32) });
      expect(filesIn(folder).map(({ name }) => name)).toEqual([`${ref.contentDigest.slice(2)}.bin`]);
      for (const stream of [kept.value, await keeper.load(kept.artifacts, define({ serializer }))] as ResultStream[]) {
        expect(stream).toBeInstanceOf(ResultStream);
        expect(stream.bytes).toBe(expected.length);
        const [first, second] = await Promise.all([stream.read(), new Response(stream as ReadableStream).arrayBuffer()]);
        expect(expected.equals(first) && expected.equals(Buffer.from(second))).toBe(true);
      }
    }
  });

  it('reads as other streams do: readers, loops, pipes, transforms, tee', async () => {
    const { keep } = setUp();
    const stream = (await keep(ReadableStream.from([Buffer.from('ab'), Buffer.from('c')]))).value as ResultStream;
    expect(stream).toBeInstanceOf(ReadableStream);
    expect(await stream.text()).toBe('abc');
    const reader = stream.getReader();
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('abc');
    expect(stream.locked).toBe(false);
    const target = join(folder, 'copy');
    await pipeline(
      stream,
      async function* (source: AsyncIterable<Uint8Array>) {
        for await (const piece of source) yield Buffer.from(piece).toString().toUpperCase();
      },
      async (source) => {
        for await (const piece of source) await writeFile(target, piece);
      },
    );
    expect(readFileSync(target, 'utf8')).toBe('ABC');
    expect(await new Response(stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextEncoderStream()) as ReadableStream).text()).toBe('abc');
    const [left, right] = stream.tee();
    expect(await Promise.all([left, right].map((one) => new Response(one as ReadableStream).text()))).toEqual(['abc', 'abc']);
    const node = Readable.fromWeb(stream.stream());
    node.resume();
    await once(node, 'end');
    await stream.cancel();
    expect(await stream.text()).toBe('abc');
  });

  it('text() takes strings and bytes; a stream of anything else is refused', async () => {
    const { keeper, keep } = setUp();
    const definition = define({ serializer: text() as Serializer });
    const kept = await keep(Readable.from(['Zo', 'ë', Buffer.from('!')]), definition);
    expect(refOf(kept).format).toBe('text.stream');
    expect(await ((await keeper.load(kept.artifacts, definition)) as ResultStream).text()).toBe('Zoë!');
    await expect(keep(Readable.from([Buffer.from('a'), { row: 1 }]))).rejects.toThrow(
      'is a stream whose piece 1 is an instance of Object; expected Uint8Arrays',
    );
    await expect(keep(Readable.from(['text']))).rejects.toMatchObject({ code: 'RESULT_NOT_STORABLE' });
  });

  it('S21: the same content is stored once, and takes the place of a damaged one', async () => {
    const { keep, store } = setUp();
    const first = refOf(await keep(pieces(8)));
    const path = store.localPath?.(first.key) as string;
    truncateSync(path, MEGABYTE);
    const again = await keep(pieces(8));
    expect(refOf(again)).toEqual(first);
    expect((await wholeOf(8)).equals(readFileSync(path))).toBe(true);
    expect(filesIn(join(folder, 'quarantine'))).toHaveLength(1);
    await keep(pieces(8));
    expect(filesIn(folder)).toHaveLength(2);
  });

  it('S25: a damaged one is found out before it is read, and kept aside; damaged later, reading fails', async () => {
    const { keeper, keep, store } = setUp();
    const kept = await keep(pieces(8));
    const ref = refOf(kept);
    const early = (await keeper.load(kept.artifacts, define())) as ResultStream;
    const path = store.localPath?.(ref.key) as string;
    const damaged = Buffer.from(readFileSync(path));
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
    await writeFile(path, damaged);
    await expect(early.read()).rejects.toMatchObject({ code: 'RESULT_CORRUPTED' });
    await expect(keeper.load(kept.artifacts, define())).rejects.toMatchObject({
      code: 'RESULT_CORRUPTED',
      hint: expect.stringContaining('quarantine/'),
    });
    await expect(keeper.load(kept.artifacts, define())).rejects.toMatchObject({ code: 'RESULT_MISSING' });
    await expect(early.read()).rejects.toMatchObject({ code: 'RESULT_MISSING' });
    expect(filesIn(join(folder, 'quarantine'))).toHaveLength(1);
  });

  it('a source that fails leaves nothing behind, and is closed when the store fails', async () => {
    const { keep } = setUp();
    let closed = false;
    async function* failing() {
      try {
        yield* pieces(8);
        throw new Error('the line went dead');
      } finally {
        closed = true;
      }
    }
    await expect(keep(failing())).rejects.toThrow('the line went dead');
    expect(closed).toBe(true);
    expect(filesIn(folder)).toEqual([]);
  });

  it('is kept by stores without files, and in the record when it is small', async () => {
    const { keeper, keep } = setUp(memoryStore());
    const expected = await wholeOf(8);
    const large = await keep(pieces(8));
    expect(expected.equals(await (large.value as ResultStream).read())).toBe(true);
    expect(expected.equals(await ((await keeper.load(large.artifacts, define())) as ResultStream).read())).toBe(true);
    const none = await keep(Readable.from([]));
    expect(none.artifacts[0]?.inline).toHaveLength(0);
    expect(await ((await keeper.load(none.artifacts, define())) as ResultStream).read()).toHaveLength(0);
  });

  it('is never whole in memory', async () => {
    const { keeper, keep } = setUp();
    let most = 0;
    const looked = async function* () {
      for await (const piece of pieces(320)) {
        most = Math.max(most, process.memoryUsage().arrayBuffers);
        yield piece;
      }
    };
    const before = process.memoryUsage().arrayBuffers;
    const kept = await keep(looked());
    let read = 0;
    for await (const piece of (await keeper.load(kept.artifacts, define())) as ResultStream) {
      read += piece.length;
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }
    expect(read).toBe(80 * MEGABYTE);
    expect(most - before).toBeLessThan(40 * MEGABYTE);
  });
});
