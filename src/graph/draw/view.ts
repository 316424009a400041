import type { DotOptions, Graph, GraphData } from '../graph-view.js';
import { toDot } from './dot.js';
import { toJson } from './json.js';
import { toMermaid } from './mermaid.js';
import { toSvg } from './svg.js';
import { toText } from './text.js';
import { toTree } from './tree.js';

/** Joins a graph's data and its pictures. Nothing is computed before a picture is asked for. */
export function createGraph(data: GraphData): Graph {
  const { flowName, nodes, edges, complete, stoppedAt } = data;
  return Object.freeze({
    flowName,
    nodes,
    edges,
    complete,
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    toDot: (options?: DotOptions) => toDot(data, options),
    toMermaid: (options?: DotOptions) => toMermaid(data, options),
    toSvg: (options?: DotOptions) => toSvg(data, options),
    toString: () => toText(data),
    toTree: () => toTree(data),
    toJSON: () => toJson(data),
  });
}
