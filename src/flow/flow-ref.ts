import { digest128 } from '../base/digest.js';
import { MillraceError } from '../base/error.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { type ChildOptions, childRunTask } from './child-run.js';
import { eventsOf, type FlowInside } from './flow.js';
import { type AnyFlow, canFind, definedFlow, findFlow, insideOf, needFlow, referencedFlows } from './flow-names.js';
import type { Flow } from './flow-type.js';
import type { Arg } from './future.js';
import type { ParamSpec } from './parameters.js';
import { scopes } from './scope.js';
import { SUBFLOW_DEFAULTS, subflowSettings } from './subflow-settings.js';
import { checkName, makeTask, TASK } from './task.js';
import { taskTarget } from './task-target.js';
import type { TaskOptions } from './task-type.js';

/**
 * A flow of another file, by its name: looked for when it is first used, among the flows defined in this process and, under the command
 * line, in the flow files of the folder of the one that runs. So two flows may refer to each other; what refers to itself, or in a circle,
 * can only be started as a child. Say what it takes and gives: `flowRef<{ path: Param<string, string, false> }, Model>('train')`.
 *
 * Its methods throw, or reject with, MillraceError `FLOW_UNKNOWN` where there is no such flow, `FLOW_AMBIGUOUS` where there are several.
 * `start` cannot wait for a file: it finds flows of this process, and those that a `flowRef` outside of bodies and tasks names.
 * @throws MillraceError `FLOW_NAME_INVALID`
 */
export function flowRef<S extends ParamSpec = Record<never, never>, R = unknown>(name: string): Flow<S, R> {
  referencedFlows().add(checkName('flow', name));
  return refTo(name, (flow) => flow) as unknown as Flow<S, R>;
}

type Vary = (flow: AnyFlow) => AnyFlow;

// biome-ignore lint/suspicious/noExplicitAny: arguments are handed on as they are
type Given = any[];

function refTo(name: string, vary: Vary, key: object = keyOf(name)): AnyFlow {
  const now = (): AnyFlow => vary(needFlow(name));
  const later = async (): Promise<AnyFlow> => vary(await findFlow(name));
  const ref = {
    flowName: name,
    ...eventsOf(name),
    run: async (...given: Given) => await (await later()).run(...given),
    start: (...given: Given) => now().start(...given),
    visualize: async (...given: Given) => await (await later()).visualize(...given),
    graph: async (...given: Given) => await (await later()).graph(...given),
    preview: async (...given: Given) => await (await later()).preview(...given),
    invalidate: async (...given: Given) => await (await later()).invalidate(...(given as [never])),
    output: async (...given: Given) => await (await later()).output(...(given as [never])),
    latest: async (...given: Given) => await (await later()).latest(...given),
    backfill: (...given: Given) => now().backfill(...(given as [never])),
    asTask: (options: TaskOptions<[never], unknown> = {}) => makeTask(subflowByName(name, vary, options), []),
    startChild(params?: Arg<never>, options: ChildOptions = {}) {
      const known = definedFlow(name);
      if (known || !canFind()) return vary(known ?? needFlow(name)).startChild((params ?? {}) as never, options as never);
      const inside = async (): Promise<FlowInside> => insideOf(await later());
      return makeTask(childRunTask(key, { name, start: async (...given) => (await inside()).start(...given) }, options), [])(params ?? {});
    },
    with: (options: object) => refTo(name, (flow) => vary(flow).with(options), {}),
  };
  return Object.freeze(ref) as unknown as AnyFlow;
}

const keys = new Map<string, object>();

/** The same for all references to one name: they are the same task to a run. */
function keyOf(name: string): object {
  const key = keys.get(name) ?? {};
  keys.set(name, key);
  return key;
}

const bodies = new Map<string, TaskDefinition['fn']>();

/** The body of whichever flow the name means; one function for each name, for the same reason. */
function bodyByName(name: string): TaskDefinition['fn'] {
  let body = bodies.get(name);
  if (!body) {
    // The parameters were resolved before, which has found the flow. Not async: the futures that a body returns are not to be awaited here.
    body = (params) => {
      checkCircle(name);
      return definitionOf(needFlow(name)).fn(params);
    };
    bodies.set(name, body);
  }
  return body;
}

function subflowByName(name: string, vary: Vary, options: TaskOptions<[never], unknown>): TaskDefinition {
  /** What the flow would be as a task, when it is known already. */
  const real = (): TaskDefinition | undefined => {
    const known = definedFlow(name);
    return known && definitionOf(vary(known), options);
  };
  return Object.freeze({
    ...SUBFLOW_DEFAULTS,
    ...subflowSettings(options as never),
    name: typeof options.name === 'string' ? checkName('task', options.name) : name,
    fn: bodyByName(name),
    // The text of our function says nothing of the body: the body's own counts.
    get version() {
      const known = real();
      return options.version ?? known?.version ?? (known && `code ${digest128(String(known.fn))}`);
    },
    // While nobody knows the code, nobody can say whether it changed (S22).
    get cache() {
      return options.version !== undefined || real() !== undefined ? options.cache : false;
    },
    get store() {
      return options.store ?? real()?.store;
    },
    target: taskTarget(options.target, typeof options.name === 'string' ? options.name : name),
    subflow: {
      flowName: name,
      get adopt() {
        return real()?.subflow?.adopt;
      },
      resolve: async (params) =>
        await (definitionOf(vary(await findFlow(name)), options).subflow as NonNullable<TaskDefinition['subflow']>).resolve(params),
    },
  } satisfies TaskDefinition);
}

function definitionOf(flow: AnyFlow, options: TaskOptions<[never], unknown> = {}): TaskDefinition {
  return (flow.asTask(options as never) as unknown as { readonly [TASK]: TaskDefinition })[TASK];
}

/**
 * A body that is inside itself would expand for ever.
 * @throws MillraceError `FLOW_CIRCLE`
 */
function checkCircle(name: string): void {
  const scope = scopes.getStore();
  if (scope?.kind !== 'body') return;
  const { graph, flowName } = scope.port;
  // The innermost is the sub-flow that is about to begin.
  let around = graph.scopes[scope.graphScope.parent ?? -1]?.parent;
  let isInside = scope.graphScope.parent !== undefined && flowName === name;
  for (; around !== undefined && !isInside; around = graph.scopes[around]?.parent) isInside = graph.definitions[around]?.subflow?.flowName === name;
  if (!isInside) return;
  throw new MillraceError('FLOW_CIRCLE', `flow '${name}' is inside itself by way of flowRef('${name}').asTask()`, {
    hint: `Start it as a run of its own: flowRef('${name}').startChild(params).`,
  });
}
