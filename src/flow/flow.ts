import { types } from 'node:util';
import { toMs } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';
import type { Graph } from '../graph/graph-view.js';
import { type FlowEvent, type FlowTrigger, flowEvent } from '../model/asset.js';
import { checkCachePolicy } from '../model/cache-policy.js';
import type { CodeSite } from '../model/code-site.js';
import { checkNotifications } from '../model/notification.js';
import { checkResultStore } from '../model/result-store.js';
import type { Schedule } from '../model/schedule.js';
import type { BackfillOptions } from './backfill-options.js';
import { type ChildOptions, childRunTask } from './child-run.js';
import { codeSite, traceCall } from './code-site.js';
import { FLOW_DEFAULTS } from './flow-defaults.js';
import {
  type BackfillRuns,
  type FlowDefinition,
  flowRuntime,
  type InvalidateOptions,
  type ResumeChoice,
  type Resumed,
  type RunHandle,
  type RunOptions,
  type ServeOptions,
  type TaskCall,
  type VisualizeOptions,
} from './flow-runtime.js';
import type { Flow, FlowOptions, ResumeOptions } from './flow-type.js';
import type { BodyResult } from './future.js';
import { checkOptions, FLOW_OPTIONS, type OptionKind } from './option-kinds.js';
import { describeParameters, type ParameterInfo, type ParameterSources, type ParamSpec, type ParamsOf } from './parameters.js';
import { subflowTask } from './subflow-task.js';
import { checkName, makeTask } from './task.js';
import { settingsOf, timeLimit } from './task-settings.js';
import type { TaskOptions } from './task-type.js';

/** What the command line needs of a flow, whichever copy of the package made it. */
export interface FlowInside {
  readonly definition: FlowDefinition;
  /** Made by `with`: the flow that its name means is another one. */
  readonly isVariant: boolean;
  parameters(): readonly ParameterInfo[];
  start(sources: ParameterSources, options: RunOptions): RunHandle<unknown>;
  preview(sources: ParameterSources): Promise<Graph>;
  graph(sources: ParameterSources): Promise<Graph>;
  visualize(sources: ParameterSources, options: VisualizeOptions): Promise<string>;
  invalidate(sources: ParameterSources, options: InvalidateOptions): Promise<readonly string[]>;
  resume(sources: ParameterSources, choice: ResumeChoice, options: RunOptions): Promise<Resumed>;
  backfill(sources: ParameterSources, options: BackfillOptions): BackfillRuns<unknown>;
  /** What its tasks say of themselves, as data. */
  tasks(sources: ParameterSources): Promise<readonly object[]>;
  /** @param args undefined: those of an earlier run */
  taskCall(sources: ParameterSources, task: string, args: readonly unknown[] | undefined): Promise<TaskCall>;
}

/** The brand of flows, and the set of those that were defined: both shared by every copy of the package. */
export const FLOW: unique symbol = Symbol.for('millrace.flow');
const FLOWS = Symbol.for('millrace.flows');

export function definedFlows(): Set<object> {
  const shared = globalThis as { [FLOWS]?: Set<object> };
  shared[FLOWS] ??= new Set();
  return shared[FLOWS];
}

// biome-ignore lint/suspicious/noExplicitAny: a body of any result
type AnyBody = (params: any) => any;

/** @throws MillraceError `FLOW_NAME_INVALID`, `FLOW_NOT_A_FUNCTION`, `FLOW_OPTION_INVALID` */
export function flow<R>(name: string, body: (params: Record<string, never>) => R): Flow<Record<never, never>, BodyResult<R>>;
export function flow<R, S extends ParamSpec = Record<never, never>>(
  name: string,
  options: FlowOptions<S>,
  body: (params: ParamsOf<S>) => R,
): Flow<S, BodyResult<R>>;
export function flow(name: string, ...rest: [AnyBody] | [FlowOptions<ParamSpec>, AnyBody]): Flow<ParamSpec, unknown> {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  return makeFlow(defineFlow(name, options, body, codeSite('flow', body, traceCall(flow))));
}

