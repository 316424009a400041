import { afterEach, describe, expect, it } from 'vitest';
import { valueDigest } from '../../../src/base/canonical.js';
import type { MillraceError } from '../../../src/base/error.js';
import { registerClass, taughtForm } from '../../../src/results/class-registry.js';
import { decodeText, encodeText, json } from '../../../src/results/json.js';

const roundTrip = (value: unknown) => decodeText(encodeText(value));

const refusal = (value: unknown): MillraceError => {
  try {
    encodeText(value);
  } catch (error) {
    return error as MillraceError;
  }
  throw new Error('expected a refusal');
};

afterEach(() => {
  (globalThis as { [key: symbol]: unknown })[Symbol.for('millrace.classes')] = undefined;
});

describe('json (S16)', () => {
  it('writes plain data as everybody does', () => {
    expect(encodeText({ a: 1, list: [true, null, 'x'] })).toBe('{"a":1,"list":[true,null,"x"]}');
    expect(json()).toMatchObject({ name: 'json', ext: 'json', exact: true });
  });

  it('marks what JSON cannot say, readably', () => {
    expect(encodeText(undefined)).toBe('{"$millrace":"undefined"}');
    expect(encodeText({ at: new Date(0) })).toBe('{"at":{"$millrace":"Date","value":"1970-01-01T00:00:00.000Z"}}');
    expect(encodeText([-0, 10n])).toBe('[{"$millrace":"number","value":"-0"},{"$millrace":"bigint","value":"10"}]');
    expect(encodeText(new Float32Array([1]))).toBe('{"$millrace":"View","class":"Float32Array","base64":"AACAPw=="}');
  });

  it('keeps keys that mean something to JavaScript as mere keys', () => {
    const odd = JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"x":[{"__proto__":null}]}') as object;
    for (const value of [odd, { ...odd, at: new Date(1) }]) {
      const back = roundTrip(value) as object;
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
      expect(Object.keys(back)).toEqual(Object.keys(value));
      expect((back as { polluted?: unknown }).polluted).toBeUndefined();
    }
    expect(roundTrip({ constructor: new Error('x') })).toEqual({ constructor: new Error('x') });
  });

  it('gives back what looks like an escape', () => {
    const value = { $millrace: 'Date', value: { $millrace: 'undefined' }, other: -0 };
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('brings errors back with class, stack, cause and code, and no message where there was none', () => {
    const cause = Object.assign(new RangeError('inner'), { code: 'E_INNER', at: new Date(0) });
    const error = roundTrip(new AggregateError([cause], 'outer', { cause })) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors[0]).toBeInstanceOf(RangeError);
    expect(error.cause).toMatchObject({ message: 'inner', stack: cause.stack, code: 'E_INNER', at: new Date(0) });
    expect(Object.keys(error)).toEqual([]);
    expect(Object.hasOwn(roundTrip(new Error()) as object, 'message')).toBe(false);
    expect(roundTrip(Object.assign(new Error('named'), { name: 'Own' }))).toMatchObject({ name: 'Own' });
  });

  it('gives typed arrays buffers of their own, and Buffers as Buffers', () => {
    const back = roundTrip(new Float64Array([1, 2, 3]).subarray(1)) as Float64Array;
    expect([...back]).toEqual([2, 3]);
    expect(back.buffer.byteLength).toBe(16);
    expect(Buffer.isBuffer(roundTrip(Buffer.from('x')))).toBe(true);
    expect(Buffer.isBuffer(roundTrip(new Uint8Array(1)))).toBe(false);
  });

  it('keeps the state of a pattern', () => {
    const pattern = /a/g;
    pattern.lastIndex = 3;
    expect((roundTrip(pattern) as RegExp).lastIndex).toBe(3);
  });

  it.each<[string, () => unknown, string]>([
    ['a function', () => ({ models: [0, 1, { predict() {} }] }), "'.models[2].predict' is the function predict"],
    ['a symbol', () => [Symbol('s')], "'[0]' is the symbol"],
    ['a symbol as key', () => ({ [Symbol('k')]: 1 }), "'[Symbol(k)]' is a property with a symbol"],
    [
      'a getter, without running it',
      () => ({
        a: {
          get b(): number {
            throw new Error('ran');
          },
        },
      }),
      "'.a.b' is a property with a getter",
    ],
    ['what is not enumerable', () => Object.defineProperty({}, 'hidden', { value: 1 }), "'.hidden' is a property that is not enumerable"],
    ['a hole', () => ({ list: new Array(3) }), "'.list[0]' is a hole"],
    ['extra properties of arrays', () => [Object.assign([1], { x: 1 })], "'[0]' is an array with properties"],
    ['a class instance', () => ({ 'my model': new (class Model {})() }), '\'["my model"]\' is an instance of Model'],
    ['a subclass of Array', () => [new (class List extends Array {})()], "'[0]' is an instance of List"],
    ['a Date with properties', () => [Object.assign(new Date(0), { zone: 'UTC' })], "'[0]' is an instance of Date"],
    ['an impostor', () => [Object.create(Date.prototype)], "'[0]' is an instance of Date"],
    ['a WeakMap', () => new Map([['w', new WeakMap()]]), '\'.get("w")\' is an instance of WeakMap'],
    ['a promise', () => Promise.resolve(), 'it is an instance of Promise'],
    ['a stream', () => ({ s: new ReadableStream() }), "'.s' is an instance of ReadableStream"],
  ])('refuses %s', (_name, make, expected) => {
    const error = refusal(make());
    expect(error.code).toBe('RESULT_NOT_STORABLE');
    expect(error.message).toContain(expected);
  });

  it('refuses cycles and bottomless nesting, and takes shared references', () => {
    const loop: { self?: unknown } = {};
    loop.self = new Map([['up', loop]]);
    expect(refusal({ loop }).message).toContain('\'.loop.self.get("up")\' refers back');
    let deep: unknown = 1;
    for (let level = 0; level < 10_000; level++) deep = [deep];
    expect(refusal(deep)).toMatchObject({ code: 'RESULT_NOT_STORABLE', message: expect.stringContaining('deeper than 1000 levels') });
    const shared = { at: new Date(0) };
    expect(roundTrip([shared, shared])).toStrictEqual([{ at: new Date(0) }, { at: new Date(0) }]);
  });

  it('reads back whatever depth it wrote', () => {
    for (const wrap of [(inner: unknown) => [inner], (inner: unknown) => new Map([['k', inner]]), (inner: unknown) => ({ $millrace: inner })]) {
      let deep: unknown = -0;
      for (let level = 0; level < 1_000; level++) deep = wrap(deep);
      expect(valueDigest(roundTrip(deep))).toBe(valueDigest(deep));
    }
  });

  it('tells what cannot be read', () => {
    expect(() => decodeText('{"a":')).toThrowError(expect.objectContaining({ code: 'RESULT_UNREADABLE' }));
    for (const text of [
      '{"$millrace":"Future"}',
      '{"$millrace":"toString"}',
      '{"$millrace":{}}',
      '{"$millrace":"Date"}',
      '{"$millrace":"View","class":"Object","base64":""}',
    ]) {
      expect(() => decodeText(text), text).toThrowError(expect.objectContaining({ code: 'RESULT_UNREADABLE' }));
    }
  });
});

