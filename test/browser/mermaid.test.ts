import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toMermaid } from '../../src/graph/draw/mermaid.js';
import type { GraphData } from '../../src/graph/graph-view.js';
import { all, flow, match, task, when } from '../../src/index.js';
import { freshHome } from '../unit/engine/workbench.js';
import { edge, graph, node, preview, times } from '../unit/graph/draw/sample.js';
import { intruders } from './in-page.mjs';
import { MermaidPage, type RenderedDrawing } from './mermaid-page.js';
import { CHROMIUM, PageOpener } from './opened-page.js';

/** Says that text became something else on its way to the page. */
const ATTACK = 'window.hacked = true';

/** Names that want to be more than names; each as a task, a sub-flow, a parameter and a flow. */
const HOSTILE = [
  `<img src=x onerror="${ATTACK}">`,
  `<script>${ATTACK}</script>`,
  `"]<svg onload="${ATTACK}">`,
  `</foreignObject><a href="javascript:${ATTACK}">`,
  `<b>bold</b><br/><i>`,
  `&lt;img src=x&gt;`,
  `#60;img src=x onerror=${ATTACK}#62;`,
  `ﬂ°°60¶ßimg src=x onerror=${ATTACK}ﬂ°°62¶ß`,
  `x"); click n0 call ${ATTACK}()`,
  `end\nclick n0 href "javascript:${ATTACK}"`,
  `%%{init: {"securityLevel": "loose", "htmlLabels": true}}%%`,
  `[link](javascript:${ATTACK})`,
  `:::note`,
  `@{ img: "https://example.org/x.png" }`,
  `fa:fa-car`,
  `$$\\href{javascript:${ATTACK}}{x}$$`,
  'a < b',
  'a<b && b>c',
  'R&D "quoted" `code` **bold** _it_',
];

