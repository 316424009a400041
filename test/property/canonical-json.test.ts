import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueDigest } from '../../src/base/canonical.js';
import { decodeText, encodeText, json } from '../../src/results/json.js';

const numbers = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY));
const strings = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800', '\udfff', '"$millrace"', '__proto__', '\\"$millrace\\":'),
);
const keys = fc
  .oneof(fc.string(), fc.constantFrom('__proto__', '$millrace', 'toString', '10', '9', '-0', 'value'))
  // The matcher takes `constructor` for the class of an object; the key has a test of its own (test/unit/results/json.test.ts).
  .filter((key) => key !== 'constructor');

const scalars = fc.oneof(
  numbers,
  strings,
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom(null, undefined),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.uint8Array(),
  fc.uint8Array().map((bytes) => Uint8Array.from(bytes).buffer),
  fc.float64Array(),
  fc.int32Array(),
  fc.bigInt64Array(),
  fc.constantFrom(/a/g, /[/\]\\]/u, new URL('https://example.org/a?b#c')),
  fc.constantFrom('Date', 'Map', 'undefined', 'bigint', 'nonsense').map((kind) => ({ $millrace: kind, value: '1' })),
);

/** An object from entries, in the order given, also with a key `__proto__`, which plain assignment would not make. */
const record = (entries: readonly (readonly [string, unknown])[], prototype: object | null = Object.prototype) => {
  const made: object = Object.create(prototype);
  for (const [key, value] of entries) Object.defineProperty(made, key, { value, writable: true, enumerable: true, configurable: true });
  return made;
};

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => {
  const entries = fc.uniqueArray(fc.tuple(keys, tie('value')), { selector: ([key]) => key, maxLength: 5 });
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalars,
      fc.array(tie('value'), { maxLength: 5 }),
      entries.map((made) => record(made)),
      entries.map((made) => record(made, null)),
      fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((made) => new Map(made)),
      fc.array(tie('value'), { maxLength: 4 }).map((made) => new Set(made)),
      fc
        .tuple(fc.string(), tie('value'))
        .map(([message, cause]) => Object.assign(new RangeError(message, { cause }), { code: 'E_CODE', more: cause })),
    ),
  };
});

const RUNS = { numRuns: 400 };

describe('canonical digest and faithful JSON', () => {
  it('S16: decode(encode(value)) equals the value, and has its digest (S21)', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const serializer = json();
        const decoded = serializer.decode(serializer.encode(value) as Uint8Array, {});
        expect(decoded).toStrictEqual(value);
        expect(valueDigest(decoded)).toBe(valueDigest(value));
        // Equality of matchers overlooks some things, such as the order of keys; the text does not.
        expect(encodeText(decoded)).toBe(encodeText(value));
      }),
      RUNS,
    );
  });

  it('what is plain JSON stays as it is, letter for letter', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        fc.pre(!JSON.stringify(plain).includes('$millrace'));
        expect(encodeText(plain)).toBe(JSON.stringify(plain));
        expect(decodeText(JSON.stringify(plain, undefined, 2))).toStrictEqual(plain);
      }),
      RUNS,
    );
  });

  it('S21: the order of keys does not count, at any depth', () => {
    const shuffled = fc
      .uniqueArray(fc.tuple(keys, anyValue), { selector: ([key]) => key, maxLength: 6 })
      .chain((entries) => fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })));
    fc.assert(
      fc.property(shuffled, ([entries, others]) => {
        expect(valueDigest([{ deep: record(entries) }])).toBe(valueDigest([{ deep: record(others) }]));
      }),
      RUNS,
    );
  });

  it('S21: values of different text have different digests', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (one, other) => {
        fc.pre(encodeText(one) !== encodeText(other));
        if (valueDigest(one) === valueDigest(other)) expect(one).toEqual(other);
      }),
      RUNS,
    );
  });
});
