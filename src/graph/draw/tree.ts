import type { GraphData, ViewEdge } from '../graph-view.js';
import { childStates, incompleteNote, mapMark, mayRun, shortReasonText, stateOf } from './caption.js';
import { isInside, type Outline, outlineOf } from './outline.js';
import { grouped, plural, printable } from './printable.js';

/** A longer tree is no overview any more, and lines get longer with depth: 100,000 nodes in a chain would be gigabytes of blanks. */
const MOST_LINES = 1_000;

/** What a node waits for; `inside` is the last step of a sub-flow, seen from the sub-flow. */
interface Need {
  readonly place: number;
  readonly kind: ViewEdge['kind'] | 'inside';
  /** What its result must be, where it chooses between branches. */
  readonly answer?: string | undefined;
}

/**
 * From the nodes that nobody consumes down to what they need, each with its state and reason (S27). What several nodes need is spelled out
 * where it first comes up and referred to afterwards.
 */
export function toTree(data: GraphData): string {
  const outline = outlineOf(data);
  const { needs, roots } = needsOf(outline);
  const lines = [printable(data.flowName)];
  const spelledOut = new Set<number>();
  const waiting: { need: Need; before: string; last: boolean }[] = [];
  const push = (found: readonly Need[], before: string): void => {
    for (let at = found.length - 1; at >= 0; at--) waiting.push({ need: found[at] as Need, before, last: at === found.length - 1 });
  };
  push(roots, '');
  for (let next = waiting.pop(); next !== undefined && lines.length <= MOST_LINES; next = waiting.pop()) {
    const { need, before, last } = next;
    const again = spelledOut.has(need.place);
    lines.push(`${before}${last ? '└─ ' : '├─ '}${lineOf(outline, need, again)}`);
    spelledOut.add(need.place);
    if (!again) push(needs[need.place] as Need[], `${before}${last ? '   ' : '│  '}`);
  }
  const left = outline.nodes.length - spelledOut.size;
  if (left > 0) lines.push(`… and ${plural(left, 'more node')}: toString() lists all ${grouped(outline.nodes.length)}`);
  const note = incompleteNote(data);
  if (note !== undefined) lines.push(note);
  return lines.join('\n');
}

function lineOf(outline: Outline, { place, kind, answer }: Need, again: boolean): string {
  const node = outline.nodes[place] as Outline['nodes'][number];
  const state = node.why === undefined || again ? stateOf(node) : `${stateOf(node)}: ${shortReasonText(node.why)}`;
  const remarks = [state];
  const children = again ? undefined : childStates(node);
  if (children !== undefined) remarks.push(children);
  if (mayRun(node)) remarks.push('may run');
  if (kind === 'order') remarks.push('order only');
  if (kind === 'control') remarks.push(answer === undefined ? 'awaited first' : `must be ${printable(answer)}`);
  if (again) remarks.push('see above');
  const mark = mapMark(node);
  const target = again || node.target === undefined ? '' : ` → ${printable(node.target)}`;
  return `${printable(node.id)}${mark === undefined ? '' : ` ${mark}`} (${remarks.join(', ')})${target}`;
}

/**
 * A sub-flow needs, beside its inputs, those of its own nodes that no other one consumes. What its nodes get through it is listed under it, so
 * that the tree has no circles.
 */
function needsOf(outline: Outline): { readonly needs: readonly (readonly Need[])[]; readonly roots: readonly Need[] } {
  const found = outline.nodes.map(() => new Map<number, Need>());
  const consumed = new Set<number>();
  const add = (by: number, need: Need): void => {
    const needs = found[by] as Map<number, Need>;
    if (!needs.has(need.place) || need.kind === 'data') needs.set(need.place, need);
    consumed.add(need.place);
  };
  for (const { from, to, kind, label } of outline.edges) {
    if (!isInside(outline.parents, to, from)) add(to, { place: from, kind, answer: kind === 'control' ? label : undefined });
  }
  outline.parents.forEach((parent, place) => {
    if (parent !== -1 && !consumed.has(place)) add(parent, { place, kind: 'inside' });
  });
  const needs = found.map((each) => [...each.values()]);
  const roots = outline.nodes.flatMap((_, place): Need[] => (consumed.has(place) ? [] : [{ place, kind: 'data' }]));
  return { needs, roots };
}
