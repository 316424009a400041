import { describe, expect, it } from 'vitest';
import { elapsed } from '../../../../src/graph/draw/elapsed.js';
import { PALETTE } from '../../../../src/graph/draw/palette.js';
import { createGraph } from '../../../../src/graph/draw/view.js';
import { TASK_STATES } from '../../../../src/model/states.js';
import { graph, node, preview } from './sample.js';

describe('createGraph', () => {
  const view = createGraph(preview);

  it('is the data and its pictures', async () => {
    expect(view).toMatchObject({ flowName: 'penguins', complete: false, stoppedAt: 'flow.ts:12:3', nodes: preview.nodes, edges: preview.edges });
    expect(view.toDot()).toMatch(/^digraph/);
    expect(view.toMermaid()).toContain('flowchart TD');
    expect(await view.toSvg({ group: false })).not.toContain('class="frame');
    expect(`${view}`).toBe(view.toString());
    expect(view.toTree()).toContain('└─ publish#0');
  });

  it('is the same graph as JSON', () => {
    const { nodes, edges } = preview;
    expect(JSON.parse(JSON.stringify(view))).toEqual({ flow: 'penguins', complete: false, stoppedAt: 'flow.ts:12:3', nodes, edges });
    expect(createGraph(graph([node('a#0')])).toJSON()).not.toHaveProperty('stoppedAt');
  });
});

describe('elapsed', () => {
  it.each([
    [0.2, '<1 ms'],
    [12.4, '12 ms'],
    [999.6, '1.0 s'],
    [1234, '1.2 s'],
    [59_960, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [3_599_800, '1 h'],
  ])('%d ms is %s', (ms, text) => expect(elapsed(ms)).toBe(text));
});

describe('palette', () => {
  it('S10 has a colour for every state, with near-black text readable on it', () => {
    for (const state of TASK_STATES) expect(contrast('#1f2328', PALETTE[state].fill)).toBeGreaterThan(12);
    for (const { line } of Object.values(PALETTE)) expect(contrast(line, '#ffffff')).toBeGreaterThan(3);
  });
});

/** The contrast ratio of WCAG 2. */
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