/** A flow whose code is more than its body: a class. @throws MillraceError as `flow()` */
export function flowOfCode(name: string, options: FlowOptions<ParamSpec>, body: AnyBody, code: CodeSite): Flow<ParamSpec, unknown> {
  return makeFlow(defineFlow(name, options, body, code));
}

function defineFlow(name: string, options: FlowOptions<ParamSpec>, body: AnyBody, code: CodeSite | undefined): FlowDefinition {
  if (typeof body !== 'function') {
    throw new MillraceError(
      'FLOW_NOT_A_FUNCTION',
      `expected flow(name, body) or flow(name, options, body) with a function; got ${describe(body)} as the body of '${name}'`,
    );
  }
  if (types.isGeneratorFunction(body)) {
    throw new MillraceError('FLOW_NOT_A_FUNCTION', `expected a function as the body of flow '${name}'; got a generator, of which nothing would run`, {
      hint: 'Write an async function, which awaits what a generator would yield.',
    });
  }
  checkOptions(FLOW_OPTIONS satisfies Record<keyof FlowOptions<ParamSpec>, OptionKind>, options, 'FLOW_OPTION_INVALID', ` of flow '${name}'`);
  const { concurrency, store } = options;
  checkResultStore(store, 'FLOW_OPTION_INVALID', ` of flow '${name}'`);
  checkCachePolicy(options.cache, 'FLOW_OPTION_INVALID', ` of flow '${name}'`);
  return Object.freeze({
    name: checkName('flow', name),
    description: options.description,
    owner: options.owner,
    params: options.params,
    cache: options.cache,
    store: options.store,
    concurrency,
    tags: Object.freeze([...(options.tags ?? [])]),
    defaults: settingsOf((options.defaults ?? {}) as never),
    timeoutMs: options.timeout === undefined ? undefined : timeLimit(options.timeout, 'FLOW_OPTION_INVALID', ` of flow '${name}'`),
    retries: options.retries ?? FLOW_DEFAULTS.retries,
    schedule: Object.freeze([options.schedule ?? []].flat()) as readonly Schedule<never>[],
    on: Object.freeze([options.on ?? []].flat()) as readonly FlowTrigger[],
    missed: options.missed ?? FLOW_DEFAULTS.missed,
    overlap: options.overlap ?? FLOW_DEFAULTS.overlap,
    maxActiveRuns: options.maxActiveRuns,
    dependsOnPast: options.dependsOnPast ?? FLOW_DEFAULTS.dependsOnPast,
    deadlineMs: options.deadline === undefined ? undefined : toMs(options.deadline),
    lateAfterMs: options.lateAfter === undefined ? FLOW_DEFAULTS.lateAfterMs : toMs(options.lateAfter),
    notify: checkNotifications(options.notify ?? [], 'FLOW_OPTION_INVALID', ` of flow '${name}'`),
    hooks: options.hooks ?? FLOW_DEFAULTS.hooks,
    strict: options.strict ?? FLOW_DEFAULTS.strict,
    orphans: options.orphans ?? FLOW_DEFAULTS.orphans,
    onFailure: options.onFailure ?? FLOW_DEFAULTS.onFailure,
    body,
    code,
  });
}

