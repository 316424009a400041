import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDot } from '../../../../src/graph/draw/dot.js';
import { layOut } from '../../../../src/graph/draw/layout.js';
import { toSvg } from '../../../../src/graph/draw/svg.js';
import { edge, graph, node, preview, times } from './sample.js';

/** A document made of tags with plain attributes and of text without markup: what is left when these are taken away is nothing. */
const TAG = /<\/?(?:svg|title|rect|g|path|polygon|circle|text|tspan)(?: [a-zA-Z-]+="[^"<>]*")*\/?>/g;

function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map((match) => (match[1] as string).replace(/<tspan[^>]*>|<\/tspan>/g, '|'));
}

describe('toSvg', () => {
  it('draws each node, edge label, frame and the note on a white page', async () => {
    const svg = await toSvg(preview);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+" viewBox="0 0 \d+ \d+" role="img"/);
    expect(svg).toMatch(/<rect width="\d+" height="\d+" fill="#ffffff"\/>/);
    expect(texts(svg).sort()).toEqual(
      [
        ...['penguins', 'graph is incomplete: the body decides at flow.ts:12:3', 'prepare', 'pending', 'rows', 'rows', 'rows.train', 'raw'],
        ...['load', 'pending', 'setup', 'complete', 'clean', 'pending', 'split', 'pending', 'train', 'pending', 'publish', 'unknown · may run'],
      ].sort(),
    );
    expect(svg.match(/class="edge /g)).toHaveLength(6);
    expect(svg).toContain('<title>prepare#0 → train#0\nrows.train</title>');
    expect(svg).toContain('data-node="prepare#0.clean#0"');
  });

  it('writes the name and the state of a frame inside it, also of one around little', async () => {
    const inside = node('evaluate every model#0.a#0', { parent: 'evaluate every model#0', state: 'pending' });
    const svg = await toSvg(graph([node('evaluate every model#0', { state: 'pending' }), inside]));
    const frame = svg.slice(svg.indexOf('<g class="frame'));
    const [left, width] = ['x', 'width'].map((name) => Number(new RegExp(`<rect[^>]* ${name}="([\\d.]+)"`).exec(frame)?.[1])) as [number, number];
    const written = [...frame.slice(0, frame.indexOf('</g>')).matchAll(/<text x="([\d.]+)" y="([\d.]+)"/g)];
    expect(written.map(([, x]) => Number(x))).toEqual([left + 9, left + 9]);
    expect(Number(written[1]?.[2]) - Number(written[0]?.[2])).toBeGreaterThan(10);
    // Bold Helvetica of this size is about this wide.
    expect(width).toBeGreaterThan('evaluate every model'.length * 6 + 9);
  });

  it('is the same from call to call', async () => {
    expect(await toSvg(preview)).toBe(await toSvg(preview));
  });

  it('draws the joint of a control fan', async () => {
    const nodes = [...times(6, (i) => node(`a#${i}`)), ...times(6, (i) => node(`b#${i}`))];
    const svg = await toSvg(
      graph(
        nodes,
        times(36, (i) => edge(`a#${i % 6}`, `b#${Math.floor(i / 6)}`, undefined, 'control')),
      ),
    );
    expect(svg.match(/<circle /g)).toHaveLength(1);
    expect(svg.match(/class="edge control"/g)).toHaveLength(12);
  });

  it('draws a graph without nodes', async () => {
    expect(texts(await toSvg(graph([])))).toEqual(['penguins']);
  });

  it('lays out a chain of 1,000 tasks', async () => {
    const svg = await toSvg(
      graph(
        times(1000, (i) => node(`t${i}#0`)),
        times(999, (i) => edge(`t${i}#0`, `t${i + 1}#0`)),
      ),
    );
    expect(svg.match(/class="box"/g)).toHaveLength(1000);
  });

  it('refuses what no one could look at, and says what to do', async () => {
    const drawing = toSvg(graph(times(3001, (i) => node(`t${i}#0`))));
    await expect(drawing).rejects.toMatchObject({ code: 'GRAPH_TOO_LARGE', hint: expect.stringContaining('toTree()') });
  });

  it('law: whatever texts say, DOT parses and the SVG holds them as text only', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom(...'\\"<>&;NGnlr#%^-{}|]\u001b[3m') }),
    );
    const examples: [string, string, string][] = [
      ['</script><script>alert(1)</script>', '"];}', '\\N \\G \\n\\'],
      ['\u001b[31mred\u001b[0m', 'a\nb', '&lt;b&gt; &amp;lt;'],
      ['%1', '\\', ']]> -->'],
      ['', '\0', '\ud800'],
    ];
    const law = fc.asyncProperty(text, text, text, async (id, task, label) => {
      const nodes = [
        node(`${id}#0`, { task, description: label, outcome: { state: 'failed' } }),
        node('other#0'),
        node('sub#0', { task }),
        node('sub#0.x', { parent: 'sub#0' }),
      ];
      const data = graph(nodes, [edge(`${id}#0`, 'other#0', label), edge('sub#0', 'other#0', id)], {
        flowName: task,
        complete: false,
        stoppedAt: label,
      });
      const layout = await layOut(toDot(data));
      expect(layout.objects).toHaveLength(id === 'other' || id === 'sub' ? 3 : 4);
      const svg = await toSvg(data);
      expect(svg.match(/data-node="/g)?.length).toBeGreaterThanOrEqual(4);
      const rest = svg.replace(TAG, '');
      expect(rest).not.toMatch(/[<>"'\p{Cs}]|(?!\n)\p{Cc}|&(?!(?:amp|lt|gt|quot|#39);)/u);
      expect(svg.replaceAll('http://www.w3.org/2000/svg', '').match(TAG)?.join('')).not.toMatch(/ (?:href|xlink|on\w+|style|src)[:=]|url\(/);
    });
    await fc.assert(law, { numRuns: 150, examples });
  });

  it('shows texts as they are, entities and escapes of Graphviz included', async () => {
    const names = ['a \\N b', '&lt;i&gt;', '"quoted"', '日本語', '🎉 done'];
    const svg = await toSvg(graph(names.map((task, i) => node(`n${i}#0`, { task }))));
    expect(texts(svg).slice(1)).toEqual(['a \\N b', '&amp;lt;i&amp;gt;', '&quot;quoted&quot;', '日本語', '🎉 done']);
  });
});
