import { describe, expect, it } from 'vitest';
import { type Knowledge, learn } from '../../../src/graph/knowledge.js';

/** Everything that is known, in order. */
function all(known: Knowledge | undefined): number[] {
  const nodes: number[] = [];
  for (let at = known; at; at = at.before) nodes.unshift(...at.seen);
  return nodes;
}

describe('S3 what a body knows', () => {
  it('grows by one entry for each result awaited on its own', () => {
    let known: Knowledge | undefined;
    for (let node = 0; node < 1_000; node++) known = learn(known, [node], () => undefined);
    expect(known?.seen).toEqual([999]);
    expect(all(known)).toEqual(Array.from({ length: 1_000 }, (_, node) => node));
  });

  it('forgets what the call that made a result knew: a loop of awaits is a chain', () => {
    const knownTo = new Map<number, Knowledge | undefined>();
    let known: Knowledge | undefined;
    for (let node = 0; node < 100; node++) {
      knownTo.set(node, known);
      known = learn(known, [node], (made) => knownTo.get(made));
    }
    expect(all(known)).toEqual([99]);
  });

  it('keeps what came after the call that made a result', () => {
    const first = learn(undefined, [1], () => undefined);
    const second = learn(first, [2], () => undefined);
    // Node 3 was called when only node 1 was known.
    const third = learn(second, [3], (node) => (node === 3 ? first : undefined));
    expect(all(third).sort()).toEqual([2, 3]);
  });

  it('does not take the knowledge of another body for its own', () => {
    const elsewhere = learn(
      learn(undefined, [7], () => undefined),
      [8],
      () => undefined,
    );
    const known = learn(
      learn(undefined, [1], () => undefined),
      [2],
      () => elsewhere,
    );
    expect(all(known)).toEqual([1, 2]);
  });
});
