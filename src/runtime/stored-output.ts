import { MillraceError } from '../base/error.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import { type ParameterSources, resolveParameters } from '../flow/parameters.js';
import { openProject } from './project.js';
import { sourcesOf } from './run-sources.js';
import { trace } from './trace.js';
import { unknownTask } from './unknown-task.js';

/** The stored value of a task's first call under these parameters (D2). Runs nothing. @throws MillraceError `TASK_UNKNOWN`, `NOT_COMPLETE` */
export async function storedOutput(flow: FlowDefinition, task: string, sources: ParameterSources): Promise<unknown> {
  const params = await resolveParameters(flow.params ?? {}, sourcesOf(flow, sources));
  await using project = await openProject({ look: true });
  const { tracer, data } = await trace(flow, params, [], project);
  const node = tracer.nodes.firstOf(task);
  if (node === undefined) throw unknownTask(flow.name, task, [...new Set(data.nodes.map((known) => known.task))]);
  const { state, why } = await tracer.nodes.answer(node);
  if (state === 'complete') return await tracer.nodes.value(node);
  const reason = why === undefined ? state : `${why.kind}${why.detail === undefined ? '' : `: ${why.detail}`}`;
  throw new MillraceError('NOT_COMPLETE', `expected a stored result of '${tracer.graph.id(node)}' for these parameters; there is none (${reason})`, {
    hint: 'Run the flow with them first. A task without `cache` leaves no result that could be found again.',
  });
}
