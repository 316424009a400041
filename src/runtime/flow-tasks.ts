import type { FlowDefinition } from '../flow/flow-runtime.js';
import type { ParameterSources } from '../flow/parameters.js';
import { isOfRun } from '../model/concurrency-limit.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { openProject } from './project.js';
import { resolveWhatIsGiven } from './run-sources.js';
import { trace } from './trace.js';

/** A task of a flow as people look at it: what it says of itself, and what the flow says for it. */
export interface TaskFacts {
  readonly name: string;
  /** How often the body calls it, as far as its drawing shows; a map counts once. */
  readonly calls: number;
  readonly kind: 'task' | 'subflow' | 'map';
  readonly description?: string;
  readonly tags: readonly string[];
  readonly retries: number;
  readonly timeoutMs?: number;
  /** Name of the policy; undefined: it is not reused across runs. */
  readonly cache?: string;
  readonly trigger?: string;
  readonly limits: readonly string[];
  readonly priority?: number;
  readonly outputs: readonly string[];
  readonly hasTarget: boolean;
  readonly checks: readonly { readonly name: string; readonly severity: string }[];
}

/** The tasks that a flow's body calls, in the order of its drawing (S29). */
export async function tasksOfFlow(flow: FlowDefinition, sources: ParameterSources): Promise<readonly TaskFacts[]> {
  const { params, missing } = await resolveWhatIsGiven(flow, sources);
  await using project = await openProject({ look: true });
  const { graph } = (await trace(flow, params, missing, project)).tracer;
  const found = new Map<string, TaskFacts>();
  for (const definition of graph.definitions) {
    if (definition.kind === 'derived') continue;
    const known = found.get(definition.name);
    found.set(definition.name, known ? { ...known, calls: known.calls + 1 } : factsOf(definition, flow));
  }
  return [...found.values()];
}

function factsOf(definition: TaskDefinition, flow: FlowDefinition): TaskFacts {
  const { name, kind, description, tags, outputs, target, priority } = definition;
  const own = definition.map?.of ?? definition;
  const { retries = flow.defaults.retries, timeoutMs = flow.defaults.timeoutMs, trigger, checks = [] } = own;
  const cache = own.cache ?? flow.defaults.cache ?? flow.cache;
  const limits = own.limits ?? flow.defaults.limits ?? [];
  return {
    name,
    calls: 1,
    kind: kind as TaskFacts['kind'],
    ...(description === undefined ? {} : { description }),
    tags,
    retries: retries?.max ?? 0,
    ...(timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY ? {} : { timeoutMs }),
    ...(cache ? { cache: cache.name } : {}),
    ...(trigger === undefined ? {} : { trigger: typeof trigger === 'string' ? trigger : 'a function' }),
    limits: limits.filter((limit) => !isOfRun(limit)).map((limit) => `${limit.name} (${limit.max})`),
    ...(priority ? { priority } : {}),
    outputs: Object.keys(outputs ?? {}),
    hasTarget: target !== undefined,
    checks: checks.map((check) => ({ name: check.name, severity: check.severity })),
  };
}
