import { MillraceError } from '../base/error.js';
import { nearest } from '../base/nearest.js';
import { TaskSelection } from '../engine/task-selection.js';
import type { FlowDefinition, ResumeChoice, Resumed } from '../flow/flow-runtime.js';
import { checkOptions } from '../flow/option-kinds.js';
import { givenNames, type ParameterSources } from '../flow/parameter-sources.js';
import { resolveParameters } from '../flow/parameters.js';
import { printLine } from '../log/print-line.js';
import type { RunRow } from '../model/records.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import { everyRun } from '../runs/every-run.js';
import type { RunRecord } from '../runs/run-record.js';
import { loadEarlierWork, type ResumedWork } from './earlier-work.js';
import { findRun } from './past/look-up.js';
import { pastRun } from './past-run.js';
import { openProject } from './project.js';
import { withRecorded } from './resume-parameters.js';
import { START_OPTIONS, type StartOptions } from './run-options.js';
import { recordedParams } from './run-row.js';
import { sourcesOf } from './run-sources.js';
import { startRun } from './start-run.js';

/**
 * Goes on with a run that came to nothing: a new run, which takes over what that one, and those that it resumed, have finished (S30).
 * @throws MillraceError `RUN_UNKNOWN`, `NOTHING_TO_RESUME`, `RUN_OF_ANOTHER_FLOW`, `RUN_GOING_ON`, `TASK_UNKNOWN`, `PARAM_NOT_RECORDED`; ParameterError
 */
export async function resumeFlow(flow: FlowDefinition, given: ParameterSources, choice: ResumeChoice, options: StartOptions): Promise<Resumed> {
  checkOptions(START_OPTIONS, options, 'RUN_OPTION_INVALID');
  await using project = await openProject();
  const { record } = project;
  const origin = await originOf(record, flow, choice.runId);
  const sources = withRecorded(flow, origin, given);
  if (isToBeDoneAgain(choice, options) || !hasDoneAll(origin) || (await hasOtherParameters(flow, origin, sources))) {
    const resume = await loadEarlierWork(record, origin);
    const from = choice.from === undefined ? undefined : typeof choice.from === 'string' ? choice.from : choice.from.taskName;
    if (from !== undefined) await checkStep(flow, from, resume, sources);
    return { origin: pastRun(flow, origin), handle: startRun(flow, sources, { ...options, resume, ...(from === undefined ? {} : { from }) }) };
  }
  if (options.echo !== false) printLine('info', `run ${origin.id} of flow '${flow.name}' has succeeded: there is nothing to resume`);
  return { origin: pastRun(flow, origin), handle: undefined };
}

/** Of a run that has succeeded, too, something is to be executed. */
function isToBeDoneAgain({ from }: ResumeChoice, { force, forceOnly, only }: StartOptions): boolean {
  return from !== undefined || force !== undefined || forceOnly !== undefined || only !== undefined;
}

async function originOf(record: RunRecord, flow: FlowDefinition, runId: string | undefined): Promise<RunRow> {
  const origin = runId === undefined ? await newestToResume(record, flow.name) : await findRun(record, runId);
  if (origin.flow !== flow.name) {
    throw new MillraceError('RUN_OF_ANOTHER_FLOW', `expected a run of flow '${flow.name}'; ${origin.id} is one of '${origin.flow}'`, {
      hint: `Resume it with its own flow, or name another run: ${flow.name}/latest is the newest of this one.`,
    });
  }
  if (FINAL_RUN_STATES.has(origin.state)) return origin;
  throw goingOn(`expected a run that has ended; ${origin.id}`, origin);
}

/** Who names no run does not mean one that somebody is resuming already. */
function notBusy(row: RunRow, by: RunRow | undefined): RunRow {
  if (by === undefined) return row;
  throw goingOn(`the newest run that has not succeeded, ${row.id}, is being resumed: ${by.id}`, by);
}

function goingOn(sentence: string, { state, owner }: RunRow): MillraceError {
  return new MillraceError('RUN_GOING_ON', `${sentence} is ${state}, in process ${owner.pid} on ${owner.host}`, {
    hint: 'Wait for its end, or cancel it first.',
  });
}

/** The newest run that did not succeed, and that nobody has resumed to success since. */
async function newestToResume(record: RunRecord, flow: string): Promise<RunRow> {
  /** What was resumed, at once or over several runs, to a success. */
  const done = new Set<string>();
  /** What is being resumed at this moment, by whom. */
  const busy = new Map<string, RunRow>();
  let newest: RunRow | undefined;
  for await (const row of everyRun(record, { flow })) {
    newest ??= row;
    const isDone = hasDoneAll(row) || done.has(row.id);
    if (isDone && row.originRun !== undefined) done.add(row.originRun);
    const isFinal = FINAL_RUN_STATES.has(row.state);
    if (!isFinal && row.originRun !== undefined) busy.set(row.originRun, row);
    if (isFinal && !isDone) return notBusy(row, busy.get(row.id));
  }
  if (newest === undefined) return await findRun(record, `${flow}/latest`);
  const is = FINAL_RUN_STATES.has(newest.state) ? 'has succeeded' : `is still ${newest.state}`;
  throw new MillraceError('NOTHING_TO_RESUME', `expected a run of flow '${flow}' that has not succeeded; the newest, ${newest.id}, ${is}`, {
    hint: 'Name a run to run a part of it again, or with other parameters: --from <task>, --param name=value.',
  });
}

/** A run that resumed another for some of its tasks has left the others to whoever goes on. */
function hasDoneAll({ state, only, originRun }: RunRow): boolean {
  return state === 'success' && (only === undefined || originRun === undefined);
}

/** Whether what is given now is not what the run had. */
async function hasOtherParameters(flow: FlowDefinition, origin: RunRow, sources: ParameterSources): Promise<boolean> {
  const names = [...givenNames(sources).keys()];
  if (names.length === 0) return false;
  const params = recordedParams(await resolveParameters(flow.params ?? {}, sourcesOf(flow, sources)), (text) => text);
  return names.some((name) => params[name] !== origin.params[name]);
}

/** A step that neither the run nor the flow has would be resumed from in vain, and in silence. */
async function checkStep(flow: FlowDefinition, from: string, { work }: ResumedWork, sources: ParameterSources): Promise<void> {
  const selection = new TaskSelection([from]);
  const known = new Set(work.runs.flatMap(({ taskRuns }) => taskRuns.map(({ task }) => task)));
  for (const { id, taskRuns } of work.runs) {
    for (const { index, origin } of taskRuns) for (const task of work.tasksInside(origin?.run ?? id, origin?.index ?? index)) known.add(task);
  }
  if ([...known].some((task) => selection.has(task))) return;
  const { graphOfFlow } = await import('./drawing.js');
  const { nodes } = await graphOfFlow(flow, sources);
  // One that nobody has come to yet is executed anyway: there is no need to name it, and if the body decides about it, no way to know it.
  if (nodes.some(({ task }) => selection.has(task))) return;
  const tasks = [...new Set([...known, ...nodes.map(({ task }) => task)])];
  const meant = nearest(from, tasks);
  throw new MillraceError('TASK_UNKNOWN', `expected a task of flow '${flow.name}' to resume from; got '${from}'`, {
    hint: meant === undefined ? `Its tasks are ${tasks.join(', ')}.` : `Did you mean '${meant}'?`,
  });
}
