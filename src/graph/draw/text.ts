import type { GraphData, ViewNode } from '../graph-view.js';
import { childStates, controlWords, elapsedOf, incompleteNote, knowsStates, mapMark, mayRun, shortReasonText, stateOf } from './caption.js';
import { type Outline, outlineOf, type PlacedEdge } from './outline.js';
import { grouped, plural, printable } from './printable.js';

/** A column is padded to its widest entry, but no wider than this: one long line must not push the others off the screen. */
const WIDEST_COLUMN = 60;
/** Of a node with more inputs than this, counting a run of mapped children as one, the line says how many more there are. */
const MOST_INPUTS = 50;

/** One node a line, in order: its id, the call with where its arguments come from, and, when known, state, duration and reason. */
export function toText(data: GraphData): string {
  const outline = outlineOf(data);
  const incoming: PlacedEdge[][] = outline.nodes.map(() => []);
  for (const edge of outline.edges) incoming[edge.to]?.push(edge);
  const states = knowsStates(data);
  const rows = outline.nodes.map((node, place) => rowOf(node, outline, incoming[place] as PlacedEdge[], states));
  const title = `${printable(data.flowName)}: ${plural(outline.nodes.length, 'node')}, ${plural(outline.edges.length, 'edge')}`;
  const note = incompleteNote(data);
  return [title, ...aligned(rows), ...(note === undefined ? [] : [note])].join('\n');
}

function rowOf(node: ViewNode, outline: Outline, incoming: readonly PlacedEdge[], states: boolean): string[] {
  const from = (kind: PlacedEdge['kind']): PlacedEdge[] => incoming.filter((edge) => edge.kind === kind);
  const call = [
    `${printable(node.task)}(${argumentsOf(outline, from('data'))})`,
    ...ordering('after', outline, from('order')),
    ...controls(outline, from('control')),
  ];
  const mark = mapMark(node);
  if (mark !== undefined) call.splice(1, 0, mark);
  if (node.target !== undefined) call.push(`→ ${printable(node.target)}`);
  const known = states ? [statesOf(node), elapsedOf(node) ?? '', node.why === undefined ? '' : shortReasonText(node.why)] : [];
  return [printable(node.id), call.join(' '), ...known, mayRun(node) ? 'may run' : ''];
}

/** A map's state, and where they differ those of its children: `failed (3 success, 2 failed)`. */
function statesOf(node: ViewNode): string {
  const children = childStates(node);
  return children === undefined ? stateOf(node) : `${stateOf(node)} (${children})`;
}

/** `rows ← clean#0, labels ← split#0` */
function argumentsOf(outline: Outline, edges: readonly PlacedEdge[]): string {
  const byLabel = new Map<string, PlacedEdge[]>();
  for (const edge of edges) {
    const label = edge.label === undefined ? '' : `${printable(edge.label)} `;
    const alike = byLabel.get(label);
    if (alike) alike.push(edge);
    else byLabel.set(label, [edge]);
  }
  return [...byLabel].map(([label, alike]) => `${label}← ${idsOf(outline, alike)}`).join(', ');
}

function ordering(word: string, outline: Outline, edges: readonly PlacedEdge[]): string[] {
  return edges.length === 0 ? [] : [`${word} ${idsOf(outline, edges)}`];
}

/** `if big#0 is true`, `once awaited load#0` */
function controls(outline: Outline, edges: readonly PlacedEdge[]): string[] {
  const byLabel = new Map<string | undefined, PlacedEdge[]>();
  for (const edge of edges) {
    const alike = byLabel.get(edge.label);
    if (alike) alike.push(edge);
    else byLabel.set(edge.label, [edge]);
  }
  return [...byLabel].map(([label, alike]) => controlWords(idsOf(outline, alike), label));
}

/** Runs of mapped children are written as `score#0[0…999]`. */
function idsOf(outline: Outline, edges: readonly PlacedEdge[]): string {
  const runs: { head: string; first: number; last: number; text: string; count: number }[] = [];
  for (const edge of edges) {
    const id = printable(outline.nodes[edge.from]?.id ?? '');
    const mapped = /^(.*)\[(\d+)\]$/.exec(id);
    const head = mapped?.[1] ?? '';
    const index = Number(mapped?.[2]);
    const run = runs.at(-1);
    if (mapped && run?.head === head && run.last + 1 === index) {
      runs[runs.length - 1] = { ...run, last: index, text: `${head}[${run.first}…${index}]`, count: run.count + 1 };
    } else runs.push({ head, first: index, last: index, text: id, count: 1 });
  }
  const shown = runs.slice(0, MOST_INPUTS).map((run) => run.text);
  const left = runs.slice(MOST_INPUTS).reduce((sum, run) => sum + run.count, 0);
  return [...shown, ...(left === 0 ? [] : [`and ${grouped(left)} more`])].join(', ');
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      if (cell.length <= WIDEST_COLUMN) widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  const used = (_: string, column: number): boolean => rows.some((row) => row[column] !== '');
  const columns = (rows[0] ?? []).map(used);
  return rows.map((row) => {
    const cells = row.flatMap((cell, column) => (columns[column] ? [cell.padEnd(widths[column] ?? 0)] : []));
    return cells.join('  ').trimEnd();
  });
}