describe('registerClass', () => {
  class Model {
    readonly weights: Float64Array;
    constructor(weights: Float64Array) {
      this.weights = weights;
    }
  }
  const teach = () =>
    registerClass(Model, { name: 'Model', encode: (model) => ({ weights: model.weights }), decode: ({ weights }) => new Model(weights) });

  it('stores instances, at any depth, with a digest of their own', () => {
    teach();
    const value = { best: new Map([['a', new Model(new Float64Array([1, -0]))]]) };
    const back = roundTrip(value);
    expect(back).toStrictEqual(value);
    expect(valueDigest(back, taughtForm)).toBe(valueDigest(value, taughtForm));
  });

  it('says what is missing where the class is not known', () => {
    teach();
    const text = encodeText(new Model(new Float64Array(1)));
    (globalThis as { [key: symbol]: unknown })[Symbol.for('millrace.classes')] = undefined;
    expect(() => decodeText(text)).toThrowError(expect.objectContaining({ code: 'CLASS_UNKNOWN', message: expect.stringContaining("'Model'") }));
  });

  it('takes the nearest teaching of a base class, and finds out when that loses the subclass', () => {
    class Fine extends Model {}
    teach();
    expect(refusal([new Fine(new Float64Array(1))]).message).toContain(
      "'[0]' is an instance of Fine, registered as 'Model', which decodes to an instance of Model",
    );
  });

  it('finds out when storing that a class does not come back the same (S16)', () => {
    class Lossy {
      kept = 1;
      lost = 2;
    }
    registerClass(Lossy, {
      name: 'Lossy',
      encode: ({ kept, lost }) => ({ kept, lost }),
      decode: ({ kept }) => Object.assign(new Lossy(), { kept, lost: 0 }),
    });
    expect(refusal({ m: new Lossy() }).message).toContain("'.m' is an instance of Lossy, registered as 'Lossy', which does not come back the same");
    class Broken {}
    registerClass(Broken, {
      name: 'Broken',
      encode: () => 1,
      decode: () => {
        throw new Error('cannot');
      },
    });
    expect(refusal(new Broken()).message).toContain('registered decode threw: cannot');
    class Worse {}
    registerClass(Worse, {
      name: 'Worse',
      encode: () => {
        throw new Error('will not');
      },
      decode: () => new Worse(),
    });
    expect(refusal([new Worse()]).message).toContain("'[0]' is an instance of Worse, whose registered encode threw: will not");
  });

  it('may be told again, as by a module loaded twice, but no name serves two classes', () => {
    teach();
    teach();
    class Other {}
    expect(() => registerClass(Other, { name: 'Model', encode: () => 1, decode: () => new Other() })).toThrowError(
      expect.objectContaining({ code: 'CLASS_NAME_TAKEN' }),
    );
    expect(() => registerClass(Other, { name: '', encode: () => 1, decode: () => new Other() })).toThrowError(
      expect.objectContaining({ code: 'CLASS_INVALID' }),
    );
  });
});
