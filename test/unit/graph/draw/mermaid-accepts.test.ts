import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toMermaid } from '../../../../src/graph/draw/mermaid.js';
import { pictureOf } from '../../../../src/graph/draw/picture.js';
import type { Shape } from '../../../../src/graph/draw/shape.js';
import type { GraphData } from '../../../../src/graph/graph-view.js';
import { TASK_STATES } from '../../../../src/model/states.js';
import { type ParsedDrawing, parseMermaid } from './mermaid-parsed.js';
import { edge, graph, node, preview, times } from './sample.js';

/** Mermaid reads what was drawn: every shape, line, frame and label of the picture, and nothing else. */
async function expectRead(data: GraphData): Promise<ParsedDrawing> {
  const picture = pictureOf(data);
  const read = await parseMermaid(toMermaid(data));
  const nameOf = (place: number): string => `${{ frame: 's', joint: 'j', box: 'n' }[(picture.shapes[place] as Shape).kind]}${place}`;
  const labelOf = ({ kind, label, detail }: Shape): string =>
    kind === 'joint' ? '' : [label, ...(detail === undefined ? [] : [detail])].join(kind === 'frame' ? ' · ' : '<br/>');
  const places = [...picture.shapes.keys()];
  const shapes = {
    boxes: places.filter((place) => picture.shapes[place]?.kind !== 'frame'),
    frames: places.filter((place) => picture.shapes[place]?.kind === 'frame'),
  };
  const expected = new Map(shapes.boxes.map((place) => [nameOf(place), labelOf(picture.shapes[place] as Shape)]));
  if (picture.note !== undefined) expected.set('note', picture.note);
  expect(new Map([...read.boxes].map(([name, { label }]) => [name, label]))).toEqual(expected);
  for (const place of shapes.boxes) {
    const { kind, stacked } = picture.shapes[place] as Shape;
    expect(read.boxes.get(nameOf(place))?.shape).toBe(kind === 'joint' ? 'circle' : stacked ? 'subroutine' : 'round');
  }
  expect(new Map([...read.frames].map(([name, { label }]) => [name, label]))).toEqual(
    new Map(shapes.frames.map((place) => [nameOf(place), labelOf(picture.shapes[place] as Shape)])),
  );
  for (const [place, { parent }] of picture.shapes.entries()) {
    const around = [...read.frames].filter(([, { contents }]) => contents.has(nameOf(place))).map(([name]) => name);
    expect(around).toEqual(parent === -1 ? [] : [nameOf(parent)]);
  }
  expect(read.lines.map(({ from, to, label, stroke }) => ({ from, to, label, stroke }))).toEqual(
    picture.links.map(({ from, to, kind, labels }) => ({
      from: nameOf(from),
      to: nameOf(to),
      label: labels.join(', '),
      stroke: kind === 'data' ? 'normal' : 'dotted',
    })),
  );
  return read;
}

const RESERVED = [
  'end',
  'End',
  'graph',
  'flowchart',
  'class',
  'classDef',
  'default',
  'subgraph',
  'style',
  'linkStyle',
  'click',
  'href',
  'call',
  'direction',
  'interpolate',
  'TB',
  'LR',
  'o',
  'x',
  'v',
  'note',
  '_self',
  '_blank',
  '__proto__',
  'constructor',
  'toString',
];
const AWKWARD = [
  '"',
  "'",
  '`',
  '"`bold`"',
  '<b>x</b>',
  '<br/>',
  '&amp;',
  'R&D',
  '#',
  '#35;',
  '#quot;',
  ';',
  '|',
  '||',
  '{',
  '}',
  '{{x}}',
  '[x]',
  '[[x]]',
  '(x)',
  '((x))',
  '\\',
  '\\n',
  '%%',
  '%% comment',
  '%%{init: {}}%%',
  '---',
  '-->',
  '-.->',
  '==>',
  '--x',
  '@',
  '@{ shape: rect }',
  'a@{}',
  ':::',
  'a:::b',
  '~~~',
  '$$x^2$$',
  'fa:fa-car',
  '1. load',
  '2) load',
  '- load',
  '+ load',
  '* load',
  '# load',
  '[a](b)',
  'www.example.org',
  'https://example.org/?a=1&b=2',
  'a@example.org',
  '_x_',
  '**x**',
  'style: #fff;',
  'classDef a: #fff;',
  'größe',
  '数据清洗',
  'عربى',
  '🐧🐧',
  'e\u0301',
  'zero\u200bwidth',
  'line\nbreak',
  'tab\there',
  '\u0000',
  'accTitle: x',
  'title: x',
];

