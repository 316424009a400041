import assert from 'node:assert/strict';
import {
  type Table as ArrowTable,
  DateDay,
  Dictionary,
  Field,
  Int32,
  List,
  Table,
  TimestampMicrosecond,
  tableFromArrays,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { table as arqueroTable } from 'arquero';
import polars from 'nodejs-polars';
import { describe, it } from 'vitest';
import type { Serializer } from '../../src/model/serializer.js';
import { arrow } from '../../src/results/formats/arrow.js';
import { BUFFER, bytes } from '../../src/results/formats/bytes.js';
import { csv } from '../../src/results/formats/csv.js';
import { parquet } from '../../src/results/formats/parquet.js';
import { type ArqueroTable, frameKind } from '../../src/results/formats/table-kind.js';
import { text } from '../../src/results/formats/text.js';
import { v8 } from '../../src/results/formats/v8.js';
import { type SerializerContractOptions, serializerContract } from '../../src/testing/serializer-contract.js';

const suite = <T>(title: string, serializer: Serializer<T>, options: SerializerContractOptions<T>) =>
  describe(`${title} keeps the contract of serializers`, () => {
    for (const { name, skip, run } of serializerContract(serializer, options)) it.skipIf(skip !== undefined)(name, run);
  });

const noTables = {
  'a text': 'a',
  'a number': 1,
  null: null,
  'a list of numbers': [1],
  'an object without a typed array': { a: [1] },
  'columns of unequal length': { a: new Int8Array(2), b: [1] },
};

const refusedRows = {
  ...noTables,
  'mixed types': [{ a: 1 }, { a: 'x' }],
  undefined: [{ a: undefined }],
  'a row that lacks a column': [{ a: 1, b: 2 }, { a: 1 }],
  'a row with one too many': [{ a: 1 }, { a: 1, b: 2 }],
  'a symbol as key': [{ a: 1, [Symbol('s')]: 2 }],
  'rows without columns': [{}],
  'a function': [{ a: () => 1 }],
  'a name that is half a surrogate pair': [{ '\ud800': 1 }],
  'a name with a mark': [{ '\ufeffx': 1 }],
  'a bigint too large': [{ a: 2n ** 63n }],
  'an invalid date': [{ a: new Date(Number.NaN) }],
  'half a surrogate pair': [{ a: 'x\ud800' }],
  'a class nobody taught': [{ a: new (class Model {})() }],
  'a DataView among columns': { a: new Int8Array(1), b: new DataView(new ArrayBuffer(1)) },
  'a grouped table': arqueroTable({ x: [1, 1] }).groupby('x'),
};

const rows = {
  'no rows': [],
  'flat rows': [
    { id: 1, name: 'Zoë', price: 1.5, ok: true, at: new Date(0), big: 2n ** 62n },
    { id: -2, name: '', price: -0, ok: false, at: new Date(8.64e15), big: -(2n ** 63n) },
  ],
  nulls: [
    { a: null, b: 1, c: 'x', d: null, e: null, f: true, g: 1n },
    { a: null, b: null, c: null, d: new Date(5), e: 1.5, f: null, g: null },
  ],
  'odd numbers': [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 2 ** 53, 2 ** 31, -(2 ** 31)].map((n) => ({ n })),
  'odd numbers over and over': Array.from({ length: 400 }, (_, n) => ({ n: [-0, 0, Number.NaN, 0.5][n % 4] })),
  'odd texts': ['\ufeffmark', '', ' ', '"', ',\r\n', '🦭', '\0', 'true', '1', 'null'].map((s) => ({ s })),
  'odd names': [{ __proto__: null, '': 1, 'a.b': 2, 'ü"': 3, constructor: 4 }].map((row) => Object.fromEntries(Object.entries(row))),
  'a column named __proto__': [Object.fromEntries([['__proto__', 1]])],
  bytes: [
    { b: new Uint8Array([1, 2]), c: Buffer.from('x') },
    { b: new Uint8Array(0), c: Buffer.from('') },
  ],
  'nested values': [
    { list: [1, { x: new Date(1) }], map: new Map([[1, 2]]) },
    { list: [], map: null },
  ],
  'many rows': Array.from({ length: 3_000 }, (_, id) => ({
    id,
    group: id % 7,
    name: `name ${id}`,
    kind: `kind ${id % 3}`,
    maybe: id % 2 === 0 ? null : id / 3,
  })),
};

const columns = {
  'typed columns': {
    a: new Int8Array([-1, 2]),
    b: new Uint8Array([1, 255]),
    c: new Uint8ClampedArray([0, 255]),
    d: new Int16Array([-1, 2]),
    e: new Uint16Array([1, 65_535]),
    f: new Int32Array([-1, 2]),
    g: new Uint32Array([1, 2 ** 32 - 1]),
    h: new Float32Array([Number.NaN, -0]),
    i: new Float64Array([-0, 0.1]),
    j: new BigInt64Array([-1n, 2n ** 62n]),
    k: new BigUint64Array([1n, 2n ** 64n - 1n]),
    l: ['text', null],
    m: [new Date(3), null],
  },
  'no rows in typed columns': { x: new Float64Array(0), y: [] },
};

const frames = {
  'a polars frame': polars.DataFrame({
    n: [1, null, Number.NaN],
    s: ['a', null, 'ü'],
    l: [[1], [2, 3], []],
    d: [new Date(0), null, new Date(86_400_000)],
  }),
  'a polars frame of numbers': polars.DataFrame({ x: [1.5, -0] }),
  'an empty polars frame with columns': polars.DataFrame({ x: [1], y: ['a'] }).head(0),
  'an Arrow table': tableFromArrays({ i: new Int16Array([1, 2]), f: new Float64Array([-0, Number.NaN]), s: ['a', 'b'] }),
  'an Arrow table with nulls and times': new Table({
    s: vectorFromArray(['a', null, 'ü'], new Utf8()),
    n: vectorFromArray([1, null, 3], new Int32()),
    b: vectorFromArray([true, null, false]),
    t: vectorFromArray([1.5, null, 3], new TimestampMicrosecond()),
    d: vectorFromArray([new Date(0), null, new Date(86_400_000)], new DateDay()),
    c: vectorFromArray(['x', null, 'x'], new Dictionary(new Utf8(), new Int32())),
  }),
  'an Arrow table of several batches': tableFromArrays({ n: new Int32Array([1, 2]) }).concat(tableFromArrays({ n: new Int32Array([3]) })),
  'an Arrow table without rows': tableFromArrays({ i: new Int16Array(0), f: new Float64Array(0) }),
  'an arquero table': arqueroTable({ x: [1, null, -0], y: ['a', 'b', null], z: new Float32Array([1, 2, 3]), w: [new Date(1), new Date(2), null] }),
  'a filtered and ordered arquero table': arqueroTable({ x: [3, 1, 2], y: ['c', 'a', 'b'] })
    .filter((d: { x: number }) => d.x > 1)
    .orderby('x'),
};

/** Tables of libraries are compared by what they hold, and by being of the same library. */
const equalTables = (actual: unknown, expected: unknown) => {
  const kind = frameKind(expected);
  assert.equal(frameKind(actual), kind);
  if (kind === undefined) return assert.deepStrictEqual(actual, expected);
  assert.deepStrictEqual(contentOf(actual), contentOf(expected));
};

type Frame = ReturnType<typeof polars.DataFrame>;

const contentOf = (frame: unknown): unknown => {
  switch (frameKind(frame)) {
    case 'polars':
      return { types: (frame as Frame).dtypes.map(String), columns: (frame as Frame).columns, rows: (frame as Frame).toRecords() };
    case 'arrow': {
      const { schema } = frame as ArrowTable;
      const cells = schema.fields.map((_, at) =>
        [...((frame as ArrowTable).getChildAt(at) ?? [])].map((cell) => (cell instanceof Date ? +cell : cell)),
      );
      return { fields: schema.fields.map(({ name, type, nullable }) => [name, String(type), nullable]), cells };
    }
    default: {
      const names = (frame as ArqueroTable).columnNames();
      return names.map((name) => [name, (frame as ReturnType<typeof arqueroTable>).array(name)]);
    }
  }
};

suite<unknown>('parquet', parquet() as Serializer, {
  values: { ...rows, ...columns, ...frames },
  refused: { ...refusedRows, 'an Arrow list': new Table({ l: vectorFromArray([[1]], new List(new Field('item', new Int32()))) }) },
  equal: equalTables,
});

suite<unknown>('arrow', arrow(), {
  values: {
    ...rows,
    ...columns,
    ...frames,
    'an Arrow list': new Table({ l: vectorFromArray([[1], [2, 3]], new List(new Field('item', new Int32()))) }),
  },
  refused: refusedRows,
  equal: (actual, expected) =>
    frameKind(expected) === 'arrow'
      ? assert.equal(JSON.stringify(contentOf(actual), bigText), JSON.stringify(contentOf(expected), bigText))
      : equalTables(actual, expected),
});

function bigText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? '-0' : value;
}

