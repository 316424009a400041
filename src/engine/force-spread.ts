import type { Knowledge } from '../graph/knowledge.js';
import type { GraphScope, TaskGraph } from '../graph/task-graph.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Force } from './force.js';
import { FORCED, type NodeTable } from './node-table.js';

/** What a forced task feeds is forced too, whether by data, by order or by what the body did (S28). */
export class ForceSpread {
  readonly #force: Force;
  readonly #graph: TaskGraph;
  readonly #nodes: NodeTable;
  /** A forced result that had reached the body, if any. What it had seen was settled, so the answer stands. */
  readonly #seen = new WeakMap<Knowledge, number | undefined>();
  /** Where the force that reached a node began, in the user's words. */
  readonly #origins = new Map<number, string>();
  /** Sub-flows and maps that are forced themselves, not because of what is in them: all in them is forced. */
  readonly #whole = new Set<number>();

  constructor(force: Force, graph: TaskGraph, nodes: NodeTable) {
    this.#force = force;
    this.#graph = graph;
    this.#nodes = nodes;
  }

  /** Marks a node whose inputs have settled, if it is forced. */
  mark(node: number, definition: TaskDefinition): void {
    const before = this.#forcedBefore(node);
    if (before === undefined && !this.#force.downstream.has(definition.name)) return;
    if (before !== undefined) this.#origins.set(node, this.#origins.get(before) ?? this.#graph.called(before));
    if (definition.kind === 'subflow' || definition.kind === 'map') this.#whole.add(node);
    // What a sub-flow gives depends on its children: what it feeds is downstream of them.
    for (let forced: number | undefined = node; forced !== undefined; forced = this.#parent(forced)) this.#nodes.mark(forced, FORCED);
  }

  /** What was forced upstream of a node, and so forced it. */
  originOf(node: number): string | undefined {
    return this.#origins.get(node);
  }

  #forcedBefore(node: number): number | undefined {
    const parent = this.#parent(node);
    if (parent !== undefined && this.#whole.has(parent)) return parent;
    return this.#graph.inputs(node).find(({ from }) => this.#nodes.has(from, FORCED))?.from ?? this.#seenBy(this.#graph.knowledge[node]);
  }

  #seenBy(known: Knowledge | undefined): number | undefined {
    const asked: Knowledge[] = [];
    let seen: number | undefined;
    for (let at = known; at !== undefined && seen === undefined; at = at.before) {
      if (this.#seen.has(at)) {
        seen = this.#seen.get(at);
        break;
      }
      asked.push(at);
      seen = at.seen.find((node) => this.#nodes.has(node, FORCED));
    }
    for (const at of asked) this.#seen.set(at, seen);
    return seen;
  }

  #parent(node: number): number | undefined {
    return (this.#graph.scopes[node] as GraphScope).parent;
  }
}
