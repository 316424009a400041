import { describe, expect, it } from 'vitest';
import { viewOf } from '../../../src/report/value-view.js';
import { ResultStream } from '../../../src/results/formats/result-stream.js';

describe('a value in a report', () => {
  it('is a table where it is a list of records, whatever each of them lacks', () => {
    const rows = Array.from({ length: 30 }, (_, at) => (at === 1 ? { a: at, b: { c: 1 } } : { a: at, d: null }));
    expect(viewOf(rows)).toMatchObject({ kind: 'table', columns: ['a', 'd', 'b'], total: 30 });
    expect(viewOf(rows)).toHaveProperty('rows.1', ['1', '', '{ c: 1 }']);
    expect(viewOf(rows)).toHaveProperty('rows.length', 10);
  });

  it('is a table where it is made of columns', () => {
    expect(viewOf({ x: new Float64Array([1, 2]), y: ['a', 'b'] })).toEqual({
      kind: 'table',
      columns: ['x', 'y'],
      rows: [
        ['1', 'a'],
        ['2', 'b'],
      ],
      total: 2,
    });
  });

  it('is a table of each library that makes frames', async () => {
    const { table } = await import('arquero');
    const { tableFromArrays } = await import('apache-arrow');
    const expected = { kind: 'table', columns: ['n'], rows: [['1'], ['2']], total: 2 };
    expect(viewOf(table({ n: [1, 2] }))).toEqual(expected);
    expect(viewOf(tableFromArrays({ n: [1, 2] }))).toEqual(expected);
  });

  it('shows named outputs one by one where one of them is a table', () => {
    expect(viewOf({ train: [{ a: 1 }], score: 0.5 })).toMatchObject({
      kind: 'parts',
      parts: [
        ['train', { kind: 'table' }],
        ['score', { kind: 'text', text: '0.5' }],
      ],
    });
  });

  it('is text otherwise: a string as it is, everything else as Node prints it, and none too long', () => {
    expect(viewOf('a\nb')).toEqual({ kind: 'text', text: 'a\nb' });
    expect(viewOf({ a: [1, undefined, Number.NaN] })).toEqual({ kind: 'text', text: '{ a: [ 1, undefined, NaN ] }' });
    expect(viewOf([])).toEqual({ kind: 'text', text: '[]' });
    expect(viewOf('x'.repeat(10_000))).toMatchObject({ text: expect.stringMatching(/… \(6,000 more characters\)$/) });
  });

  it('is not read where it is a stream, and no getter of the user’s breaks a report', () => {
    expect(viewOf(new ResultStream(1_234, async function* () {}))).toEqual({ kind: 'none', why: 'a stream of 1,234 bytes' });
    const trap = [Object.defineProperty({}, 'x', { enumerable: true, get: () => { throw new Error('no'); } })]; // biome-ignore format: one line
    expect(viewOf(trap)).toEqual({ kind: 'none', why: 'it cannot be printed' });
  });
});
