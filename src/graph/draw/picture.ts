import type { DotOptions, GraphData } from '../graph-view.js';
import { childStates, elapsedOf, incompleteNote, knowsStates, mapMark, mayRun, stateOf, tooltipOf } from './caption.js';
import { foldedGroups } from './fold.js';
import { withJoints } from './joints.js';
import { isInside, localId, type Outline, outlineOf } from './outline.js';
import { mostUrgent, type Tone } from './palette.js';
import { grouped, printable, shorten } from './printable.js';
import type { Link, Picture, Shape } from './shape.js';

const LONGEST_LABEL = 40;
const LONGEST_EDGE_LABEL = 28;
const MOST_EDGE_LABELS = 3;

export function pictureOf(data: GraphData, options: DotOptions = {}): Picture {
  const outline = outlineOf(data);
  const states = options.states ?? knowsStates(data);
  const nested = options.group ?? true;
  const groups = foldedGroups(outline);
  const shapeOfNode: number[] = [];
  groups.forEach((members, shape) => {
    for (const place of members) shapeOfNode[place] = shape;
  });
  const shapes = shapesOf(outline, groups, shapeOfNode, { states, nested });
  const parents = shapes.map((shape) => shape.parent);
  const links: Link[] = [];
  const inner: Link[] = [];
  for (const link of linksOf(outline, shapeOfNode)) {
    const { from, to } = link;
    if (isInside(parents, from, to) || isInside(parents, to, from)) inner.push(link);
    else if (from !== to || shapes[from]?.kind === 'box') links.push(link);
  }
  return { title: printable(data.flowName) || 'flow', note: incompleteNote(data), inner, ...withJoints(shapes, links) };
}

interface Look {
  readonly states: boolean;
  readonly nested: boolean;
}

function shapesOf(outline: Outline, groups: readonly (readonly number[])[], shapeOfNode: readonly number[], look: Look): Shape[] {
  const parents = groups.map(([first]) => (look.nested ? (shapeOfNode[outline.parents[first as number] as number] ?? -1) : -1));
  const frames = new Set(parents);
  const scopeOf = (shape: number): string => `${parents[shape]} ${outline.nodes[groups[shape]?.[0] as number]?.task}`;
  const namesakes = new Map<string, number>();
  for (const shape of groups.keys()) namesakes.set(scopeOf(shape), (namesakes.get(scopeOf(shape)) ?? 0) + 1);
  return groups.map((members, shape) => ({
    kind: frames.has(shape) ? 'frame' : 'box',
    parent: parents[shape] as number,
    ...(members.length === 1
      ? single(outline, members[0] as number, look, namesakes.get(scopeOf(shape)) === 1)
      : many(outline, members, look.states)),
  }));
}

type Face = Omit<Shape, 'kind' | 'parent'>;

function single(outline: Outline, place: number, look: Look, alone: boolean): Face {
  const node = outline.nodes[place] as Outline['nodes'][number];
  const state = stateOf(node);
  const name = alone ? node.task : look.nested ? localId(node) : node.id;
  const known = look.states ? [state, childStates(node), elapsedOf(node)] : [];
  const detail = [...known, mayRun(node) ? 'may run' : undefined];
  const mark = mapMark(node);
  return {
    id: node.id,
    label: `${shorten(printable(name), LONGEST_LABEL) || '?'}${mark === undefined ? '' : ` ${mark}`}`,
    detail: detail.filter((part) => part !== undefined).join(' · ') || undefined,
    tooltip: tooltipOf(node, look.states),
    tone: look.states ? state : 'plain',
    certain: node.certain,
    stacked: node.map !== undefined,
  };
}

function many(outline: Outline, members: readonly number[], states: boolean): Face {
  const nodes = members.map((place) => outline.nodes[place] as Outline['nodes'][number]);
  const [first] = nodes as [Outline['nodes'][number]];
  const counts = new Map<Tone, number>();
  for (const node of nodes) counts.set(stateOf(node), (counts.get(stateOf(node)) ?? 0) + 1);
  const byState = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, count]) => (counts.size === 1 ? state : `${grouped(count)} ${state}`));
  const detail = [states ? byState.join(', ') : undefined, mayRun(first) ? 'may run' : undefined];
  return {
    id: first.id,
    label: `${shorten(printable(first.task), LONGEST_LABEL) || '?'}${first.map === undefined ? '' : ' <map>'} ×${grouped(nodes.length)}`,
    detail: detail.filter((part) => part !== undefined).join(' · ') || undefined,
    tooltip: [`${printable(first.id)} … ${printable(nodes.at(-1)?.id ?? '')}`, ...(states ? byState : [])],
    tone: states ? mostUrgent(counts.keys()) : 'plain',
    certain: first.certain,
    stacked: first.map !== undefined,
  };
}

/** One line for all that flows from one shape to another in one way. */
function linksOf(outline: Outline, shapeOfNode: readonly number[]): Link[] {
  const bundles = new Map<string, { from: number; to: number; kind: Link['kind']; labels: Set<string> }>();
  for (const edge of outline.edges) {
    const from = shapeOfNode[edge.from] as number;
    const to = shapeOfNode[edge.to] as number;
    const key = `${from} ${to} ${edge.kind}`;
    const bundle = bundles.get(key) ?? { from, to, kind: edge.kind, labels: new Set() };
    bundles.set(key, bundle);
    if (edge.label !== undefined) bundle.labels.add(shorten(printable(edge.label), LONGEST_EDGE_LABEL));
  }
  // An edge that only orders says nothing beside one that carries data; the condition of a branch does.
  const drawn = [...bundles.values()].filter(
    ({ from, to, kind, labels }) => kind === 'data' || labels.size > 0 || !bundles.has(`${from} ${to} data`),
  );
  return drawn.map((bundle) => ({ ...bundle, labels: fewLabels([...bundle.labels].filter((label) => label !== '')) }));
}

function fewLabels(labels: readonly string[]): readonly string[] {
  if (labels.length <= MOST_EDGE_LABELS) return labels;
  return [...labels.slice(0, MOST_EDGE_LABELS - 1), `+${labels.length - MOST_EDGE_LABELS + 1} more`];
}