describe.skipIf(CHROMIUM === undefined)('Mermaid draws', () => {
  const opener = new PageOpener();
  let page: MermaidPage;
  beforeAll(async () => {
    page = await MermaidPage.open(opener);
  });
  afterAll(async () => await opener[Symbol.asyncDispose]());

  const drawn = async (data: GraphData): Promise<RenderedDrawing> => await page.draw(toMermaid(data));

  async function expectClean(drawing: RenderedDrawing): Promise<void> {
    expect(drawing.strangers).toEqual([]);
    expect(drawing.size.width).toBeGreaterThan(50);
    expect(drawing.size.height).toBeGreaterThan(50);
    expect(page.complaints).toEqual([]);
    // Its own script and the bundle's, and no picture.
    expect(await page.page.evaluate(intruders)).toEqual([undefined, 0, 2]);
  }

  it('S29: a plain flow, before and after its run', async () => {
    freshHome();
    const load = task(() => [1, 2, 3], { name: 'load' });
    const clean = task((rows: readonly number[]) => rows.filter((row) => row > 1), { name: 'clean' });
    const save = task((rows: readonly number[]) => rows.length, { name: 'save' });
    const plain = flow('plain', () => save(clean(load())));
    const before = await page.draw(await plain.visualize({}, { format: 'mermaid' }));
    expect(before.title).toBe('plain');
    expect(before.nodes.map((label) => label.split('\n')[0])).toEqual(['load', 'clean', 'save']);
    expect(before.edges).toBe(2);
    expect(before.edgeLabels).toEqual(['rows', 'rows']);
    await plain.run();
    const latest = await plain.latest();
    const after = await page.draw(await plain.visualize({}, { format: 'mermaid', from: { runId: latest?.id ?? '' } }));
    expect(after.nodes.every((label) => /^\w+\nsuccess/.test(label))).toBe(true);
    await expectClean(after);
  });

  it('S29: maps, branches and sub-flows as clusters', async () => {
    freshHome();
    const list = task(() => [1, 2, 3], { name: 'list' });
    const measure = task((n: number) => n * 2, { name: 'measure' });
    const total = task((sizes: readonly number[]) => sizes.length, { name: 'total' });
    const grow = task((n: number) => n + 1, { name: 'grow' });
    const shrink = task((n: number) => n - 1, { name: 'shrink' });
    const tell = task(() => 'odd', { name: 'tell' });
    const isOdd = task((n: number) => n % 2 === 1, { name: 'isOdd' });
    const sign = task((n: number) => (n > 2 ? 'many' : 'few'), { name: 'sign' });
    const counting = flow('counting', () => total(measure.map(list())));
    const whole = flow('whole', () => {
      const count = counting.asTask()({});
      return all([match(sign(count), { many: () => shrink(count), few: () => grow(count) }), when(isOdd(count), () => tell())]);
    });
    const drawing = await page.draw(await whole.visualize({}, { format: 'mermaid' }));
    expect(drawing.clusters).toEqual(['counting · pending']);
    const names = drawing.nodes.map((label) => label.split('\n')[0]).sort();
    expect(names).toEqual(['grow', 'isOdd', 'list', 'measure <map>', 'shrink', 'sign', 'tell', 'total']);
    expect(drawing.edgeLabels).toEqual(expect.arrayContaining(['few', 'many', 'true']));
    await expectClean(drawing);
  });

  it('S27 S29: a preview with states, order edges, a sub-flow and where the body decides', async () => {
    const drawing = await drawn(preview);
    expect(drawing.nodes).toHaveLength(7);
    expect(drawing.clusters).toEqual(['prepare · pending']);
    expect(drawing.edges).toBe(6);
    expect(drawing.nodes).toContain('publish\nunknown · may run');
    expect(drawing.nodes).toContain('graph is incomplete: the body decides at flow.ts:12:3');
    await expectClean(drawing);
  });

  it('fifty nodes, each with three inputs, in five sub-flows, and joints', async () => {
    const id = (place: number): string => `part${place % 5}#0.step${place}#0`;
    const parts = times(5, (place) => node(`part${place}#0`));
    const nodes = times(50, (place) => node(id(place), { parent: `part${place % 5}#0` }));
    const inputs = times(50, (place) => [1, 2, 11].filter((back) => back <= place).map((back) => edge(id(place - back), id(place), `input${back}`)));
    const drawing = await drawn(graph([...parts, ...nodes], inputs.flat()));
    expect(drawing.nodes).toHaveLength(50);
    expect(drawing.clusters).toHaveLength(5);
    expect(drawing.edges).toBe(49 + 48 + 39);
    expect(new Set(drawing.nodes)).toEqual(new Set(times(50, (place) => `step${place}`)));
    await expectClean(drawing);

    const fans = [...times(20, (i) => node(`a#${i}`)), ...times(20, (i) => node(`b#${i}`))];
    const fan = times(400, (i) => edge(`a#${i % 20}`, `b#${Math.floor(i / 20)}`, undefined, 'control'));
    const joined = await drawn(graph(fans, fan));
    expect(joined.nodes).toHaveLength(41);
    expect(joined.edges).toBe(40);
    await expectClean(joined);
  });

  it.each(HOSTILE)('names like %j as they are, and nothing of them becomes HTML, however trusting the page', async (name) => {
    // Those that are named alike would be told apart by their ids instead.
    const nodes = [node('a#0', { task: name }), node('b#0', { task: `2·${name}`, map: {} }), node('c#0', { task: `3·${name}` })];
    const inside = node('c#0.d#0', { task: name, parent: 'c#0' });
    const edges = [edge('a#0', 'b#0', name), edge('b#0', 'c#0.d#0', name, 'control')];
    const text = toMermaid(graph([...nodes, inside], edges, { flowName: name }));
    // Mermaid's own mark for a code: nobody else writes it.
    const shown = name
      .replace(/ﬂ°°60¶ß/, '<')
      .replace(/ﬂ°°62¶ß/, '>')
      .replace(/\s+/g, ' ');
    for (const trust of ['strict', 'loose'] as const) {
      const drawing = await page.draw(text, trust);
      expect(drawing.title).toBe(shown.replaceAll('<', name === shown ? '‹' : '<'));
      expect(drawing.nodes).toHaveLength(3);
      expect(drawing.clusters).toHaveLength(1);
      expect(drawing.edgeLabels).toHaveLength(2);
      for (const label of [...drawing.nodes, ...drawing.clusters, ...drawing.edgeLabels]) {
        const whole = label.replace(/^\d·/, '').replace(/ <map>$/, '');
        expect(whole.length).toBeGreaterThanOrEqual(Math.min(shown.length, 20));
        expect(shown.startsWith(whole.replace(/…$/, '')), `${whole} of ${shown}`).toBe(true);
      }
      await expectClean(drawing);
    }
  });

  it('and the tests above would see what gets through', async () => {
    const drawing = await page.draw('flowchart TD\n  n0["<a href=\'https://example.org\'>x</a>"]', 'loose');
    expect(drawing.strangers).toEqual([expect.stringContaining('<a ')]);
  });
});
