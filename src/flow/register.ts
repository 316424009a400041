import { describe, MillraceError } from '../base/error.js';
import { knowError } from '../base/error-class.js';
import { isRef, NODE, OWNER, PATH, type Ref } from '../graph/ref.js';
import { visitReferences } from '../graph/references.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { RunPort } from './run-port.js';
import { type BodyScope, scopes } from './scope.js';
import { withParameters } from './task-target.js';

/**
 * Adds a call to the graph of the run whose body is executing (S1).
 * @throws MillraceError `FLOW_CLOSED` when that body is over, `FUTURE_OF_OTHER_RUN`, `FUTURE_MISPLACED`, `TASK_NAME_TAKEN`, `NOT_IN_A_FLOW`
 */
export function register(definition: TaskDefinition, args: readonly unknown[]): { readonly port: RunPort; readonly node: number } {
  const scope = scopes.getStore();
  if (scope?.kind !== 'body') {
    throw new MillraceError('NOT_IN_A_FLOW', `expected '${definition.name}' to be called in the body of a flow; it was called outside of one`);
  }
  return { port: scope.port, node: registerIn(scope, definition, args) };
}

/** @throws as `register`; MillraceError `TARGET_INVALID` when the flow has no parameter that its target names */
export function registerIn(scope: BodyScope, asked: TaskDefinition, args: readonly unknown[]): number {
  const { port } = scope;
  if (scope.closed || port.closed) throw flowClosed(port, asked.name);
  const definition = asked.target === undefined ? asked : withParameters(asked, scope.context.params, port.flowName, false);
  const linked = scope.withLineage(args);
  const awaited = awaitedBy(port, linked, definition);
  const node = port.graph.add(scope.adopt(definition), linked, scope.graphScope, scope.knowledge());
  port.registered(node, awaited.upstream, awaited.maps);
  if (scope.preceding.length > 0) for (const before of scope.preceding) port.order(node, before);
  return node;
}

interface Awaited {
  readonly upstream: readonly number[] | undefined;
  /** Maps whose children are enough to go on with. */
  readonly maps: readonly number[] | undefined;
}

const NOTHING: Awaited = { upstream: undefined, maps: undefined };

/** What a call waits for. Most arguments are plain values or futures, and there are very many of them: those are not searched. */
function awaitedBy(port: RunPort, args: readonly unknown[], definition: TaskDefinition): Awaited {
  let upstream: number[] | undefined;
  for (let position = 0; position < args.length; position++) {
    const arg = args[position];
    if (typeof arg !== 'object' || arg === null) continue;
    if (!isRef(arg) || definition.awaitsExpansion) return searched(port, args, definition);
    if (arg[OWNER] !== port) throw ofOtherRun(port, arg);
    upstream ??= [];
    upstream.push(arg[NODE]);
  }
  return upstream === undefined ? NOTHING : { upstream, maps: undefined };
}

/** A map waits for its lists; the futures in them, and what is `unmapped`, are waited for by its children. */
function searched(port: RunPort, args: readonly unknown[], definition: TaskDefinition): Awaited {
  const upstream: number[] = [];
  const maps: number[] = [];
  visitReferences(args, definition.parameterNames, (ref, _position, at) => {
    const node = checkOwner(port, ref)[NODE];
    if (definition.kind === 'map' && at !== undefined) return;
    const isWholeMap = definition.awaitsExpansion && ref[PATH] === undefined && port.graph.definitions[node]?.kind === 'map';
    (isWholeMap ? maps : upstream).push(node);
  });
  return { upstream: upstream.length === 0 ? undefined : upstream, maps: maps.length === 0 ? undefined : maps };
}

/** @throws MillraceError `FUTURE_OF_OTHER_RUN`, `FUTURE_EXPECTED` */
export function checkOwner(port: RunPort, ref: Ref): Ref {
  if (!isRef(ref)) throw new MillraceError('FUTURE_EXPECTED', `expected a future, what calling a task gives; got ${describe(ref)}`);
  if (ref[OWNER] === port) return ref;
  throw ofOtherRun(port, ref);
}

function ofOtherRun(port: RunPort, ref: Ref): MillraceError {
  const owner = ref[OWNER] as Partial<RunPort>;
  const what =
    owner.graph === undefined
      ? 'a future made outside any flow'
      : `future '${owner.graph.called(ref[NODE])}' of run ${owner.runId} (flow '${owner.flowName}')`;
  return new MillraceError('FUTURE_OF_OTHER_RUN', `expected a future of this run, ${port.runId} of flow '${port.flowName}'; got ${what}`, {
    hint: 'Await it where it was made and pass the value on, or call the task inside this flow.',
  });
}

/** Thrown when a task is called after the flow's body, or the run, is over (S4). Code `FLOW_CLOSED`. */
export class FlowClosedError extends MillraceError {}

knowError('FlowClosedError', FlowClosedError);

function flowClosed(port: RunPort, task: string): FlowClosedError {
  return new FlowClosedError('FLOW_CLOSED', `task '${task}' was called after the body of flow '${port.flowName}' (run ${port.runId}) had returned`, {
    hint: 'Call it before the body returns; await what the body still waits for (timers, callbacks, promises).',
  });
}
