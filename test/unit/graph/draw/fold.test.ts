import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDot } from '../../../../src/graph/draw/dot.js';
import { DRAWN_SINGLY, foldedGroups } from '../../../../src/graph/draw/fold.js';
import { outlineOf } from '../../../../src/graph/draw/outline.js';
import { edge, graph, node, times } from './sample.js';

describe('folding of large graphs', () => {
  it('draws up to 300 nodes one by one', () => {
    expect(toDot(graph(times(DRAWN_SINGLY, (i) => node(`a#${i}`)))).match(/label="a#/g)).toHaveLength(300);
  });

  it('draws mapped children as one box that counts their states', () => {
    const children = times(1000, (i) => node(`score#0[${i}]`, { outcome: { state: i < 997 ? 'success' : 'failed' } }));
    const edges = children.flatMap(({ id }) => [edge('load#0', id, 'row'), edge(id, 'join#0', 'scores')]);
    const dot = toDot(graph([node('load#0'), ...children, node('join#0')], edges));
    expect(dot).toContain('label=<score ×1,000<BR/><FONT POINT-SIZE="10" COLOR="#57606a">3 failed, 997 success</FONT>>');
    expect(dot).toContain('class="failed"');
    expect(dot.match(/->/g)).toHaveLength(2);
  });

  it('folds sub-flows together with what is in them', () => {
    const nodes = times(200, (i) => [node(`p#${i}`), node(`p#${i}.a#0`, { parent: `p#${i}` }), node(`p#${i}.b#0`, { parent: `p#${i}` })]).flat();
    const edges = times(200, (i) => edge(`p#${i}.a#0`, `p#${i}.b#0`, 'x'));
    const labels = [...toDot(graph(nodes, edges)).matchAll(/label="(.*?)"/g)].map((match) => match[1]);
    expect(labels).toEqual(['p ×200', 'a ×200', 'b ×200', 'x']);
  });

  it('keeps tasks with other neighbours, and nodes that only may run, apart', () => {
    const nodes = [node('a#0'), node('b#0'), ...times(400, (i) => node(`t#${i}`, { certain: i !== 7 }))];
    const edges = times(400, (i) => edge(i < 100 ? 'a#0' : 'b#0', `t#${i}`));
    expect(foldedGroups(outlineOf(graph(nodes, edges))).map((group) => group.length)).toEqual([1, 1, 99, 1, 300]);
  });

  it('folds a chain of 100,000 without recursion', () => {
    const nodes = times(100_000, (i) => node(`step#${i}`));
    const dot = toDot(
      graph(
        nodes,
        times(99_999, (i) => edge(`step#${i}`, `step#${i + 1}`)),
      ),
    );
    expect(dot).toContain('label="step ×99,998"');
  });

  it('law: every node is in exactly one group, and groups are of one task', () => {
    const places = fc.array(fc.tuple(fc.nat(400), fc.nat(400)), { maxLength: 600 });
    fc.assert(
      fc.property(places, (pairs) => {
        const nodes = times(401, (i) => node(`t${i % 5}#${i}`));
        const groups = foldedGroups(
          outlineOf(
            graph(
              nodes,
              pairs.map(([a, b]) => edge(nodes[a]?.id ?? '', nodes[b]?.id ?? '')),
            ),
          ),
        );
        expect(groups.flat().sort((a, b) => a - b)).toEqual(times(401, (i) => i));
        for (const group of groups) expect(new Set(group.map((place) => nodes[place]?.task)).size).toBe(1);
      }),
      { numRuns: 20 },
    );
  });
});
