import type { ViewEdge } from '../graph/graph-view.js';
import type { RealEdge } from './real-edges.js';

/** An edge as it is drawn. */
export type DrawnEdge = Omit<RealEdge, 'kind'> & { readonly kind: ViewEdge['kind'] };

/** Steps a search may take for one node; beyond it, control edges stay as they are. */
const MAX_STEPS = 10_000;
/** Control edges into one node that are followed back; more than these nobody can tell apart in a drawing. */
const MAX_CONTROL = 500;

/**
 * Control edges written out (S3), less those that other edges imply: what a node was made after, and can be reached from it otherwise. Those with
 * a label are a branch's, and say more than that: they stay.
 */
export function reduceControl(edgesOf: ReadonlyMap<number, readonly RealEdge[]>): Map<number, readonly DrawnEdge[]> {
  const written = new Map<number, readonly DrawnEdge[]>();
  for (const [node, edges] of edgesOf) written.set(node, writtenOut(edges, edgesOf));
  const reduced = new Map<number, readonly DrawnEdge[]>();
  for (const [node, edges] of written) reduced.set(node, edges.some(({ kind }) => kind === 'control') ? withoutImplied(edges, written) : edges);
  return reduced;
}

function writtenOut(edges: readonly RealEdge[], edgesOf: ReadonlyMap<number, readonly RealEdge[]>): readonly DrawnEdge[] {
  const fed = new Set(edges.filter(({ kind }) => kind === 'data' || kind === 'order').map(({ from }) => from));
  const own = edges.filter(
    (edge): edge is DrawnEdge => edge.kind !== 'control-as' && !(edge.kind === 'control' && edge.label === undefined && fed.has(edge.from)),
  );
  const known = new Set([...fed, ...own.map(({ from }) => from)]);
  const control: DrawnEdge[] = [];
  let next = sameAs(edges);
  while (next !== undefined && control.length < MAX_CONTROL) {
    const earlier: readonly RealEdge[] = edgesOf.get(next) ?? [];
    for (const { from, kind, label } of earlier) {
      if (kind !== 'control' || label !== undefined || known.has(from)) continue;
      known.add(from);
      control.push({ from, kind, label: undefined });
    }
    next = sameAs(earlier);
  }
  return control.length === 0 ? own : [...own, ...control];
}

function sameAs(edges: readonly RealEdge[]): number | undefined {
  return edges.find(({ kind }) => kind === 'control-as')?.from;
}

function withoutImplied(edges: readonly DrawnEdge[], edgesOf: ReadonlyMap<number, readonly DrawnEdge[]>): readonly DrawnEdge[] {
  const implied = new Set<number>();
  const stack = edges.flatMap(({ from }) => edgesOf.get(from) ?? []).map(({ from }) => from);
  for (let steps = 0; stack.length > 0 && steps < MAX_STEPS; steps++) {
    const next = stack.pop() as number;
    if (implied.has(next)) continue;
    implied.add(next);
    for (const { from } of edgesOf.get(next) ?? []) stack.push(from);
  }
  return edges.filter(({ kind, from, label }) => kind !== 'control' || label !== undefined || !implied.has(from));
}
