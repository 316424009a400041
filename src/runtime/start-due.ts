import { MillraceError } from '../base/error.js';
import type { FlowDefinition, ResumeChoice, Resumed, RunHandle } from '../flow/flow-runtime.js';
import type { ParameterSources } from '../flow/parameters.js';
import type { DueRun } from '../model/due-run.js';
import { decodeText } from '../results/json.js';
import type { StartOptions } from './run-options.js';
import { startRun } from './start-run.js';

/** A flow as it can be started: `FlowInside` of a flow that was loaded from a file, or its definition, where that is of this copy of the package. */
export interface StartableFlow {
  readonly definition: Pick<FlowDefinition, 'name'>;
  start(sources: ParameterSources, options: StartOptions): RunHandle<unknown>;
  resume(sources: ParameterSources, choice: ResumeChoice, options: StartOptions): Promise<Resumed>;
}

export function startable(definition: FlowDefinition): StartableFlow {
  return {
    definition,
    start: (sources, options) => startRun(definition, sources, options),
    resume: async (sources, choice, options) => await (await import('./resume.js')).resumeFlow(definition, sources, choice, options),
  };
}

/**
 * Starts the run that a due run is to be: under its id, for its time, with its parameters; one that goes on with another run takes over what that
 * has finished.
 * @param sources where parameters come from that the due run does not have: the environment
 * @throws MillraceError what resuming throws, and `NOTHING_TO_RESUME` when that run has succeeded by now; what is wrong with parameters comes out of
 * `result()`
 */
export async function startDue(
  flow: StartableFlow,
  due: DueRun,
  options: StartOptions = {},
  sources: ParameterSources = {},
): Promise<RunHandle<unknown>> {
  const own: StartOptions = { ...options, due, tags: [...(options.tags ?? []), ...due.tags] };
  const given: ParameterSources = { ...sources, argument: argumentsOf(due) };
  if (due.resumes === undefined) return flow.start(given, own);
  // Nobody reads here that there is nothing to do: whoever asked is told.
  const { handle } = await flow.resume(given, { runId: due.resumes }, { ...own, ...repeated(due) });
  if (handle !== undefined) return handle;
  throw new MillraceError('NOTHING_TO_RESUME', `run ${due.resumes} of flow '${flow.definition.name}' has succeeded: there is nothing to resume`, {
    hint: 'Name tasks to execute again, or other parameters.',
  });
}

/** As they were given: the flow's schemas judge them. */
function argumentsOf({ params }: DueRun): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(params).map(([name, text]) => [name, decodeText(text)]));
}

function repeated({ again }: Pick<DueRun, 'again'>): Pick<StartOptions, 'force' | 'forceOnly'> {
  if (again === undefined) return {};
  return again.downstream ? { force: again.tasks } : { forceOnly: again.tasks };
}
