import { describe, expect, it } from 'vitest';
import { createGraph } from '../../../../src/graph/draw/view.js';
import { edge, graph, node } from './sample.js';

const run = createGraph(
  graph(
    [
      node('list#0', { outcome: { state: 'success', ms: 20, attempts: 3 } }),
      node('sq#0', { map: { count: 1_200, states: { success: 1_195, failed: 5 } }, outcome: { state: 'failed' } }),
      node('cube#0', { map: { count: 2, states: { success: 2 } }, outcome: { state: 'success' } }),
      node('big#0', { outcome: { state: 'skipped' } }),
    ],
    [edge('list#0', 'sq#0', 'x'), edge('list#0', 'cube#0', 'x'), edge('list#0', 'big#0', 'x'), edge('list#0', 'big#0', 'true', 'control')],
  ),
);

describe('maps, retries and branches in pictures (S8, S29)', () => {
  it('as text: the number of children, how they ended where they differ, attempts, the answer that takes a branch', () => {
    expect(run.toString().split('\n').slice(1)).toEqual(
      [
        'list#0  list()                                success                          20 ms in 3 attempts',
        'sq#0    sq(x ← list#0) <map> ×1,200           failed (1,195 success, 5 failed)',
        'cube#0  cube(x ← list#0) <map> ×2             success',
        'big#0   big(x ← list#0) if list#0 is true     skipped',
      ].map((line) => expect.stringMatching(new RegExp(`^${line.trimEnd().replace(/[()]/g, '\\$&').replace(/ {2,}/g, ' {2,}')}$`))),
    );
  });

  it('as a tree', () => {
    expect(run.toTree()).toContain('sq#0 <map> ×1,200 (failed, 1,195 success, 5 failed)');
    const branch = createGraph(graph([node('is#0'), node('big#0')], [edge('is#0', 'big#0', 'true', 'control')]));
    expect(branch.toTree()).toContain('is#0 (unknown, must be true)');
  });

  it('as DOT, Mermaid and SVG: a stack, with every sign escaped', async () => {
    expect(run.toDot()).toMatch(/"sq#0" \[label=<sq &lt;map&gt; ×1,200<BR\/>.*1,195 success, 5 failed.* peripheries=2/);
    expect(run.toDot().match(/peripheries=2/g)).toHaveLength(2);
    expect(run.toMermaid()).toContain('n1[["sq #60;map#62; ×1,200<br/>failed · 1,195 success, 5 failed"]]');
    expect(run.toMermaid()).toContain('n0 -.->|"true"| n3');
    const svg = await run.toSvg();
    expect(svg).toContain('sq &lt;map&gt; ×1,200');
    expect(svg.match(/<rect [^>]*rx="6"/g)).toHaveLength(4 + 2);
  });

  it('as JSON, the numbers as they are', () => {
    expect((run.toJSON() as { nodes: unknown[] }).nodes[1]).toMatchObject({ map: { count: 1_200, states: { success: 1_195, failed: 5 } } });
  });
});
