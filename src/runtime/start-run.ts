import { systemClock } from '../base/clock.js';
import type { FlowDefinition, RunHandle } from '../flow/flow-runtime.js';
import { checkOptions } from '../flow/option-kinds.js';
import { type ParameterSources, resolveParameters } from '../flow/parameters.js';
import { scopes } from '../flow/scope.js';
import { newRunId } from '../model/run-id.js';
import { afterwards } from './deliveries.js';
import { loadNewestWork } from './earlier-work.js';
import { FlowRun } from './flow-run.js';
import { openProject } from './project.js';
import { resumeChildren, resumedChild } from './resumed-children.js';
import { RetriedRun } from './retried-run.js';
import { RunInProgress } from './run-handle.js';
import { START_OPTIONS, type StartOptions } from './run-options.js';
import { sourcesOf } from './run-sources.js';
import { type WatchedRun, watching, watchOf } from './run-watch.js';
import { scheduledTimeOf } from './scheduled-time.js';

export type { StartOptions } from './run-options.js';

/** Starts a run, and where the flow says so, tries it again should it fail; what can go wrong before anything runs comes out of `result()`. */
export function startRun(flow: FlowDefinition, sources: ParameterSources, options: StartOptions): RunHandle<unknown> {
  if (flow.retries === 0) return startOnce(flow, sources, options);
  const { from: _, force: __, forceOnly: ___, due: ____, ...again } = options;
  const tries = {};
  return new RetriedRun(flow.retries, (tried) => startOnce(flow, sources, { ...(tried.retries === undefined ? options : again), ...tried, tries }));
}

function startOnce(flow: FlowDefinition, sources: ParameterSources, options: StartOptions): RunInProgress {
  const handle = new RunInProgress(options.due?.run ?? newRunId(systemClock.now()));
  const parentRun = scopes.getStore()?.context.runId;
  const { options: own, unwatch } = watchedAs(handle, flow, options, parentRun);
  // Not in the context of whoever starts it: a run of its own has a body of its own.
  return handle.follow(scopes.exit(() => execute(handle, flow, sources, own, parentRun).finally(unwatch)));
}

/** A run that is started by one that is watched is watched with it, and prints nothing by itself. */
function watchedAs(
  handle: RunInProgress,
  flow: FlowDefinition,
  options: StartOptions,
  parent: string | undefined,
): { readonly options: StartOptions; readonly unwatch: () => void } {
  const inherited = watchOf(parent);
  const watch = options.watch ?? inherited;
  if (watch === undefined) return { options, unwatch: () => {} };
  const { retries } = options;
  const of: WatchedRun = { run: handle.id, flow: flow.name, name: options.name, parent, ...(retries === undefined ? {} : { retries }) };
  watch.started(of);
  handle.hub.listen((event) => watch.event(event, of));
  handle.onGone(() => watch.gone(of));
  const signal = options.signal ?? inherited?.signal;
  return { options: { echo: false, ...options, ...(signal ? { signal } : {}) }, unwatch: watching(handle.id, watch) };
}

async function execute(
  handle: RunInProgress,
  flow: FlowDefinition,
  sources: ParameterSources,
  options: StartOptions,
  parentRun: string | undefined,
): Promise<unknown> {
  try {
    checkOptions(START_OPTIONS, options, 'RUN_OPTION_INVALID');
    const params = await resolveParameters(flow.params ?? {}, sourcesOf(flow, sources));
    const project = await openProject();
    let run: FlowRun | undefined;
    try {
      const resume = options.resume ?? (await resumedChild(project.record, parentRun, flow, params));
      const leave = resume && resumeChildren(handle.id, resume, options);
      const work = options.only && project.lasting ? await loadNewestWork(project.record, flow.name) : undefined;
      const own = { ...options, resume, work };
      const scheduled = scheduledTimeOf(own, systemClock.now());
      run = new FlowRun({ handle, flow, params, options: own, project, scheduled });
      return await run.run(parentRun).finally(leave);
    } finally {
      await afterwards(run?.notifications.settled(), () => project[Symbol.asyncDispose]());
    }
  } catch (error) {
    if (handle.state === 'pending') handle.move('failed', systemClock.now(), error);
    throw error;
  }
}
