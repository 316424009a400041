import { MillraceError } from '../base/error.js';
import type { FlowDefinition, RunHandle, RunOptions, TaskCall } from '../flow/flow-runtime.js';
import type { ParameterSources } from '../flow/parameters.js';
import { makeTask } from '../flow/task.js';
import { isRef, NODE, PATH, project as projected, type Ref } from '../graph/ref.js';
import { KEEP, replaceDeep } from '../graph/references.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { TASK_DEFAULTS } from '../model/task-definition.js';
import { withOrigins } from '../runs/with-origins.js';
import { keeperFor, openProject, type Project } from './project.js';
import { resolveWhatIsGiven } from './run-sources.js';
import { startRun } from './start-run.js';
import { trace } from './trace.js';
import { unknownTask } from './unknown-task.js';

/** So many of the flow's newest runs are looked through for what the task is to be given. */
const NEWEST = 10;

/**
 * One call of one task of a flow, to be tried by itself. Its arguments are those given, or else those of its first call in the body: what that
 * takes of other tasks is what they gave in the newest run that has it.
 * @throws MillraceError `TASK_UNKNOWN`, `TEST_INPUT_MISSING`; what reading results throws
 */
export async function taskCall(
  flow: FlowDefinition,
  sources: ParameterSources,
  task: string,
  given: readonly unknown[] | undefined,
): Promise<TaskCall> {
  const { params, missing } = await resolveWhatIsGiven(flow, sources);
  await using project = await openProject({ look: true });
  const { graph } = (await trace(flow, params, missing, project)).tracer;
  const node = graph.definitions.findIndex(({ kind, name }, place) => kind !== 'derived' && (name === task || graph.id(place) === task));
  const definition = graph.definitions[node];
  if (definition === undefined) {
    const names = graph.definitions.filter(({ kind }) => kind !== 'derived').map(({ name }) => name);
    throw unknownTask(flow.name, task, [...new Set(names)]);
  }
  if (given !== undefined) return callOf(flow, sources, definition, { args: given, from: undefined });
  if (definition.kind === 'map') throw inputMissing(task, 'it is mapped over a list');
  return callOf(flow, sources, definition, await recordedArgs(project, flow, graph, node));
}

interface Arguments {
  readonly args: readonly unknown[];
  /** The run whose results are among them. */
  readonly from: string | undefined;
}

/** With nothing that would be kept, or taken from elsewhere. */
function callOf(flow: FlowDefinition, sources: ParameterSources, definition: TaskDefinition, { args, from }: Arguments): TaskCall {
  const own = definition.map?.of ?? definition;
  const alone: TaskDefinition = Object.freeze({ ...own, cache: false, target: undefined, store: undefined, external: undefined });
  const tested: FlowDefinition = {
    ...flow,
    cache: false,
    store: undefined,
    hooks: {},
    retries: 0,
    body: () => makeTask(alone, [])(...args),
    defaults: { ...flow.defaults, store: undefined },
  };
  return { args, from, start: (options: RunOptions): RunHandle<unknown> => startRun(tested, sources, options) };
}

async function recordedArgs(project: Project, flow: FlowDefinition, graph: TaskGraph, node: number): Promise<Arguments> {
  const args = graph.args[node] ?? [];
  const needed = new Set<number>();
  const look = (value: object): unknown => {
    if (!isRef(value)) return KEEP;
    needed.add(value[NODE]);
    return value;
  };
  for (const arg of args) replaceDeep(arg, look);
  if (needed.size === 0) return { args, from: undefined };
  const name = (graph.definitions[node] as TaskDefinition).name;
  for (const { id: run } of await project.record.runs({ flow: flow.name, limit: NEWEST })) {
    const values = await valuesIn(
      project,
      flow,
      run,
      [...needed].map((place) => [place, graph.id(place)] as const),
    );
    if (values === undefined) continue;
    const filled = args.map((arg) => replaceDeep(arg, (value) => (isRef(value) ? projected(values.get((value as Ref)[NODE]), value[PATH]) : KEEP)));
    return { args: filled, from: run };
  }
  const makers = [...needed].map((place) => `'${graph.id(place)}'`).join(', ');
  throw inputMissing(name, `no recent run of the flow has a result of ${makers}`);
}

/** What these nodes gave in a run; undefined where one of them gave nothing. */
async function valuesIn(
  project: Project,
  flow: FlowDefinition,
  run: string,
  nodes: readonly (readonly [place: number, id: string])[],
): Promise<ReadonlyMap<number, unknown> | undefined> {
  const taskRuns = await withOrigins(project.record, await project.record.taskRuns(run));
  const values = new Map<number, unknown>();
  for (const [place, id] of nodes) {
    const artifacts = taskRuns.find((taskRun) => taskRun.id === id)?.artifacts ?? [];
    if (artifacts.length === 0) return undefined;
    values.set(place, await keeperFor(project, flow.store).load(artifacts, TASK_DEFAULTS));
  }
  return values;
}

function inputMissing(task: string, why: string): MillraceError {
  return new MillraceError('TEST_INPUT_MISSING', `expected what task '${task}' is to be given: ${why}`, {
    hint: `Give its arguments as JSON, in order: --task ${task} --arg '…'.`,
  });
}
