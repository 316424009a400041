import { isGate } from '../../flow/control.js';
import type { TaskGraph } from '../../graph/task-graph.js';
import type { TaskDefinition } from '../../model/task-definition.js';
import { isSkip } from '../body.js';
import { hasOwnRule } from '../triggering.js';
import type { GraphBreak } from './graph-break.js';
import { definitionOf, type TraceView } from './trace-view.js';

/** The gates of the branches that a node stands in. */
export function gatesOf(graph: TaskGraph, node: number): readonly number[] {
  return graph.orderOf(node).filter((from) => isGate(graph.definitions[from] as TaskDefinition));
}

/** Which nodes a run is sure to come to, and which it is sure to pass over: as far as it is known which branches are taken. */
export class Branches {
  readonly #view: TraceView;
  readonly #graph: TaskGraph;
  readonly #graphBreak: GraphBreak;
  readonly #skips = new Map<number, Promise<boolean>>();

  constructor(view: TraceView, graphBreak: GraphBreak) {
    this.#view = view;
    this.#graph = view.port.graph;
    this.#graphBreak = graphBreak;
  }

  /** Whether a run is sure to come to this node: not after a break, nor in a branch that may not be taken. */
  async certain(node: number): Promise<boolean> {
    if (this.#graphBreak.isBefore(node)) return false;
    const parent = this.#graph.scopes[node]?.parent;
    if (parent !== undefined && !(await this.certain(parent))) return false;
    for (const gate of gatesOf(this.#graph, node)) if ((await this.#gate(gate)) !== 'open') return false;
    return true;
  }

  /**
   * Whether a run is sure not to run this node, as far as nothing fails: it stands in a branch that is known not to be taken, or needs what does
   * (S11).
   */
  skips(node: number): Promise<boolean> {
    let skips = this.#skips.get(node);
    if (skips === undefined) {
      skips = this.#findSkip(node);
      this.#skips.set(node, skips);
    }
    return skips;
  }

  async #findSkip(node: number): Promise<boolean> {
    // Not on the caller's stack: a chain may be a hundred thousand nodes long.
    await undefined;
    if (this.#graphBreak.isBefore(node)) return false;
    const definition = definitionOf(this.#view, node);
    const parent = this.#graph.scopes[node]?.parent;
    if (parent !== undefined && (await this.skips(parent))) return true;
    for (const gate of gatesOf(this.#graph, node)) if ((await this.#gate(gate)) === 'closed') return true;
    if (definition.kind === 'derived' || hasOwnRule(definition)) return false;
    for (const { from } of this.#graph.inputs(node)) if (await this.skips(from)) return true;
    return false;
  }

  async #gate(gate: number): Promise<'open' | 'closed' | 'unknown'> {
    if (!(await this.certain(gate)) || (await this.#view.answer(gate)).state !== 'complete') return 'unknown';
    return await this.#view.value(gate).then(
      () => 'open',
      (error: unknown) => (isSkip(error) ? 'closed' : 'unknown'),
    );
  }
}
