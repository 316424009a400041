import { inspect } from 'node:util';
import { JUPYTER_DISPLAY } from '../../base/jupyter.js';
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
  const graph: Graph = {
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
  };
  // In a REPL and in a notebook the picture says more than its parts. Not enumerable: a copy of the data is data.
  Object.defineProperties(graph, {
    [inspect.custom]: { value: () => toText(data) },
    [JUPYTER_DISPLAY]: { value: async () => ({ 'text/plain': toText(data), 'image/svg+xml': await toSvg(data) }) },
  });
  return Object.freeze(graph);
}
