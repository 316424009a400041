import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { valueDigest } from '../../../src/base/canonical.js';
import { createHasher, digest128, sha256 } from '../../../src/base/digest.js';
import type { MillraceError } from '../../../src/base/error.js';
import { flatDigest } from '../../../src/base/flat-digest.js';

const thrownBy = (run: () => unknown): MillraceError => {
  try {
    run();
  } catch (error) {
    return error as MillraceError;
  }
  throw new Error('expected an error');
};

describe('digest', () => {
  it('is sha256 in hex, of text and of bytes, at once and piece by piece', () => {
    const expected = createHash('sha256').update('grün').digest('hex');
    const hasher = createHasher();
    hasher.update('gr');
    hasher.update(Buffer.from('ün'));
    expect([sha256('grün'), sha256(Buffer.from('grün')), hasher.sha256()]).toEqual([expected, expected, expected]);
    expect(digest128('grün')).toBe(expected.slice(0, 32));
  });
});

describe('valueDigest (S21)', () => {
  it('tells apart whatever is not the same', () => {
    const sparse = [1, 2];
    sparse.length = 3;
    const different: unknown[] = [
      1,
      '1',
      1n,
      true,
      false,
      null,
      undefined,
      Number.NaN,
      -0,
      0,
      Number.POSITIVE_INFINITY,
      '',
      'null',
      'NaN',
      [],
      {},
      [undefined],
      sparse,
      [1, 2, undefined],
      [1, 2],
      [[1], 2],
      [1, [2]],
      ['12'],
      ['1', '2'],
      { a: 1 },
      { a: undefined },
      { a: '1' },
      { b: 1 },
      Object.create(null),
      new Date(0),
      new Date(Number.NaN),
      new Map(),
      new Set(),
      new Map([[1, 2]]),
      new Map([[2, 1]]),
      new Set([1, 2]),
      new Set([2, 1]),
      /a/,
      /a/g,
      'a',
      new URL('https://a.org/'),
      'https://a.org/',
      new Error('a'),
      new TypeError('a'),
      new Error('a', { cause: undefined }),
      new Error('a', { cause: 1 }),
      Object.assign(new Error('a'), { code: 'X' }),
      new ArrayBuffer(1),
      new DataView(new ArrayBuffer(1)),
      Buffer.alloc(1),
      new Uint8Array(1),
      new Int8Array(1),
      new Uint8ClampedArray(1),
      new Uint8Array(2),
      new Int16Array(1),
      new Uint16Array(1),
      new Float32Array(1),
      new Int32Array(1),
      new Uint32Array(1),
      new Float64Array(1),
      new BigInt64Array(1),
      new BigUint64Array(1),
      '\ud800',
      '\ud801',
      '\ufffd',
      's1:a',
      ['a', 's1:b'],
    ];
    const digests = different.map((value) => valueDigest(value));
    expect(new Set(digests).size).toBe(different.length);
    for (const digest of digests) expect(digest).toMatch(/^([0-9a-f]{2}){1,16}$/);
  });

  it('of a number and the like is the encoding itself where that is shorter than a hash', () => {
    expect(Buffer.from(valueDigest(12.5), 'hex').toString()).toBe('n12.5;');
    expect(Buffer.from(valueDigest(true), 'hex').toString()).toBe('t');
    for (const long of [0.1 + 0.2, 2n ** 64n, '', 'n12.5;']) expect(valueDigest(long)).toHaveLength(32);
  });

  it('S18: of a short text says nothing about the text', () => {
    expect(Buffer.from(valueDigest('hunter2'), 'hex').toString('latin1')).not.toContain('hunter2');
  });

  it('does not count the order of keys, nor where an error was made, nor sharing', () => {
    expect(valueDigest({ a: 1, b: { c: 2, d: 3 } })).toBe(valueDigest({ b: { d: 3, c: 2 }, a: 1 }));
    const errors = [1, 2].map((line) => Object.assign(new Error('same'), { stack: `at line ${line}` }));
    expect(valueDigest(errors[0])).toBe(valueDigest(errors[1]));
    const shared = { x: 1 };
    expect(valueDigest([shared, shared])).toBe(valueDigest([{ x: 1 }, { x: 1 }]));
  });

  it('sees typed arrays as what they show, not as the buffer behind them', () => {
    expect(valueDigest(new Uint8Array([0, 1, 2, 3]).subarray(1, 3))).toBe(valueDigest(new Uint8Array([1, 2])));
  });

  it('is the same for large values as for their parts handed over at once', () => {
    const rows = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `row ${id}`, score: id / 7 }));
    expect(valueDigest(rows)).toBe(valueDigest(structuredClone(rows).map(({ id, name, score }) => ({ score, name, id }))));
    expect(valueDigest(rows)).not.toBe(valueDigest(rows.with(19_999, { id: 19_999, name: 'row', score: 0 })));
  });

  it.each<[string, () => unknown, string]>([
    ['a function', () => ({ models: [1, 2, { predict: () => 1 }] }), "'.models[2].predict' is the function predict"],
    ['a symbol', () => ({ 'odd key': Symbol('s') }), '\'["odd key"]\' is the symbol Symbol(s)'],
    ['a symbol as key', () => ({ a: { [Symbol('k')]: 1 } }), "'.a[Symbol(k)]' is a property with a symbol"],
    ['an instance of an unknown class', () => new Map([['m', [new (class Model {})()]]]), '\'.get("m")[0]\' is an instance of Model'],
    ['a promise', () => [Promise.resolve(1)], "'[0]' is an instance of Promise"],
    ['a subclass of a built-in', () => [new (class Stamp extends Date {})()], "'[0]' is an instance of Stamp"],
    ['extra properties of arrays', () => ({ m: /a/.exec('a') }), "'.m' is an array with properties of its own"],
    [
      'extra properties of long arrays',
      () => ({
        m: Object.assign(
          Array.from({ length: 500 }, () => 0),
          { x: 1 },
        ),
      }),
      "'.m' is an array with properties",
    ],
  ])('refuses %s, with the path to it', (_name, make, expected) => {
    const error = thrownBy(() => valueDigest(make()));
    expect(error.code).toBe('VALUE_NOT_CANONICAL');
    expect(error.message).toContain(expected);
  });

  it('refuses cycles and bottomless nesting clearly', () => {
    const loop: { self?: unknown } = {};
    loop.self = [loop];
    expect(thrownBy(() => valueDigest({ loop })).message).toContain("'.loop.self[0]' refers back");
    let deep: unknown = 1;
    for (let level = 0; level < 10_000; level++) deep = { deep };
    expect(thrownBy(() => valueDigest(deep))).toMatchObject({
      code: 'VALUE_NOT_CANONICAL',
      message: expect.stringContaining('nests deeper than 1000 levels'),
    });
  });

  it('takes taught classes by name and form', () => {
    class Model {
      weights = [1, 2];
    }
    const taught = (value: object) => (value instanceof Model ? { name: 'Model', form: value.weights } : undefined);
    expect(valueDigest({ m: new Model() }, taught)).toBe(valueDigest({ m: new Model() }, taught));
    expect(valueDigest(new Model(), taught)).not.toBe(valueDigest([1, 2]));
  });
});

describe('flatDigest', () => {
  it('says of a flat object what valueDigest says, the same again, in another order and of equal text', () => {
    const flat: object[] = [{ depth: 3, rate: 0.25, kind: 'gentoo' }, { kind: 'gentoo', rate: 0.25, depth: 3 }, { a: -0 }, { a: 0 }, { a: '0' }];
    flat.push({ a: Number.NaN }, { a: undefined }, { a: null }, { b: null }, { a: true, b: 1n, c: '\ud800' });
    for (const value of [...flat, ...flat.toReversed()]) {
      expect([flatDigest(value), flatDigest({ ...value })]).toEqual([valueDigest(value), valueDigest(value)]);
    }
  });

  it('says nothing of what is not flat, long, many, of a class, or has a symbol as a key', () => {
    const others = [
      [1],
      { a: {} },
      { a: [] },
      { a: () => 1 },
      { a: 'x'.repeat(300) },
      { [Symbol('a')]: 1 },
      new Date(),
      new Map(),
      Object.create(null),
    ];
    others.push(Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`key${at}`, at])));
    expect(others.map((value) => flatDigest(value))).toEqual(others.map(() => undefined));
  });
});
