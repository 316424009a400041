import { describe, expect, it } from 'vitest';
import { toDot } from '../../../../src/graph/draw/dot.js';
import { edge, graph, node, preview, times } from './sample.js';

/** The lines after the defaults, without indentation. */
function body(dot: string): string[] {
  const lines = dot.trimEnd().split('\n').slice(6, -1);
  return lines.map((line) => line.trim());
}

describe('toDot', () => {
  it('S9 draws a plain flow with nothing but names and parameters', () => {
    const flow = graph(
      [node('load#0'), node('clean#0'), node('train#0')],
      [edge('load#0', 'clean#0', 'rows'), edge('clean#0', 'train#0', 'rows.train')],
    );
    expect(toDot(flow)).toBe(
      [
        'digraph "penguins" {',
        '  graph [label=<<B>penguins</B>> labelloc=t fontname="Helvetica" fontsize=15 fontcolor="#1f2328" bgcolor="#ffffff"',
        '    rankdir=TB compound=true pad=0.25 nodesep=0.3 ranksep=0.45]',
        '  node [shape=box style="rounded,filled" fontname="Helvetica" fontsize=12 fontcolor="#1f2328"',
        '    fillcolor="#ffffff" color="#57606a" margin="0.2,0.07" height=0.4]',
        '  edge [color="#57606a" fontname="Helvetica" fontsize=10 fontcolor="#57606a" arrowsize=0.7]',
        '  "load#0" [label="load" tooltip="load#0"]',
        '  "clean#0" [label="clean" tooltip="clean#0"]',
        '  "train#0" [label="train" tooltip="train#0"]',
        '  "load#0" -> "clean#0" [label="rows"]',
        '  "clean#0" -> "train#0" [label="rows.train"]',
        '}',
        '',
      ].join('\n'),
    );
    expect(toDot(flow)).toBe(toDot(structuredClone(flow)));
  });

  it('numbers only tasks that occur more than once in their sub-flow', () => {
    const nodes = [node('fit#0'), node('fit#1'), node('sub#0'), node('sub#0.fit#0', { parent: 'sub#0' }), node('score#0[3]')];
    const labels = (group: boolean) => [...toDot(graph(nodes), { group }).matchAll(/label="(.*?)"/g)].map((match) => match[1]);
    expect(labels(true)).toEqual(['fit#0', 'fit#1', 'sub', 'fit', 'score']);
    expect(labels(false)).toEqual(['fit#0', 'fit#1', 'sub', 'sub#0.fit#0', 'score']);
  });

  it('says states in words and in colour, when there are any', () => {
    const run = graph([node('load#0', { outcome: { state: 'success', ms: 1234 } }), node('clean#0', { outcome: { state: 'failed' } })]);
    const [load, clean] = body(toDot(run)) as [string, string];
    expect(load).toContain('label=<load<BR/><FONT POINT-SIZE="10" COLOR="#57606a">success · 1.2 s</FONT>>');
    expect(load).toContain('class="success" fillcolor="#dafbe1" color="#1a7f37"');
    expect(load).toContain('tooltip="load#0\\nsuccess, 1.2 s"');
    expect(clean).toContain('class="failed"');
    expect(body(toDot(run, { states: false }))).toEqual(['"load#0" [label="load" tooltip="load#0"]', '"clean#0" [label="clean" tooltip="clean#0"]']);
  });

  it('S29 dashes what may run, and says where the body decides', () => {
    const dot = toDot(preview);
    expect(dot).toContain('graph is incomplete: the body decides at flow.ts:12:3');
    expect(body(dot).find((line) => line.startsWith('"publish#0" ['))).toMatch(/unknown · may run.*style="rounded,filled,dashed"/);
  });

  it('S7 draws a sub-flow as a cluster, and its edges end at the cluster', () => {
    const lines = body(toDot(preview, { states: false }));
    const cluster = lines.indexOf('subgraph "cluster_prepare#0" {');
    expect(lines.slice(cluster + 2, cluster + 5)).toEqual([
      '"prepare#0.clean#0" [label="clean" tooltip="prepare#0.clean#0"]',
      '"prepare#0.split#0" [label="split" tooltip="prepare#0.split#0"]',
      '}',
    ]);
    expect(lines).toContain('"load#0" -> "prepare#0.clean#0" [label="rows" lhead="cluster_prepare#0"]');
    expect(lines).toContain('"prepare#0.split#0" -> "train#0" [label="rows.train" ltail="cluster_prepare#0"]');
    expect(lines.some((line) => line.startsWith('"prepare#0" '))).toBe(false);
    expect(body(toDot(preview, { group: false, states: false }))).toContain('"load#0" -> "prepare#0" [label="rows"]');
  });

  it('goes through nested sub-flows to a box, and takes the result from the node that gives it', () => {
    const nodes = [
      node('a#0'),
      node('out#0'),
      node('out#0.in#0', { parent: 'out#0' }),
      node('out#0.in#0.x#0', { parent: 'out#0.in#0' }),
      node('out#0.in#0.y#0', { parent: 'out#0.in#0' }),
      node('out#0.log#0', { parent: 'out#0' }),
      node('z#0'),
    ];
    const edges = [edge('a#0', 'out#0'), edge('out#0.in#0.x#0', 'out#0.in#0.y#0'), edge('out#0.in#0', 'out#0'), edge('out#0', 'z#0')];
    const arrows = body(toDot(graph(nodes, edges))).filter((line) => line.includes('->'));
    expect(arrows).toEqual([
      '"a#0" -> "out#0.in#0.x#0" [lhead="cluster_out#0"]',
      '"out#0.in#0.x#0" -> "out#0.in#0.y#0"',
      '"out#0.in#0.y#0" -> "z#0" [ltail="cluster_out#0"]',
    ]);
  });

  it('tells kinds of edges apart, and leaves out an ordering that data already implies', () => {
    const nodes = [node('a#0'), node('b#0'), node('c#0'), node('d#0')];
    const edges = [
      edge('a#0', 'b#0', 'x'),
      edge('a#0', 'b#0', 'y'),
      edge('a#0', 'b#0', undefined, 'control'),
      edge('a#0', 'c#0', undefined, 'order'),
      edge('a#0', 'd#0', undefined, 'control'),
    ];
    expect(body(toDot(graph(nodes, edges))).filter((line) => line.includes('->'))).toEqual([
      '"a#0" -> "b#0" [label="x\\ny"]',
      '"a#0" -> "c#0" [style=dashed color="#8c959f"]',
      '"a#0" -> "d#0" [style=dotted color="#8c959f" arrowhead=open]',
    ]);
  });

  it('draws a fan of control edges through one point', () => {
    const nodes = [...times(30, (i) => node(`a#${i}`)), ...times(40, (i) => node(`b#${i}`))];
    const edges = times(1200, (i) => edge(`a#${i % 30}`, `b#${Math.floor(i / 30)}`, undefined, 'control'));
    const arrows = body(toDot(graph(nodes, edges))).filter((line) => line.includes('->'));
    expect(arrows).toHaveLength(70);
    expect(arrows[0]).toContain('"a#0" -> "^joint0"');
    expect(arrows.at(-1)).toContain('"^joint0" -> "b#39"');
  });

  it('survives edges to nowhere and sub-flows inside themselves', () => {
    const nodes = [
      node('a#0', { parent: 'b#0', task: 'a' }),
      node('b#0', { parent: 'a#0', task: 'b' }),
      node('c#0', { parent: 'gone#0', task: 'c' }),
    ];
    expect(body(toDot(graph(nodes, [edge('gone#0', 'c#0'), edge('a#0', 'b#0')])))).toHaveLength(4);
  });
});
