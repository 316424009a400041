import { MillraceError } from '../base/error.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import { type ParameterSources, resolveParameters } from '../flow/parameters.js';
import { openProject } from './project.js';
import { sourcesOf } from './run-sources.js';
import { trace } from './trace.js';

/** The stored value of a task's first call under these parameters (D2). Runs nothing. @throws MillraceError `TASK_UNKNOWN`, `NOT_COMPLETE` */
export async function storedOutput(flow: FlowDefinition, task: string, sources: ParameterSources): Promise<unknown> {
  const params = await resolveParameters(flow.params ?? {}, sourcesOf(flow, sources));
  await using project = await openProject({ look: true });
  const { tracer, data } = await trace(flow, params, [], project);
  const [node] = tracer.nodesOf(task);
  if (node === undefined) throw unknownTask(flow.name, task, [...new Set(data.nodes.map((known) => known.task))]);
  const { state, why } = await tracer.answer(node);
  if (state === 'complete') return await tracer.read(node);
  const reason = why === undefined ? state : `${why.kind}${why.detail === undefined ? '' : `: ${why.detail}`}`;
  throw new MillraceError('NOT_COMPLETE', `expected a stored result of '${tracer.graph.id(node)}' for these parameters; there is none (${reason})`, {
    hint: 'Run the flow with them first. A task without `cache` leaves no result that could be found again.',
  });
}

export function unknownTask(flow: string, task: string, tasks: readonly string[]): MillraceError {
  return new MillraceError('TASK_UNKNOWN', `expected a task of flow '${flow}'; got '${task}'`, { hint: `Its tasks are ${tasks.join(', ')}.` });
}
