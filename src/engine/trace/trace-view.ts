import type { RunPort } from '../../flow/run-port.js';
import type { TaskDefinition } from '../../model/task-definition.js';
import { MADE_OF_OTHERS, type TraceAnswer } from './trace-answer.js';

/** What the parts of a trace ask each other of its nodes. Everything is found once, however many ask. */
export interface TraceView {
  /** Whose graph it is. */
  readonly port: RunPort;
  answer(node: number): Promise<TraceAnswer>;
  /** The value of a node that is complete. @throws MillraceError `RESULT_MISSING`, `RESULT_CORRUPTED` and what reading throws */
  value(node: number): Promise<unknown>;
  /** Whether a run is sure not to run this node. */
  skips(node: number): Promise<boolean>;
}

export function definitionOf({ port }: TraceView, node: number): TaskDefinition {
  return port.graph.definitions[node] as TaskDefinition;
}

export function argumentsOf({ port }: TraceView, node: number): readonly unknown[] {
  return port.graph.args[node] as readonly unknown[];
}

/** By node, what is known of those whose results a node is given. */
export type Upstream = ReadonlyMap<number, TraceAnswer>;

export async function upstreamOf(view: TraceView, node: number): Promise<Upstream> {
  const upstream = new Map<number, TraceAnswer>();
  for (const { from, position } of view.port.graph.inputs(node))
    if (position >= 0) upstream.set(from, (await knownBeforeSetUp(view, from)) ?? (await view.answer(from)));
  return upstream;
}

/** Whether all of it is complete. */
export function isKnown(upstream: Upstream): boolean {
  return [...upstream.values()].every(({ state }) => state === 'complete');
}

/** A resource is known to those who use it before it is set up. */
async function knownBeforeSetUp(view: TraceView, node: number): Promise<TraceAnswer | undefined> {
  if (definitionOf(view, node).resource === undefined) return undefined;
  return isKnown(await upstreamOf(view, node)) ? MADE_OF_OTHERS : undefined;
}
