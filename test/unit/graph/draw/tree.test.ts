import { describe, expect, it } from 'vitest';
import { toTree } from '../../../../src/graph/draw/tree.js';
import { edge, graph, node, preview, times } from './sample.js';

describe('toTree', () => {
  it('S27 goes from what nobody consumes down to what it needs', () => {
    expect(toTree(preview).split('\n')).toEqual([
      'penguins',
      '└─ publish#0 (unknown, may run)',
      '   └─ train#0 (pending, awaited first)',
      '      ├─ prepare#0 (pending: upstream-pending: load#0)',
      "      │  ├─ load#0 (pending: input-changed: path 'a.csv' -> 'b.csv')",
      '      │  │  └─ setup#0 (complete, order only)',
      '      │  └─ prepare#0.split#0 (pending)',
      '      │     └─ prepare#0.clean#0 (pending)',
      '      └─ load#0 (pending, see above)',
      'graph is incomplete: the body decides at flow.ts:12:3',
    ]);
  });

  it('has a line for each root', () => {
    expect(toTree(graph([node('a#0'), node('b#0'), node('c#0')], [edge('a#0', 'b#0')]))).toBe(
      'penguins\n├─ b#0 (unknown)\n│  └─ a#0 (unknown)\n└─ c#0 (unknown)',
    );
  });

  it('S7 lists what a sub-flow hands to its nodes under the sub-flow, without a circle', () => {
    const nodes = [node('sub#0'), node('sub#0.a#0', { parent: 'sub#0' })];
    expect(toTree(graph(nodes, [edge('sub#0', 'sub#0.a#0', 'x'), edge('sub#0.a#0', 'sub#0')]))).toBe(
      'penguins\n└─ sub#0 (unknown)\n   └─ sub#0.a#0 (unknown)',
    );
  });

  it('says how many nodes it left out of a chain of 100,000', () => {
    const lines = toTree(
      graph(
        times(100_000, (i) => node(`s#${i}`)),
        times(99_999, (i) => edge(`s#${i}`, `s#${i + 1}`)),
      ),
    ).split('\n');
    expect(lines).toHaveLength(1002);
    expect(lines.at(-1)).toBe('… and 99,000 more nodes: toString() lists all 100,000');
  });

  it('ends on circles', () => {
    expect(toTree(graph([node('a#0'), node('b#0')], [edge('a#0', 'b#0'), edge('b#0', 'a#0')]))).toContain('and 2 more nodes');
  });
});
