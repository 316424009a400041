import type { GraphData, ViewEdge, ViewNode } from '../../../../src/graph/graph-view.js';

export function node(id: string, options: Partial<ViewNode> = {}): ViewNode {
  const task = (options.parent === undefined ? id : id.slice(options.parent.length + 1)).replace(/#.*$/, '');
  return { id, task, state: 'unknown', certain: true, upstream: [], ...options };
}

export function edge(from: string, to: string, label?: string, kind: ViewEdge['kind'] = 'data'): ViewEdge {
  return { from, to, kind, ...(label === undefined ? {} : { label }) };
}

export function graph(nodes: readonly ViewNode[], edges: readonly ViewEdge[] = [], options: Partial<GraphData> = {}): GraphData {
  return { flowName: 'penguins', nodes, edges, complete: true, ...options };
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** A preview with a bit of everything: reasons, an order edge, a sub-flow, an end that is not certain. */
export const preview: GraphData = graph(
  [
    node('load#0', { state: 'pending', why: { kind: 'input-changed', detail: "path 'a.csv' -> 'b.csv'" } }),
    node('setup#0', { state: 'complete' }),
    node('prepare#0', { state: 'pending', why: { kind: 'upstream-pending', detail: 'load#0' } }),
    node('prepare#0.clean#0', { state: 'pending', parent: 'prepare#0' }),
    node('prepare#0.split#0', { state: 'pending', parent: 'prepare#0' }),
    node('train#0', { state: 'pending' }),
    node('publish#0', { certain: false }),
  ],
  [
    edge('load#0', 'prepare#0', 'rows'),
    edge('setup#0', 'load#0', undefined, 'order'),
    edge('prepare#0.clean#0', 'prepare#0.split#0', 'rows'),
    edge('prepare#0', 'train#0', 'rows.train'),
    edge('load#0', 'train#0', 'raw'),
    edge('train#0', 'publish#0', undefined, 'control'),
  ],
  { complete: false, stoppedAt: 'flow.ts:12:3' },
);
