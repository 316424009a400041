import type { GraphData, ViewEdge, ViewNode } from '../graph-view.js';

/** An edge between places in the list of nodes. */
export interface PlacedEdge {
  readonly from: number;
  readonly to: number;
  readonly kind: ViewEdge['kind'];
  readonly label: string | undefined;
}

/** A graph by place instead of by id, so that every drawing walks arrays. */
export interface Outline {
  readonly nodes: readonly ViewNode[];
  readonly edges: readonly PlacedEdge[];
  /** Place of the sub-flow that a node belongs to, or -1. Free of circles. */
  readonly parents: readonly number[];
  /** Every place once, a sub-flow before what it contains, otherwise in the order given. */
  readonly outsideIn: readonly number[];
}

/** Edges and parents that point to no node of the graph are left out: a page of a large run may hold a part of it only. */
export function outlineOf(data: GraphData): Outline {
  const places = new Map(data.nodes.map((node, place) => [node.id, place]));
  const claimed = data.nodes.map((node) => (node.parent === undefined ? -1 : (places.get(node.parent) ?? -1)));
  const edges: PlacedEdge[] = [];
  for (const edge of data.edges) {
    const from = places.get(edge.from);
    const to = places.get(edge.to);
    if (from !== undefined && to !== undefined) edges.push({ from, to, kind: edge.kind, label: edge.label });
  }
  return { nodes: data.nodes, edges, ...nesting(claimed) };
}

/** Breadth first from the outermost; what is not reached claims to lie inside itself and is put outside. */
function nesting(claimed: readonly number[]): Pick<Outline, 'parents' | 'outsideIn'> {
  const children = new Map<number, number[]>();
  claimed.forEach((parent, place) => {
    const siblings = children.get(parent);
    if (siblings) siblings.push(place);
    else children.set(parent, [place]);
  });
  const parents = claimed.slice();
  const outsideIn = children.get(-1)?.slice() ?? [];
  for (let next = 0; next < outsideIn.length; next++) {
    for (const child of children.get(outsideIn[next] as number) ?? []) outsideIn.push(child);
  }
  if (outsideIn.length < claimed.length) {
    const reached = new Set(outsideIn);
    claimed.forEach((_, place) => {
      if (reached.has(place)) return;
      parents[place] = -1;
      outsideIn.push(place);
    });
  }
  return { parents, outsideIn };
}

/** Whether `inner` lies inside `outer`, at any depth; nothing lies inside itself. */
export function isInside(parents: readonly number[], inner: number, outer: number): boolean {
  for (let at = parents[inner] ?? -1; at !== -1; at = parents[at] ?? -1) if (at === outer) return true;
  return false;
}

/** The id without that of its sub-flow: `clean#2` of `prepare#0.clean#2`. */
export function localId(node: ViewNode): string {
  const prefix = `${node.parent}.`;
  return node.parent !== undefined && node.id.startsWith(prefix) ? node.id.slice(prefix.length) : node.id;
}
