import { describe, expect, it } from 'vitest';
import { formatMs } from '../../../src/log/format-ms.js';

describe('formatMs', () => {
  it.each([
    [0, '0 ms'],
    [-5, '0 ms'],
    [0.01, '<0.1 ms'],
    [0.4, '0.4 ms'],
    [9.96, '10 ms'],
    [12, '12 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [3_200, '3.2 s'],
    [59_940, '59.9 s'],
    [59_960, '1 m 00 s'],
    [125_000, '2 m 05 s'],
    [3_599_400, '59 m 59 s'],
    [3_599_600, '1 h 00 m'],
    [3_720_000, '1 h 02 m'],
    [86_399_999, '1 d 00 h'],
    [273_600_000, '3 d 04 h'],
    [Number.NaN, 'unknown time'],
    [Number.POSITIVE_INFINITY, 'for ever'],
  ])('%d ms is %s', (ms, expected) => {
    expect(formatMs(ms)).toBe(expected);
  });
});
