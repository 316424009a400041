import { extname } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';

import { graphOfRun } from '../engine/graph-data.js';

import type { FlowDefinition, VisualizeOptions } from '../flow/flow-runtime.js';
import { type ParameterSources, type ResolvedParameters, resolveParameters } from '../flow/parameters.js';
import { createGraph } from '../graph/draw/view.js';
import type { Graph } from '../graph/graph-view.js';

import { withOrigins } from '../runs/with-origins.js';
import { openProject } from './project.js';
import { resolveWhatIsGiven, sourcesOf } from './run-sources.js';
import { trace } from './trace.js';

/** The graph as the body draws it (S29), with what is known of each node's result (S27). Parameters must be complete. */
export async function previewFlow(flow: FlowDefinition, sources: ParameterSources): Promise<Graph> {
  const params = await resolveParameters(flow.params ?? {}, sourcesOf(flow, sources));
  return await traceFlow(flow, params, []);
}

/** The same, where required parameters may be left out: the drawing does not need them. */
export async function graphOfFlow(flow: FlowDefinition, sources: ParameterSources): Promise<Graph> {
  const { params, missing } = await resolveWhatIsGiven(flow, sources);
  return await traceFlow(flow, params, missing);
}

export async function visualizeFlow(flow: FlowDefinition, sources: ParameterSources, options: VisualizeOptions): Promise<string> {
  refuseOtherOptions(options, ['file', 'format', 'from'], 'RUN_OPTION_INVALID', ' of visualize()');
  const format = options.format ?? formatOf(options.file);
  const graph = options.from === undefined || options.from === 'trace' ? await graphOfFlow(flow, sources) : await graphOfPastRun(options.from.runId);
  const drawing = await draw(graph, format);
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
  return createGraph(graphOfRun(run.flow, await withOrigins(project.record, await project.record.taskRuns(run.id))));
}

async function traceFlow(flow: FlowDefinition, params: ResolvedParameters, missing: readonly string[]): Promise<Graph> {
  await using project = await openProject({ look: true });
  return createGraph((await trace(flow, params, missing, project)).data);
}

type Format = NonNullable<VisualizeOptions['format']>;

const FORMAT_OF_ENDING: Readonly<Record<string, Format>> = {
  '.dot': 'dot',
  '.gv': 'dot',
  '.svg': 'svg',
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
  '.json': 'json',
};

/** @throws MillraceError `DRAWING_FORMAT_UNKNOWN`: a `flow.png` that is no picture would be found out much later */
function formatOf(file: string | undefined): Format {
  const ending = file === undefined ? '' : extname(file).toLowerCase();
  const format = ending === '' ? 'dot' : FORMAT_OF_ENDING[ending];
  if (format !== undefined) return format;
  throw new MillraceError('DRAWING_FORMAT_UNKNOWN', `expected a drawing named *${Object.keys(FORMAT_OF_ENDING).join(', *')}; got '${file}'`, {
    hint: 'Choose one of these endings, or say the format: dot, svg, mermaid or json.',
  });
}

async function draw(graph: Graph, format: Format): Promise<string> {
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
