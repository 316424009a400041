import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shownText } from '../../../src/base/shown-text.js';

describe('the text of a small value', () => {
  it('is what people write', () => {
    const cases: readonly (readonly [unknown, string | undefined])[] = [
      ['a', '"a"'],
      [1n, '1n'],
      [-0, '-0'],
      [undefined, 'undefined'],
      [null, 'null'],
      [{ lr: 0.1, layers: [1, 2] }, '{"lr":0.1,"layers":[1,2]}'],
      [[], '[]'],
      ['x'.repeat(41), undefined],
      [Array.from({ length: 17 }, () => 1), undefined],
      [{ a: undefined }, undefined],
      [{ a: Number.NaN }, undefined],
      [new Date(0), undefined],
      [new Map(), undefined],
      [() => 1, undefined],
      [Symbol('a'), undefined],
    ];
    for (const [value, text] of cases) expect(shownText(value)).toBe(text);
  });

  it('ends for what contains itself, and for what is deep', () => {
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    expect(shownText(loop)).toBeUndefined();
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(shownText(deep)).toBeUndefined();
  });

  it('of objects and lists is their JSON, and short, or there is none', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = shownText(value);
        if (typeof value !== 'object' || value === null || text === undefined) return;
        expect(JSON.parse(text)).toEqual(value);
        expect(text.length).toBeLessThanOrEqual(161);
      }),
    );
  });
});