suite<object[]>('csv', csv<object>(), {
  values: {
    'no rows': [],
    'flat rows': rows['flat rows'],
    nulls: rows.nulls,
    'odd numbers': rows['odd numbers'],
    'odd texts': rows['odd texts'],
    'odd names': rows['odd names'],
    ragged: [{ a: 1 }, { b: undefined, a: 'x' }],
    'large numbers': [
      { a: 2 ** 60, b: 2n ** 60n, c: 1 },
      { a: 1, b: 1n, c: 2n ** 60n },
    ],
    mixed: [
      { a: 1, b: true, c: new Date(0), d: 'x' },
      { a: 'x', b: 1, c: '2020', d: 5 },
    ],
    'one column of nulls': [{ a: null }, { a: 1 }, { a: null }],
    'many rows': rows['many rows'],
  },
  refused: {
    'a text': 'a',
    'a list of numbers': [1],
    'a nested value': [{ a: [1] }],
    'a function': [{ a: () => 1 }],
    'an invalid date': [{ a: new Date(Number.NaN) }],
    'half a surrogate pair': [{ a: '\udc00' }],
    'a row without columns': [{}],
    'lists of cells': [[1]],
  },
});

suite<object[]>('csv without header, with semicolons', csv<object>({ header: false, delimiter: ';' }), {
  values: { lists: [[1, 'a;b', null], ['x']], 'no rows': [] },
  refused: { rows: [{ a: 1 }] },
});

