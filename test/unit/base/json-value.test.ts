import { expect, it } from 'vitest';
import { jsonValue } from '../../../src/base/json-value.js';

it('loses nothing of maps, sets and big integers', () => {
  const value = {
    big: 2n ** 64n,
    map: new Map<unknown, unknown>([
      [{ a: 1 }, new Set([1n])],
      [2, 'b'],
    ]),
  };
  expect(JSON.parse(JSON.stringify(value, jsonValue))).toEqual({
    big: '18446744073709551616',
    map: [
      [{ a: 1 }, ['1']],
      [2, 'b'],
    ],
  });
});
