import type { GraphScope, TaskGraph } from '../graph/task-graph.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { callKey, type InputDigests } from './inputs.js';

/** The keys that name calls from run to run (S9): worked out when first asked for, from digests that are known already where there are any. */
export class NodeKeys {
  readonly #graph: TaskGraph;
  readonly #keys: (string | undefined)[] = [];
  readonly #equals = new Map<string, number>();

  constructor(graph: TaskGraph) {
    this.#graph = graph;
  }

  /** Nodes come in order, so that the list stays dense whatever order they are asked in. */
  add(): void {
    this.#keys.push(undefined);
  }

  /** The node must still have its arguments, unless it was asked for before. */
  of(node: number, known?: InputDigests): string {
    let key = this.#keys[node];
    if (key === undefined) {
      key = this.#make(node, known);
      this.#keys[node] = key;
    }
    return key;
  }

  #make(node: number, known: InputDigests | undefined): string {
    const { parent } = this.#graph.scopes[node] as GraphScope;
    const { name, parameterNames } = this.#graph.definitions[node] as TaskDefinition;
    const scope = parent === undefined ? '' : this.of(parent);
    const args = this.#graph.args[node] as readonly unknown[];
    const key = callKey(scope, name, args, parameterNames, known, (from) => this.of(from));
    const equals = this.#equals.get(key) ?? 0;
    this.#equals.set(key, equals + 1);
    // Keys are 32 hex characters: an occurrence among equals takes the place of the last eight.
    return equals === 0 ? key : key.slice(0, 24) + equals.toString(16).padStart(8, '0');
  }
}
