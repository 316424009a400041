import type { GraphData, ViewEdge, ViewMap, ViewNode } from '../graph/graph-view.js';
import type { GraphScope } from '../graph/task-graph.js';
import type { TaskRunRow } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { isChosen } from '../results/store-address.js';
import type { TaskRunDetails } from '../runs/run-record.js';
import { foldMaps, shownMapState } from './map-fold.js';
import { type RealEdge, realEdges } from './real-edges.js';
import { type DrawnEdge, reduceControl } from './reduce-control.js';
import type { TraceAnswer } from './trace/trace-answer.js';
import type { Tracer } from './trace/tracer.js';

/** A branch that is not taken is neither computed nor reused. */
const SKIPPED: TraceAnswer = { state: 'unknown', key: undefined, why: undefined };

/** What a trace left behind, as a graph to look at. */
export async function graphOfTrace(tracer: Tracer): Promise<GraphData> {
  const { graph, nodes: known } = tracer;
  const edgesOf = new Map<number, readonly RealEdge[]>();
  for (let node = 0; node < graph.size; node++)
    if ((graph.definitions[node] as TaskDefinition).kind !== 'derived') edgesOf.set(node, realEdges(graph, node));
  const reduced = reduceControl(edgesOf);
  const nodes: ViewNode[] = [];
  for (const [node, edges] of reduced) {
    const definition = graph.definitions[node] as TaskDefinition;
    const { parent } = graph.scopes[node] as GraphScope;
    const isSkipped = await known.skips(node);
    const answer = await known.answer(node);
    const { state, key, why } = isSkipped ? SKIPPED : answer;
    const map = await known.mapOf(node);
    nodes.push({
      id: graph.id(node),
      task: definition.name,
      ...(definition.description === undefined ? {} : { description: definition.description }),
      ...(parent === undefined ? {} : { parent: graph.id(parent) }),
      state,
      certain: await known.certain(node),
      ...(isSkipped ? { outcome: { state: 'skipped' as const } } : {}),
      ...(key === undefined ? {} : { key }),
      ...(answer.target === undefined ? {} : { target: answer.target }),
      upstream: [...new Set(edges.map(({ from }) => graph.id(from)))],
      ...(why ? { why } : {}),
      ...(map ? { map } : {}),
    });
  }
  return {
    flowName: tracer.flowName,
    nodes,
    edges: viewEdges(reduced, (node) => graph.id(node)),
    complete: tracer.complete,
    ...(tracer.stoppedAt === undefined ? {} : { stoppedAt: tracer.stoppedAt }),
  };
}

/** A run of the past, exactly as it was (S29), but for the children of maps: they are told as numbers by the map's node. */
export function graphOfRun(flowName: string, rows: readonly TaskRunRow[]): GraphData {
  const { kept, maps, edgesOf } = foldMaps(rows);
  const ids = new Map(kept.map(({ index, id }) => [index, id]));
  const idOf = (index: number): string => ids.get(index) ?? String(index);
  const reduced = reduceControl(edgesOf);
  return {
    flowName,
    nodes: kept.map((row) => viewOfRow(row, idOf, reduced.get(row.index) ?? [], maps.get(row.index))),
    edges: viewEdges(reduced, idOf),
    complete: true,
  };
}

function viewOfRow(row: TaskRunRow, idOf: (index: number) => string, edges: readonly DrawnEdge[], map: ViewMap | undefined): ViewNode {
  const { id, task, parent, state, cacheKey, reason, startedAt, finishedAt, attempts, error, origin } = row;
  const ms = startedAt !== undefined && finishedAt !== undefined ? { ms: finishedAt - startedAt } : {};
  const takenOver = origin !== undefined && cacheKey === undefined ? { takenOver: origin.run } : {};
  // Whoever fails because of others is drawn after them.
  const failure = state === 'upstream-failed' || state === 'skipped' ? undefined : (error?.cause ?? error)?.message;
  return {
    id,
    task,
    ...(parent === undefined ? {} : { parent: idOf(parent) }),
    state: state === 'success' || state === 'cached' ? 'complete' : 'pending',
    certain: true,
    ...(cacheKey === undefined ? {} : { key: cacheKey }),
    ...targetOf(row),
    upstream: [...new Set(edges.map(({ from }) => idOf(from)))],
    ...(reason ? { why: reason } : {}),
    outcome: {
      state: shownMapState(state, map?.states ?? {}),
      ...ms,
      ...(attempts > 1 ? { attempts } : {}),
      ...(failure === undefined ? {} : { error: failure }),
      ...takenOver,
    },
    ...(map ? { map } : {}),
  };
}

/** Where its result lies, when that was the user's choice. */
function targetOf({ artifacts }: TaskRunRow & Partial<Pick<TaskRunDetails, 'artifacts'>>): { readonly target?: string } {
  const chosen = artifacts?.find(({ ref }) => isChosen(ref));
  return chosen === undefined ? {} : { target: chosen.ref.uri };
}

function viewEdges(edgesOf: ReadonlyMap<number, readonly DrawnEdge[]>, idOf: (node: number) => string): ViewEdge[] {
  const edges: ViewEdge[] = [];
  for (const [node, before] of edgesOf) {
    for (const { from, kind, label } of before) edges.push({ from: idOf(from), to: idOf(node), kind, ...(label === undefined ? {} : { label }) });
  }
  return edges;
}
