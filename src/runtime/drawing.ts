import { writeFileAtomic } from '../base/atomic-file.js';
import { systemClock } from '../base/clock.js';
import { MillraceError } from '../base/error.js';
import { functionTextDigest } from '../code/function-text.js';
import { NO_FORCE } from '../engine/force.js';
import { graphOfRun, graphOfTrace } from '../engine/graph-data.js';
import { Reuse } from '../engine/reuse.js';
import { Tracer } from '../engine/tracer.js';
import type { FlowDefinition, VisualizeOptions } from '../flow/flow-runtime.js';
import { ParameterError, type ParameterSources, type ResolvedParameters, resolveParameters } from '../flow/parameters.js';
import { createGraph } from '../graph/draw/view.js';
import type { Graph } from '../graph/graph-view.js';
import { createTaskLogger } from '../log/run-log.js';
import type { TaskContext } from '../model/task-context.js';
import { keeperOf, openProject } from './project.js';

/** The graph as the body draws it (S29), with what is known of each node's result (S27). Parameters must be complete. */
export async function previewFlow(flow: FlowDefinition, sources: ParameterSources): Promise<Graph> {
  const params = await resolveParameters(flow.params ?? {}, { environment: process.env, ...sources });
  return await traceFlow(flow, params.values, []);
}

/** The same, where required parameters may be left out: the drawing does not need them. */
export async function graphOfFlow(flow: FlowDefinition, sources: ParameterSources): Promise<Graph> {
  const { values, missing } = await resolveWhatIsGiven(flow, sources);
  return await traceFlow(flow, values, missing);
}

export async function visualizeFlow(flow: FlowDefinition, sources: ParameterSources, options: VisualizeOptions): Promise<string> {
  const graph = options.from === undefined || options.from === 'trace' ? await graphOfFlow(flow, sources) : await graphOfPastRun(options.from.runId);
  const drawing = await draw(graph, options.format ?? formatOf(options.file));
  if (options.file !== undefined) await writeFileAtomic(options.file, drawing, { durable: false });
  return drawing;
}

/** @throws MillraceError `RUN_UNKNOWN` */
export async function graphOfPastRun(runId: string): Promise<Graph> {
  await using project = await openProject();
  const run = await project.record.run(runId);
  if (run === undefined)
    throw new MillraceError('RUN_UNKNOWN', `expected the id of a recorded run, or <flow>/latest; got '${runId}'`, {
      hint: 'millrace runs lists them.',
    });
  return createGraph(graphOfRun(run.flow, await project.record.taskRuns(run.id)));
}

async function traceFlow(flow: FlowDefinition, params: Readonly<Record<string, unknown>>, missing: readonly string[]): Promise<Graph> {
  await using project = await openProject();
  const { record } = project;
  const keeper = flow.store ? keeperOf(record, flow.store, true) : project.keeper;
  const run = { id: '(preview)', flowName: flow.name, params };
  const reuse = new Reuse({ record, keeper, clock: systemClock, codeDigest: ({ fn }) => functionTextDigest(fn), run });
  const tracer = new Tracer({
    flowName: flow.name,
    params,
    keeper,
    reuse,
    defaultCache: flow.cache,
    force: NO_FORCE,
    context: (values) => tracingContext(flow.name, values),
  });
  await tracer.trace(flow.body, missing);
  return createGraph(await graphOfTrace(tracer));
}

function tracingContext(flowName: string, params: Readonly<Record<string, unknown>>): TaskContext {
  const id = '(preview)';
  const log = createTaskLogger(() => {});
  return { runId: id, flowName, taskRunId: id, attempt: 0, signal: new AbortController().signal, log, params, idempotencyKey: id, tracing: true };
}

async function resolveWhatIsGiven(
  flow: FlowDefinition,
  sources: ParameterSources,
): Promise<{ values: ResolvedParameters['values']; missing: readonly string[] }> {
  const withEnvironment = { environment: process.env, ...sources };
  try {
    return { values: (await resolveParameters(flow.params ?? {}, withEnvironment)).values, missing: [] };
  } catch (error) {
    if (!(error instanceof ParameterError) || error.issues.some(({ problem }) => problem !== 'missing')) throw error;
    const missing = error.issues.map(({ parameter }) => parameter);
    const given = Object.fromEntries(Object.entries(flow.params ?? {}).filter(([name]) => !missing.includes(name)));
    return { values: (await resolveParameters(given, withEnvironment)).values, missing };
  }
}

function formatOf(file: string | undefined): NonNullable<VisualizeOptions['format']> {
  const extension = file?.slice(file.lastIndexOf('.') + 1);
  return extension === 'svg' || extension === 'json' ? extension : extension === 'mmd' ? 'mermaid' : 'dot';
}

async function draw(graph: Graph, format: NonNullable<VisualizeOptions['format']>): Promise<string> {
  switch (format) {
    case 'dot':
      return graph.toDot();
    case 'svg':
      return await graph.toSvg();
    case 'mermaid':
      return graph.toMermaid();
    case 'json':
      return `${JSON.stringify(graph, null, 2)}\n`;
    default:
      throw new MillraceError('FORMAT_UNKNOWN', `expected the format dot, svg, mermaid or json; got '${String(format)}'`);
  }
}
