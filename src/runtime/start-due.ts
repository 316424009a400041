import type { FlowDefinition, RunHandle } from '../flow/flow-runtime.js';
import type { ParameterSources } from '../flow/parameters.js';
import type { DueRun } from '../model/due-run.js';
import { decodeText } from '../results/json.js';
import type { StartOptions } from './run-options.js';
import { startRun } from './start-run.js';

/**
 * Starts the run that a due run is to be: under its id, for its time, with its parameters; one that goes on with another run takes over what that
 * has finished.
 * @throws MillraceError what resuming throws; what is wrong with parameters comes out of `result()`
 */
export async function startDue(flow: FlowDefinition, due: DueRun, options: StartOptions = {}): Promise<RunHandle<unknown>> {
  const own: StartOptions = { ...options, due, tags: [...(options.tags ?? []), ...due.tags] };
  if (due.resumes === undefined) return startRun(flow, sourcesOfDue(due), own);
  const { resumeFlow } = await import('./resume.js');
  const { handle } = await resumeFlow(flow, sourcesOfDue(due), { runId: due.resumes }, { ...own, ...repeated(due) });
  // A run that has succeeded is not gone on with.
  return handle ?? startRun(flow, sourcesOfDue(due), own);
}

/** Its parameters are as they were given: the flow's schemas judge them. */
export function sourcesOfDue({ params }: Pick<DueRun, 'params'>): ParameterSources {
  return { argument: Object.fromEntries(Object.entries(params).map(([name, text]) => [name, decodeText(text)])) };
}

function repeated({ again }: Pick<DueRun, 'again'>): Pick<StartOptions, 'force' | 'forceOnly'> {
  if (again === undefined) return {};
  return again.downstream ? { force: again.tasks } : { forceOnly: again.tasks };
}
