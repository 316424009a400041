import { describe, it } from 'vitest';
import { json } from '../../src/results/json.js';
import { serializerContract } from '../../src/testing/serializer-contract.js';

const cases = serializerContract<unknown>(json(), {
  values: {
    undefined,
    'plain data': { a: [1, 'x', null, { b: true }], 'é\ud800': '' },
    'odd numbers': [-0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 2n ** 70n],
    dates: [new Date(0), new Date(8.64e15)],
    'maps and sets': new Map<unknown, unknown>([
      [{ k: 1 }, new Set([1, undefined, -0])],
      ['nested', new Map()],
    ]),
    bytes: [Buffer.from('abc'), new Uint8Array([1, 2]), new Float64Array([Number.NaN, -0]), new ArrayBuffer(3), new DataView(new ArrayBuffer(2))],
    errors: new TypeError('no', { cause: new AggregateError([new Error('a')], 'many') }),
    'patterns and addresses': [/a\/b/giu, new URL('https://example.org/?q=1#x')],
  },
  refused: {
    'a function': { f: () => 1 },
    'a symbol': [Symbol('s')],
    'a hole': new Array(2),
    'a promise': Promise.resolve(1),
  },
});

describe('json keeps the contract of serializers', () => {
  for (const { name, skip, run } of cases) it.skipIf(skip !== undefined)(name, run);
});
