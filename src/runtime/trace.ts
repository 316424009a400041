import { systemClock } from '../base/clock.js';
import { NO_FORCE } from '../engine/force.js';
import { graphOfTrace } from '../engine/graph-data.js';
import { Reuse } from '../engine/reuse.js';
import { Tracer } from '../engine/trace/tracer.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import type { ResolvedParameters } from '../flow/parameters.js';
import { scopes } from '../flow/scope.js';
import type { GraphData } from '../graph/graph-view.js';
import { captureOutput, type OutputTarget } from '../log/capture.js';
import { createMask, type Mask } from '../log/mask.js';
import { maskData } from '../log/mask-data.js';
import { maskError } from '../log/mask-error.js';
import { printLine } from '../log/print-line.js';
import { createTaskLogger } from '../log/run-log.js';
import { secretTexts } from '../model/secret.js';
import type { TaskContext } from '../model/task-context.js';
import { bodyContext, KEEPS_NOTHING } from './body-context.js';
import { codeOfFlow } from './code-of-flow.js';
import { keeperFor, type Project, rootsOf } from './project.js';

/** A body that was gone through without running a task: who knows of each node's result, and the graph to look at. */
export interface Trace {
  readonly tracer: Tracer;
  readonly data: GraphData;
}

/** @param missing parameters that were not given: a graph can be drawn without them */
export async function trace(
  flow: FlowDefinition,
  { values: params, secrets: given }: ResolvedParameters,
  missing: readonly string[],
  project: Project,
): Promise<Trace> {
  const { record, places } = project;
  const keeper = keeperFor(project, flow.store);
  const run = { id: '(preview)', flowName: flow.name, params };
  const code = codeOfFlow(flow, project);
  const reuse = new Reuse({ record, keeper, clock: systemClock, code, places, isLook: true, run });
  const secrets = [...given, ...secretTexts()];
  const mask = createMask(secrets);
  const tracer = new Tracer({
    flowName: flow.name,
    params,
    keeper,
    reuse,
    targets: { time: new Date(systemClock.now()), roots: rootsOf(project, flow.store, mask) },
    defaultCache: flow.cache,
    defaults: flow.defaults,
    force: NO_FORCE,
    context: (values) => tracingContext(flow.name, values),
  });
  const release = secrets.length > 0 ? printMasked(mask) : undefined;
  try {
    await tracer.trace(flow.body, missing);
  } catch (error) {
    maskError(error, mask);
    throw error;
  } finally {
    release?.();
  }
  await code.save();
  const data = await graphOfTrace(tracer);
  return { tracer, data: secrets.length > 0 ? maskData(data, mask) : data };
}

/** While a body is traced, what it prints goes where it would have gone, without the secrets (S18). */
function printMasked(mask: Mask): () => void {
  const target: OutputTarget = {
    line: (level, text) => printLine(level, mask(text)),
  };
  const capture = captureOutput(() => (scopes.getStore()?.context.tracing ? target : undefined));
  return () => {
    capture.flush(target);
    capture.release();
  };
}

function tracingContext(flowName: string, params: Readonly<Record<string, unknown>>): TaskContext {
  const log = createTaskLogger(() => {});
  const now = systemClock.now();
  return bodyContext(
    { runId: '(preview)', flowName, params, signal: new AbortController().signal, log, scheduled: { at: now, from: now }, tracing: true },
    KEEPS_NOTHING,
  );
}
