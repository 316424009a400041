import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import mermaid from 'mermaid';

/** What Mermaid made of a text, in its own words but for the codes in labels, which it resolves when it draws. */
export interface ParsedDrawing {
  readonly boxes: ReadonlyMap<string, { readonly label: string; readonly shape: string; readonly classes: readonly string[] }>;
  readonly lines: readonly { readonly from: string; readonly to: string; readonly label: string; readonly stroke: string; readonly style: string }[];
  readonly frames: ReadonlyMap<string, { readonly label: string; readonly contents: ReadonlySet<string>; readonly classes: readonly string[] }>;
  readonly classes: ReadonlyMap<string, string>;
}

interface FlowchartData {
  getVertices(): ReadonlyMap<string, { readonly id: string; readonly text?: string; readonly type?: string; readonly classes: readonly string[] }>;
  getEdges(): readonly {
    readonly start: string;
    readonly end: string;
    readonly text: string;
    readonly stroke: string;
    readonly style?: readonly string[];
  }[];
  getSubGraphs(): readonly { readonly id: string; readonly title: string; readonly nodes: readonly string[]; readonly classes: readonly string[] }[];
  getClasses(): ReadonlyMap<string, { readonly styles: readonly string[] }>;
}

let prepared: Promise<void> | undefined;

/**
 * Runs a drawing through Mermaid's own grammar.
 * @throws Error with Mermaid's words when it refuses the text
 */
export async function parseMermaid(text: string): Promise<ParsedDrawing> {
  prepared ??= prepare();
  await prepared;
  const { type, db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  if (type !== 'flowchart-v2') throw new Error(`expected a flowchart; got ${type}`);
  const data = db as unknown as FlowchartData;
  const frames = new Map(
    data.getSubGraphs().map(({ id, title, nodes, classes }) => [id, { label: decoded(title), contents: new Set(nodes), classes }]),
  );
  const boxes = [...data.getVertices().values()].filter(({ id }) => !frames.has(id));
  return {
    frames,
    boxes: new Map(boxes.map(({ id, text: label = '', type: shape = 'none', classes }) => [id, { label: decoded(label), shape, classes }])),
    lines: data
      .getEdges()
      .map(({ start, end, text: label, stroke, style = [] }) => ({ from: start, to: end, label: decoded(label), stroke, style: style.join() })),
    classes: new Map([...data.getClasses()].map(([name, { styles }]) => [name, styles.join()])),
  };
}

/**
 * Mermaid cleans labels with DOMPurify, which needs a browser. What it would take out of them is what HTML gives a meaning, and `parseMermaid`
 * is there to show that none of it reaches Mermaid but as a code; so here labels go through as they are.
 */
async function prepare(): Promise<void> {
  const purify = createRequire(createRequire(import.meta.url).resolve('mermaid')).resolve('dompurify');
  const module = (await import(pathToFileURL(purify.replace(/purify\.cjs\.js$/, 'purify.es.mjs')).href)) as { readonly default: object };
  Object.assign(module.default, { addHook: () => {}, sanitize: (label: string) => label });
  mermaid.initialize({ startOnLoad: false });
}

/** Mermaid puts `ﬂ°°58¶ß` in the place of `#58;` while it parses. */
function decoded(text: string): string {
  return text.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)));
}
