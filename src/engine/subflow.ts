import { asError } from '../base/error.js';
import type { Adopt } from '../flow/adoption.js';
import type { RunPort } from '../flow/run-port.js';
import { BodyScope } from '../flow/scope.js';
import { GraphScope, type TaskGraph } from '../graph/task-graph.js';
import type { LogLevel } from '../model/event.js';
import type { ReadSink } from '../model/file-read.js';
import { TASK_STATE_CODE } from '../model/states.js';
import type { TaskContext } from '../model/task-context.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { Skip } from '../model/task-error.js';
import { isSkip, runBody, type Settling } from './body.js';
import type { Children } from './children.js';
import type { Failures } from './failures.js';

/** What a sub-flow needs from the run it expands in. */
export interface SubflowHost extends RunPort, Settling {
  readonly failures: Failures;
  readonly children: Children;
  /** Why nothing new starts, where that is so. */
  readonly stopped: Error | undefined;
  idOf(node: number): string;
  line(node: number, attempt: number, level: LogLevel, text: string): void;
  /** @param node the sub-flow's own */
  bodyContext(params: Readonly<Record<string, unknown>>, node: number): TaskContext;
  endBecause(node: number, state: number, causes: readonly number[]): void;
  /** The body is over without having handled this. */
  bodyThrew(subflow: number, thrown: unknown): void;
}

/**
 * Runs the body of a sub-flow in the same run (S7): its calls become nodes inside the sub-flow's own node, which settles when they have.
 * A failure in it that nobody in it was told of is the sub-flow's failure.
 */
export async function expandSubflow(
  host: SubflowHost,
  node: number,
  definition: TaskDefinition,
  given: unknown,
  reads: ReadSink | undefined,
): Promise<unknown> {
  const params = (await definition.subflow?.resolve(given, reads)) ?? {};
  const output = { line: (level: LogLevel, text: string) => host.line(node, 1, level, text) };
  const scope = new BodyScope(host, host.bodyContext(params, node), output, new GraphScope(`${host.idOf(node)}.`, node));
  scope.reads = reads;
  scope.adoptions = adoptionsAround(host.graph, node);
  try {
    return await runBody(scope, host, () => definition.fn(params));
  } catch (error) {
    if (isSkip(error)) throw new Skip(asError(error).message);
    host.bodyThrew(node, error);
    throw error;
  } finally {
    await host.children.ended(node);
    scope.closed = true;
    const failed = host.failures.unhandledAmong((child) => isInside(host.graph, child, node));
    const cancelled = host.stopped === undefined || failed.length > 0 ? [] : cancelledInside(host, node);
    if (failed.length > 0) host.endBecause(node, TASK_STATE_CODE.failed, failed);
    else if (cancelled.length > 0) host.endBecause(node, TASK_STATE_CODE.cancelled, cancelled);
  }
}

/** What a stopped run did not let end: without it nobody knows what the sub-flow comes to, however early it had its own result. */
function cancelledInside(host: SubflowHost, node: number): readonly number[] {
  const cancelled: number[] = [];
  for (let child = node + 1; child < host.graph.size; child++)
    if (host.state(child) === 'cancelled' && isInside(host.graph, child, node)) cancelled.push(child);
  return cancelled;
}

/** What the sub-flows around a body, itself the first, say for their tasks. */
export function adoptionsAround(graph: TaskGraph, subflow: number): readonly Adopt[] {
  const adoptions: Adopt[] = [];
  for (let around: number | undefined = subflow; around !== undefined; around = graph.scopes[around]?.parent) {
    const adopt = graph.definitions[around]?.subflow?.adopt;
    if (adopt) adoptions.push(adopt);
  }
  return adoptions;
}

/** At any depth: a sub-flow answers for the sub-flows in it too. */
function isInside(graph: TaskGraph, child: number, node: number): boolean {
  let parent = graph.scopes[child]?.parent;
  while (parent !== undefined && parent !== node) parent = graph.scopes[parent]?.parent;
  return parent === node;
}
