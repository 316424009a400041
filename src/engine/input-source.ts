import { NODE, PATH, pathText } from '../graph/ref.js';
import { visitReferences } from '../graph/references.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { nameAt } from './inputs.js';

/** Sources named of one input; the rest is counted. */
const NAMED = 3;

/** What stands behind an input of a node: `clean#0`, `split#0.train`; undefined for a value that the body gave. To be asked while the node has its arguments. */
export function inputSource(graph: TaskGraph, node: number, name: string): string | undefined {
  const { parameterNames } = graph.definitions[node] as TaskDefinition;
  const args = graph.args[node] as readonly unknown[];
  const sources = new Set<string>();
  visitReferences(args, parameterNames, (ref, position) => {
    if (nameAt(parameterNames, position) === name) sources.add(pathText(graph.called(ref[NODE]), ref[PATH]));
  });
  if (sources.size === 0) return undefined;
  const named = [...sources].slice(0, NAMED).join(', ');
  return sources.size > NAMED ? `${named} and ${sources.size - NAMED} more` : named;
}
