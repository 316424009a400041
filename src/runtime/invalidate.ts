import { TaskSelection } from '../engine/task-selection.js';
import type { FlowDefinition, InvalidateOptions } from '../flow/flow-runtime.js';
import { type ParameterSources, resolveParameters } from '../flow/parameters.js';
import type { GraphData, ViewNode } from '../graph/graph-view.js';
import type { CacheEntryRow } from '../model/records.js';
import { openProject, type Project } from './project.js';
import { sourcesOf } from './run-sources.js';
import { trace } from './trace.js';
import { unknownTask } from './unknown-task.js';

/**
 * Stored results of a flow's tasks are no answers any more: the next run computes them anew (S28). What past runs made stays with them.
 * @returns the ids of the nodes whose results are concerned
 */
export async function invalidateFlow(flow: FlowDefinition, sources: ParameterSources, options: InvalidateOptions): Promise<readonly string[]> {
  const params = await resolveParameters(flow.params ?? {}, sourcesOf(flow, sources));
  await using project = await openProject({ look: options.dryRun === true });
  const { tracer, data } = await trace(flow, params, [], project);
  const chosen = withNeighbours(data, chooseNodes(data, options.task), options);
  const places = new Map(Array.from({ length: tracer.graph.size }, (_, place) => [tracer.graph.id(place), place]));
  const entriesAt = async (node: ViewNode) => {
    const { entries = [] } = await tracer.nodes.answer(places.get(node.id) as number);
    return await entriesOf(project, node, entries);
  };
  const found = await Promise.all(chosen.map(async (node) => ({ node, entries: await entriesAt(node) })));
  const concerned = found.filter(({ entries }) => entries.length > 0);
  const answering = concerned.flatMap(({ entries }) => entries);
  if (options.dryRun !== true) await project.record.forget(await withOthersOf(project, answering));
  return concerned.map(({ node }) => node.id);
}

/** @throws MillraceError `TASK_UNKNOWN`, where the whole graph is known and has no such task */
function chooseNodes({ nodes, complete, flowName }: GraphData, task: InvalidateOptions['task']): readonly ViewNode[] {
  if (task === undefined) return nodes;
  const name = typeof task === 'string' ? task : task.taskName;
  const selection = new TaskSelection([name]);
  const chosen = nodes.filter((node) => node.id === name || selection.has(node.task));
  if (chosen.length > 0 || !complete) return chosen;
  throw unknownTask(flowName, name, [...new Set(nodes.map((node) => node.task))]);
}

/**
 * The entries, and those of the same calls that would answer in their place: a forced run has left one beside that of the run before. An entry
 * that was made from other contents of a file answers only when these come back, and stays.
 */
async function withOthersOf({ record }: Project, entries: readonly CacheEntryRow[]): Promise<readonly CacheEntryRow[]> {
  // What others have left at an address has no version.
  const versions = [...new Set(entries.map(({ taskVersion }) => taskVersion))].filter((version) => version !== '');
  const answering = new Map(entries.map((entry) => [`${entry.taskVersion} ${entry.key}`, entry]));
  const others = (await record.entries(versions)).filter((one) => {
    const entry = answering.get(`${one.taskVersion} ${one.key}`);
    return entry !== undefined && mayBothAnswer(entry, one);
  });
  return [...entries, ...others];
}

function mayBothAnswer({ reads: ours = [] }: CacheEntryRow, { reads: theirs = [] }: CacheEntryRow): boolean {
  const answers = new Map(ours.map(({ path, question, answer }) => [`${question}\n${path}`, answer]));
  return theirs.every(({ path, question, answer }) => (answers.get(`${question}\n${path}`) ?? answer) === answer);
}

/** The chosen nodes, and what they are made of or what is made of them, in the order of the graph. */
function withNeighbours({ nodes, edges }: GraphData, chosen: readonly ViewNode[], { upstream, downstream }: InvalidateOptions): readonly ViewNode[] {
  const reached = new Set(chosen.map(({ id }) => id));
  const spread = (from: 'from' | 'to', to: 'from' | 'to'): void => {
    const stack = chosen.map(({ id }) => id);
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      for (const edge of edges) {
        if (edge[from] !== id || reached.has(edge[to])) continue;
        reached.add(edge[to]);
        stack.push(edge[to]);
      }
    }
  };
  if (downstream) spread('from', 'to');
  if (upstream) spread('to', 'from');
  return nodes.filter(({ id }) => reached.has(id));
}

/**
 * What answers a node. Where that cannot be known, since something upstream has yet to be computed, any result of the task might come to: then
 * all of them go. A needless run is a nuisance, a stale value a lie.
 */
async function entriesOf({ record }: Project, node: ViewNode, hits: readonly CacheEntryRow[]): Promise<readonly CacheEntryRow[]> {
  if (hits.length > 0 || node.why?.kind !== 'upstream-pending') return hits;
  return await record.entriesOfTask(node.task);
}
