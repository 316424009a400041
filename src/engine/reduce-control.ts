import type { RealEdge } from './real-edges.js';

/** Steps a search may take for one node; beyond it, control edges stay as they are. */
const MAX_STEPS = 10_000;

/** Leaves out control edges that other edges imply (S3): what a node was made after, and can be reached from it otherwise. */
export function reduceControl(edgesOf: ReadonlyMap<number, readonly RealEdge[]>): Map<number, readonly RealEdge[]> {
  const reduced = new Map<number, readonly RealEdge[]>();
  for (const [node, edges] of edgesOf) reduced.set(node, edges.some(({ kind }) => kind === 'control') ? withoutImplied(edges, edgesOf) : edges);
  return reduced;
}

function withoutImplied(edges: readonly RealEdge[], edgesOf: ReadonlyMap<number, readonly RealEdge[]>): readonly RealEdge[] {
  const implied = new Set<number>();
  const stack = edges.flatMap(({ from }) => edgesOf.get(from) ?? []).map(({ from }) => from);
  for (let steps = 0; stack.length > 0 && steps < MAX_STEPS; steps++) {
    const next = stack.pop() as number;
    if (implied.has(next)) continue;
    implied.add(next);
    for (const { from } of edgesOf.get(next) ?? []) stack.push(from);
  }
  return edges.filter(({ kind, from }) => kind !== 'control' || !implied.has(from));
}
