import type { GraphScope, TaskGraph } from '../../graph/task-graph.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../../model/task-definition.js';

/** Stands for a parameter that was not given: a graph can be drawn without it. */
const PARAMETER: TaskDefinition = Object.freeze({
  ...TASK_DEFAULTS,
  kind: 'derived',
  name: 'parameter',
  parameterNames: ['name'],
  fn: () => undefined,
});

export function addMissingParameter(graph: TaskGraph, scope: GraphScope, name: string): number {
  return graph.add(PARAMETER, [name], scope, undefined);
}

export function isMissingParameter(definition: TaskDefinition): boolean {
  return definition === PARAMETER;
}

/** What people know it by. */
export function calledParameter(name: unknown): string {
  return `parameter '${String(name)}'`;
}
