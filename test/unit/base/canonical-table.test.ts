import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueDigest } from '../../../src/base/canonical.js';

// Lists of many rows alike, which are digested by columns (S21).

const ROWS = 100;
const table = (cell: (n: number) => unknown, rows = ROWS) => Array.from({ length: rows }, (_, n) => ({ id: n, cell: cell(n) }));
const replaced = (list: readonly object[], at: number, row: object) => list.map((old, n) => (n === at ? row : old));

describe('the digest of a table', () => {
  it('is the same in whatever order the keys of its rows come', () => {
    const rows = table((n) => `c${n}`);
    const turned = rows.map(({ id, cell }, n) => (n % 3 === 0 ? { cell, id } : { id, cell }));
    expect(valueDigest(turned)).toBe(valueDigest(rows));
    expect(valueDigest(rows.map(({ id, cell }) => ({ cell, id })))).toBe(valueDigest(rows));
    expect(valueDigest(rows.toReversed())).not.toBe(valueDigest(rows));
  });

  it.each([
    ['numbers', (n: number) => n, [1.5, -0, Number.NaN, '7', null, undefined, 7n, true, new Date(7), [7], { 7: 7 }]],
    ['zeros', () => 0, [-0, false, null, undefined, '0', '', 0n, new Date(0)]],
    ['NaN', () => Number.NaN, [0, null, undefined, 'NaN', new Date(Number.NaN)]],
    ['texts', (n: number) => `t${n}`, ['t', 't8', 't7 ', '', null, undefined, ['t7']]],
    ['texts with halves of pairs', () => '\ud800', ['\udc00', '\ufffd', '', '\ud800\udc00']],
    ['booleans', () => true, [false, 1, 'true', null, undefined]],
    ['bigints', (n: number) => BigInt(n), [8n, -7n, 7, '7', null, 2n ** 70n]],
    ['dates', (n: number) => new Date(n), [new Date(8), new Date(Number.NaN), 7, new Date(7).toISOString(), null, undefined]],
    ['nulls', () => null, [undefined, 0, '', false, []]],
    ['nothing', () => undefined, [null, 0, '']],
    ['lists', (n: number) => [n], [[], [8], [[7]], ['7'], 7, null]],
    ['several sorts', (n: number) => [n, `${n}`, null, [n]][n % 4], [7, '8', null, [8], undefined]],
  ])('tells tables of %s apart by one cell', (_, cell, others) => {
    const rows = table(cell);
    const digests = [rows, ...others.map((other) => replaced(rows, 7, { id: 7, cell: other }))].map((value) => valueDigest(value));
    expect(new Set(digests).size).toBe(digests.length);
    expect(valueDigest(table(cell))).toBe(digests[0]);
  });

  it('tells by every cell, wherever it stands', () => {
    const rows = table((n) => `c${n}`, 9_000);
    const digests = [0, 1, 63, 64, 4_095, 4_096, 4_097, 8_191, 8_192, 8_999].map((at) => valueDigest(replaced(rows, at, { id: at, cell: '' })));
    expect(new Set([...digests, valueDigest(rows)]).size).toBe(digests.length + 1);
  });

  it('tells where one text ends and the next begins, also across halves of a pair', () => {
    const texts = (first: string, second: string) =>
      valueDigest(
        replaced(
          table(() => 'x'),
          0,
          { id: 0, cell: first },
        ).map((row, n) => (n === 1 ? { id: 1, cell: second } : row)),
      );
    expect(
      new Set([texts('ab', 'c'), texts('a', 'bc'), texts('abc', ''), texts('\ud83d', '\ude00'), texts('\ud83d\ude00', ''), texts('', '😀')]).size,
    ).toBe(6);
    expect(texts('\ud83d\ude00', '')).toBe(texts('😀', ''));
  });

  it('tells which cells are absent', () => {
    const holes = (...at: number[]) => valueDigest(table((n) => (at.includes(n) ? null : 1)));
    expect(new Set([holes(), holes(3), holes(4), holes(3, 4), holes(0), holes(ROWS - 1)]).size).toBe(6);
  });

  it('is not that of a list of another length, of other names, or in another wrapping', () => {
    const rows = table((n) => n);
    const values = [
      rows,
      table((n) => n, ROWS + 1),
      rows.map(({ id, cell }) => ({ id, cell2: cell })),
      rows.map(({ id, cell }) => ({ id, cell, more: null })),
      replaced(rows, 7, { id: 7 }),
      replaced(rows, 7, { id: 7, cell: 7, more: 1 }),
      replaced(rows, 7, Object.assign(Object.create(null), { id: 7, cell: 7 })),
      [rows],
      { rows },
      new Set(rows),
      { id: rows.map(({ id }) => id), cell: rows.map(({ cell }) => cell) },
      Object.values(rows).slice(0, 63),
    ];
    expect(new Set(values.map((value) => valueDigest(value))).size).toBe(values.length);
  });

  it('every NaN is the same', () => {
    const other = new Float64Array(new BigUint64Array([0xfff8_0000_dead_beefn]).buffer)[0] as number;
    expect(valueDigest(table(() => other))).toBe(valueDigest(table(() => Number.NaN)));
  });

  it('takes a Date with properties, or of a class of its own, for no Date, here as elsewhere', () => {
    class Day extends Date {}
    for (const date of [Object.assign(new Date(0), { note: 1 }), new Day(0), Object.create(Date.prototype) as Date])
      expect(() => valueDigest(table(() => date))).toThrow(expect.objectContaining({ code: 'VALUE_NOT_CANONICAL' }));
  });

  it('refuses what has none, and names it', () => {
    const rows = table((n) => n);
    const refusal = (cell: unknown) => () => valueDigest({ rows: replaced(rows, 7, { id: 7, cell }) });
    expect(refusal(() => 1)).toThrow("'.rows[7].cell' is a function");
    expect(refusal([Symbol('x')])).toThrow("'.rows[7].cell[0]' is the symbol");
    expect(() => valueDigest(replaced(rows, 7, { id: 7, cell: 7, [Symbol('x')]: 1 }))).toThrow('symbol as its key');
    const circle: { id: number; cell: unknown } = { id: 7, cell: undefined };
    circle.cell = { circle };
    expect(() => valueDigest(replaced(rows, 7, circle))).toThrow('refers back to an object that contains it');
    const own: unknown[] = [...rows];
    own[7] = { id: 7, cell: own };
    expect(() => valueDigest(own)).toThrow('refers back to an object that contains it');
  });

  it('is equal for equal tables and differs for others, whatever they hold', () => {
    const cells = fc.oneof(
      fc.constantFrom<unknown>(0, -0, 1, Number.NaN, '', '0', 'ab', '\ud800', '\udc00', true, false, null, undefined, 1n, -1n),
      fc.date({ noInvalidDate: false }),
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.array(fc.integer(), { maxLength: 2 }),
    );
    const tables = fc.array(fc.tuple(cells, cells), { minLength: 1, maxLength: 6 });
    const make = (pattern: readonly (readonly [unknown, unknown])[]) =>
      Array.from({ length: 66 }, (_, n) => {
        const [a, b] = pattern[n % pattern.length] as readonly [unknown, unknown];
        return { a, b };
      });
    fc.assert(
      fc.property(tables, tables, (one, other) => {
        const [rows, others] = [make(one), make(other)];
        // Row by row there is no table: what it says decides.
        const same = valueDigest(rows.map((row) => [row])) === valueDigest(others.map((row) => [row]));
        expect(valueDigest(rows) === valueDigest(others)).toBe(same);
        expect(valueDigest(structuredClone(rows))).toBe(valueDigest(rows));
      }),
      { numRuns: 100 },
    );
  });
});
