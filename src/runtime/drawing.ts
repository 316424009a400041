import { writeFileAtomic } from '../base/atomic-file.js';
import { systemClock } from '../base/clock.js';
import { MillraceError } from '../base/error.js';
import { NO_FORCE } from '../engine/force.js';
import { graphOfRun, graphOfTrace } from '../engine/graph-data.js';
import { Reuse } from '../engine/reuse.js';
import { Tracer } from '../engine/tracer.js';
import type { FlowDefinition, VisualizeOptions } from '../flow/flow-runtime.js';
import { ParameterError, type ParameterSources, type ResolvedParameters, resolveParameters } from '../flow/parameters.js';
import { scopes } from '../flow/scope.js';
import { createGraph } from '../graph/draw/view.js';
import type { Graph } from '../graph/graph-view.js';
import { captureOutput, type OutputTarget } from '../log/capture.js';
import { createMask, type Mask } from '../log/mask.js';
import { maskData } from '../log/mask-data.js';
import { maskError } from '../log/mask-error.js';
import { printLine } from '../log/print-line.js';
import { createTaskLogger } from '../log/run-log.js';
import type { TaskContext } from '../model/task-context.js';
import { bodyContext } from './body-context.js';
import { codeOfFlow } from './code-of-flow.js';
import { keeperFor, openProject } from './project.js';

/** The graph as the body draws it (S29), with what is known of each node's result (S27). Parameters must be complete. */
export async function previewFlow(flow: FlowDefinition, sources: ParameterSources): Promise<Graph> {
  const params = await resolveParameters(flow.params ?? {}, { environment: process.env, ...sources });
  return await traceFlow(flow, params, []);
}

/** The same, where required parameters may be left out: the drawing does not need them. */
export async function graphOfFlow(flow: FlowDefinition, sources: ParameterSources): Promise<Graph> {
  const { params, missing } = await resolveWhatIsGiven(flow, sources);
  return await traceFlow(flow, params, missing);
}

export async function visualizeFlow(flow: FlowDefinition, sources: ParameterSources, options: VisualizeOptions): Promise<string> {
  const graph = options.from === undefined || options.from === 'trace' ? await graphOfFlow(flow, sources) : await graphOfPastRun(options.from.runId);
  const drawing = await draw(graph, options.format ?? formatOf(options.file));
  if (options.file !== undefined) await writeFileAtomic(options.file, drawing, { durable: false });
  return drawing;
}

/** @throws MillraceError `RUN_UNKNOWN` */
export async function graphOfPastRun(runId: string): Promise<Graph> {
  await using project = await openProject({ look: true });
  const run = await project.record.run(runId);
  if (run === undefined)
    throw new MillraceError('RUN_UNKNOWN', `expected the id of a recorded run, or <flow>/latest; got '${runId}'`, {
      hint: 'millrace runs lists them.',
    });
  return createGraph(graphOfRun(run.flow, await project.record.taskRuns(run.id)));
}

async function traceFlow(flow: FlowDefinition, { values: params, secrets }: ResolvedParameters, missing: readonly string[]): Promise<Graph> {
  await using project = await openProject({ look: true });
  const { record } = project;
  const keeper = keeperFor(project, flow.store);
  const run = { id: '(preview)', flowName: flow.name, params };
  const reuse = new Reuse({ record, keeper, clock: systemClock, code: codeOfFlow(flow), run });
  const tracer = new Tracer({
    flowName: flow.name,
    params,
    keeper,
    reuse,
    defaultCache: flow.cache,
    defaults: flow.defaults,
    force: NO_FORCE,
    context: (values) => tracingContext(flow.name, values),
  });
  const mask = createMask(secrets);
  const release = secrets.length > 0 ? printMasked(mask) : undefined;
  try {
    await tracer.trace(flow.body, missing);
  } catch (error) {
    maskError(error, mask);
    throw error;
  } finally {
    release?.();
  }
  const data = await graphOfTrace(tracer);
  return createGraph(secrets.length > 0 ? maskData(data, mask) : data);
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
  return bodyContext({ runId: '(preview)', flowName, params, signal: new AbortController().signal, log, tracing: true });
}

async function resolveWhatIsGiven(
  flow: FlowDefinition,
  sources: ParameterSources,
): Promise<{ params: ResolvedParameters; missing: readonly string[] }> {
  const withEnvironment = { environment: process.env, ...sources };
  try {
    return { params: await resolveParameters(flow.params ?? {}, withEnvironment), missing: [] };
  } catch (error) {
    if (!(error instanceof ParameterError) || error.issues.some(({ problem }) => problem !== 'missing')) throw error;
    const missing = error.issues.map(({ parameter }) => parameter);
    const given = Object.fromEntries(Object.entries(flow.params ?? {}).filter(([name]) => !missing.includes(name)));
    return { params: await resolveParameters(given, withEnvironment), missing };
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