describe('Mermaid reads the drawings of', () => {
  it('a preview with a sub-flow, states, dashed edges and a note', async () => {
    const read = await expectRead(preview);
    expect(read.boxes.get('n6')?.classes).toEqual(['unknown', 'may_run']);
    expect(read.frames.get('s2')?.classes).toEqual(['pending']);
    expect(read.classes.get('may_run')).toBe('stroke-dasharray:5 4');
    expect(read.classes.get('pending')).toBe('fill:#fff8c5,stroke:#9a6700,color:#1f2328');
    expect(read.lines.map(({ style }) => style.includes('stroke-dasharray:1 4'))).toEqual([false, false, false, false, false, true]);
  });

  it('every state, with durations and attempts', async () => {
    const nodes = TASK_STATES.map((state, place) => node(`${state}#0`, { outcome: { state, ms: 12_345 * place, attempts: place } }));
    const read = await expectRead(graph(nodes));
    expect([...read.boxes.values()].map(({ classes }) => classes)).toEqual(TASK_STATES.map((state) => [state.replace('-', '_')]));
  });

  it('maps, as double boxes, with counts of their children', async () => {
    const counted = { count: 1_200, states: { success: 1_000, failed: 200 } };
    const nodes = [node('score#0', { map: {} }), node('fit#0', { map: counted, outcome: { state: 'failed' } }), node('add#0')];
    const read = await expectRead(graph(nodes, [edge('score#0', 'fit#0', 'scores[*]'), edge('fit#0', 'add#0')]));
    expect(read.boxes.get('n1')?.label).toMatch(/^fit <map> ×1,200<br\/>failed · 1,000 success, 200 failed/);
  });

  it('branches, with a condition on each way', async () => {
    const nodes = ['choose#0', 'yes#0', 'no#0', 'other#0'].map((id) => node(id, { certain: id === 'choose#0' }));
    const ways = [
      edge('choose#0', 'yes#0', 'true', 'control'),
      edge('choose#0', 'no#0', 'false', 'control'),
      edge('choose#0', 'other#0', '"a" | <b>', 'control'),
    ];
    const read = await expectRead(graph(nodes, ways));
    expect(read.lines.map(({ label }) => label)).toEqual(['true', 'false', '"a" | <b>']);
    expect(read.lines.every(({ style }) => style.includes('stroke-dasharray:1 4'))).toBe(true);
  });

  it('joints of control fans', async () => {
    const nodes = [...times(20, (i) => node(`a#${i}`)), ...times(20, (i) => node(`b#${i}`))];
    const fan = times(400, (i) => edge(`a#${i % 20}`, `b#${Math.floor(i / 20)}`, undefined, 'control'));
    expect((await expectRead(graph(nodes, fan))).boxes.get('j40')?.shape).toBe('circle');
  });

  it('sub-flows in sub-flows, with lines across their frames', async () => {
    const inner = (depth: number): string => times(depth + 1, (level) => `deep${level}#0`).join('.');
    const nested = times(12, (depth) => node(inner(depth), depth === 0 ? {} : { parent: inner(depth - 1) }));
    const read = await expectRead(graph([node('load#0'), ...nested, node('save#0')], [edge('load#0', inner(11), 'rows'), edge(inner(5), 'save#0')]));
    expect(read.frames.size).toBe(11);
  });

  it('sixty nodes, each with three inputs, in six sub-flows', async () => {
    const id = (place: number): string => `part${place % 6}#0.step${place}#0`;
    const parts = times(6, (place) => node(`part${place}#0`));
    const nodes = times(60, (place) => node(id(place), { parent: `part${place % 6}#0`, certain: place % 7 > 0 }));
    const inputs = times(60, (place) => [1, 2, 11].filter((back) => back <= place).map((back) => edge(id(place - back), id(place), `input${back}`)));
    const read = await expectRead(graph([...parts, ...nodes], inputs.flat()));
    expect(read.boxes.size).toBe(60);
    expect(read.lines).toHaveLength(59 + 58 + 49);
  });

  it('no node at all', async () => {
    await expectRead(graph([]));
  });
});

describe('Mermaid reads as they are', () => {
  it.each([...RESERVED, ...AWKWARD])('names like %j: of tasks, sub-flows, parameters and the flow', async (name) => {
    const nodes = [
      node('a#0', { task: name }),
      node('b#0', { task: name, map: {} }),
      node('c#0', { task: name }),
      node('c#0.d#0', { task: name, parent: 'c#0' }),
    ];
    const edges = [edge('a#0', 'b#0', name), edge('b#0', 'c#0', name, 'control'), edge('a#0', 'c#0.d#0', name, 'order')];
    await expectRead(graph(nodes, edges, { flowName: name, complete: false, stoppedAt: name }));
  });

  it('law: any text', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'grapheme' }), async (task, label) => {
        await expectRead(graph([node('a#0', { task }), node('b#0', { task: label })], [edge('a#0', 'b#0', label)], { flowName: task }));
      }),
      { numRuns: 30 },
    );
  });
});

it('what Mermaid would take for Markdown in a label is written as codes; older versions draw an error in its place', () => {
  const labels = ['1. load', '- load', '+ load', '---', '[a](b)', 'www.example.org', 'rows[0].train', 'v1.5 (old)'];
  const boxes = toMermaid(graph(labels.map((task, place) => node(`n#${place}`, { task })))).match(/(?<=\(").*(?="\))/g);
  expect(boxes).toEqual(['1#46; load', '#45; load', '#43; load', '#45;--', '[a#93;(b)', 'www#46;example.org', 'rows[0].train', 'v1.5 (old)']);
});