suite<string>('text', text(), {
  values: { empty: '', 'a mark': '\ufeffx', unicode: 'Zoë 🦭\r\n\0' },
  refused: { 'half a surrogate pair': '\ud800x', 'a number': 1, bytes: new Uint8Array(1) },
});

const refusedBytes = { 'a text': 'a', 'other numbers': new Uint16Array(1), 'a buffer of nobody': new ArrayBuffer(1), null: null };
suite<Uint8Array>('bytes', bytes(), { values: { none: new Uint8Array(0), some: new Uint8Array([0, 255]) }, refused: refusedBytes });
suite<Uint8Array>('bytes of a Buffer', BUFFER, { values: { none: Buffer.alloc(0), some: Buffer.from('abc') }, refused: refusedBytes });

const circle: { self?: unknown } = {};
circle.self = circle;
suite<unknown>('v8', v8(), {
  values: {
    undefined,
    'plain data': { a: [1, 'x\ud800', null, { b: true }], d: undefined },
    'odd numbers': [-0, Number.NaN, 2n ** 70n],
    'dates, maps, sets': [new Date(0), new Map([[{ k: 1 }, new Set([1])]])],
    bytes: [Buffer.from('abc'), new Float64Array([-0]), new ArrayBuffer(3)],
    'a circle': circle,
    'a hole': Object.assign(new Array(2), { 1: 3 }),
    errors: new TypeError('no', { cause: new Error('why') }),
  },
  refused: {
    'a function': { f: () => 1 },
    'a symbol': [Symbol('s')],
    'a symbol as key': { [Symbol('s')]: 1 },
    'an instance of a class': [new (class Model {})()],
    'a getter': Object.defineProperty({}, 'a', { get: () => 1, enumerable: true }),
    'a hidden property': Object.defineProperty({}, 'a', { value: 1 }),
    'an error that knows more': Object.assign(new Error('a'), { code: 1 }),
    'many errors': new AggregateError([new Error('a')]),
    'an address': new URL('https://example.org'),
    'no prototype': Object.create(null),
    'a promise': Promise.resolve(1),
    'a search half done': Object.assign(/a/g, { lastIndex: 1 }),
  },
});
