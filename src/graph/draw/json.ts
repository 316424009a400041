import type { GraphData, ViewEdge, ViewNode } from '../graph-view.js';

/** A graph as data for other programs. */
export interface GraphJson {
  readonly flow: string;
  readonly complete: boolean;
  readonly stoppedAt?: string;
  readonly nodes: readonly ViewNode[];
  readonly edges: readonly ViewEdge[];
}

export function toJson({ flowName, complete, stoppedAt, nodes, edges }: GraphData): GraphJson {
  return { flow: flowName, complete, ...(stoppedAt === undefined ? {} : { stoppedAt }), nodes, edges };
}