function makeFlow(definition: FlowDefinition, isVariant = false): Flow<ParamSpec, unknown> {
  const runtime = flowRuntime;
  const asArgument = (params: unknown): ParameterSources => ({ argument: (params ?? {}) as Record<string, unknown> });
  const inside: FlowInside = {
    definition,
    isVariant,
    parameters: () => describeParameters(definition.params ?? {}),
    start: (sources, options) => runtime().start(definition, sources, options),
    preview: (sources) => runtime().preview(definition, sources),
    graph: (sources) => runtime().graph(definition, sources),
    visualize: (sources, options) => runtime().visualize(definition, sources, options),
    invalidate: (sources, options) => runtime().invalidate(definition, sources, options),
    resume: (sources, choice, options) => runtime().resume(definition, sources, choice, options),
    backfill: (sources, options) => runtime().backfill(definition, sources, options),
    tasks: (sources) => runtime().tasks(definition, sources),
    taskCall: (sources, task, args) => runtime().taskCall(definition, sources, task, args),
  };
  const made = {
    [FLOW]: inside,
    flowName: definition.name,
    ...eventsOf(definition.name),
    run: async (params?: unknown, options: RunOptions = {}) => {
      const result = inside.start(asArgument(params), options).result();
      return await (options.throwOnFailure === false ? result.catch(undefinedIfFailed) : result);
    },
    start: (params?: unknown, options: RunOptions = {}) => inside.start(asArgument(params), options),
    visualize: (params?: unknown, options: VisualizeOptions = {}) => inside.visualize(asArgument(params), options),
    graph: (params?: unknown) => inside.graph(asArgument(params)),
    preview: (params?: unknown) => inside.preview(asArgument(params)),
    asTask: (options: TaskOptions<[never], unknown> = {}) => makeTask(subflowTask(definition, options), []),
    startChild: (params?: unknown, options: ChildOptions = {}) =>
      makeTask(childRunTask(definition, { ...definition, start: inside.start }, options), [])(params ?? {}),
    invalidate: ({ params, ...selection }: InvalidateOptions & { params?: unknown }) => inside.invalidate(asArgument(params), selection),
    output: ({ taskName }: { taskName: string }, params?: unknown) => runtime().output(definition, taskName, asArgument(params)),
    resume: async ({ runId, from, params, ...options }: ResumeOptions<ParamSpec> = {}) => {
      const { origin, handle } = await inside.resume(asArgument(params), { runId, from }, options);
      const result = (handle ?? origin).result();
      return await (options.throwOnFailure === false ? result.catch(undefinedIfFailed) : result);
    },
    backfill: ({ params, ...options }: BackfillOptions & { params?: unknown }) => inside.backfill(asArgument(params), options),
    latest: (filter = {}) => runtime().latest(definition, filter),
    serve: async (options: ServeOptions = {}) => await runtime().serve(definition, inside.parameters(), options),
    with: (options: Partial<FlowOptions<ParamSpec>>) => makeFlow(varied(definition, options), true),
  };
  definedFlows().add(made);
  return Object.freeze(made) as unknown as Flow<ParamSpec, unknown>;
}

/** By name, so that they are data. */
export function eventsOf(name: string): { readonly success: FlowEvent; readonly failure: FlowEvent; readonly finished: FlowEvent } {
  return { success: flowEvent(name, 'success'), failure: flowEvent(name, 'failure'), finished: flowEvent(name, 'finished') };
}

/** By its name: the flow may have been made by another copy of the package. */
function undefinedIfFailed(error: unknown): undefined {
  if (error instanceof Error && error.name === 'FlowRunError') return undefined;
  throw error;
}

/** The same flow under other options. */
function varied(definition: FlowDefinition, options: Partial<FlowOptions<ParamSpec>>): FlowDefinition {
  const { name, body, code, defaults: _, timeoutMs: __, deadlineMs: ___, lateAfterMs: ____, ...same } = definition;
  const fresh = defineFlow(name, { ...(same as FlowOptions<ParamSpec>), ...options }, body, code);
  return Object.freeze({
    ...fresh,
    defaults: { ...definition.defaults, ...fresh.defaults },
    timeoutMs: 'timeout' in options ? fresh.timeoutMs : definition.timeoutMs,
    deadlineMs: 'deadline' in options ? fresh.deadlineMs : definition.deadlineMs,
    lateAfterMs: 'lateAfter' in options ? fresh.lateAfterMs : definition.lateAfterMs,
  });
}
