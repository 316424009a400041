import { describe, expect, it } from 'vitest';
import { reasonWords, shortDetail } from '../../../src/model/reason-text.js';

describe('a reason on one line', () => {
  it('is told whole where it is short', () => {
    expect(shortDetail({ kind: 'no-result' })).toBeUndefined();
    expect(shortDetail({ kind: 'code-changed', detail: 'a.ts: f; input n: 1 -> 2' })).toBe('a.ts: f; input n: 1 -> 2');
    expect(reasonWords({ kind: 'input-changed' })).toBe('input changed');
  });

  it('else by its first causes, and how many more there are', () => {
    const file = `src/${'deep/'.repeat(8)}helper.ts: normalise`;
    const detail = `${file}; input n: 1 -> 2; file rates.json`;
    expect(shortDetail({ kind: 'code-changed', detail })).toBe(`${file}; and 2 more`);
    expect(shortDetail({ kind: 'code-changed', detail: file })).toBe(file);
    expect(shortDetail({ kind: 'code-changed', detail: `a.ts: f; input n: 1 -> 2; ${file}` })).toBe('a.ts: f; input n: 1 -> 2; and 1 more');
  });
});
