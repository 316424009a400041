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
  /** Whether a forced result had reached the body. What it had seen was settled, so the answer stands. */
  readonly #saw = new WeakMap<Knowledge, boolean>();

  constructor(force: Force, graph: TaskGraph, nodes: NodeTable) {
    this.#force = force;
    this.#graph = graph;
    this.#nodes = nodes;
  }

  /** Marks a node whose inputs have settled, if it is forced. */
  mark(node: number, definition: TaskDefinition): void {
    if (!this.#inherits(node) && !this.#force.downstream.has(definition.name)) return;
    // What a sub-flow gives depends on its children: what it feeds is downstream of them.
    for (let forced: number | undefined = node; forced !== undefined; forced = this.#parent(forced)) this.#nodes.mark(forced, FORCED);
  }

  #inherits(node: number): boolean {
    const parent = this.#parent(node);
    if (parent !== undefined && this.#graph.definitions[parent]?.kind === 'map' && this.#nodes.has(parent, FORCED)) return true;
    return this.#graph.inputs(node).some(({ from }) => this.#nodes.has(from, FORCED)) || this.#sawForced(this.#graph.knowledge[node]);
  }

  #sawForced(known: Knowledge | undefined): boolean {
    const asked: Knowledge[] = [];
    let saw = false;
    for (let at = known; at !== undefined && !saw; at = at.before) {
      const answer = this.#saw.get(at);
      if (answer !== undefined) {
        saw = answer;
        break;
      }
      asked.push(at);
      saw = at.seen.some((node) => this.#nodes.has(node, FORCED));
    }
    for (const at of asked) this.#saw.set(at, saw);
    return saw;
  }

  #parent(node: number): number | undefined {
    return (this.#graph.scopes[node] as GraphScope).parent;
  }
}
