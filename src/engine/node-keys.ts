import type { GraphScope, TaskGraph } from '../graph/task-graph.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { callKey, type InputDigests } from './inputs.js';

/**
 * The keys that name calls from run to run (S9): worked out when first asked for, from digests that are known already where there are any. Equal
 * calls are told apart by the order in which they were made, whatever order they end in: the nth of one run is the nth of the next.
 */
export class NodeKeys {
  readonly #graph: TaskGraph;
  /** Of the first nodes: as far as they were asked for. */
  readonly #keys: string[] = [];
  readonly #equals = new Map<string, number>();

  constructor(graph: TaskGraph) {
    this.#graph = graph;
  }

  /** The node, and all before it, must still have their arguments, unless they were asked for before. */
  of(node: number, known?: InputDigests): string {
    for (let at = this.#keys.length; at <= node; at++) this.#keys.push(this.#make(at, at === node ? known : undefined));
    return this.#keys[node] as string;
  }

  #make(node: number, known: InputDigests | undefined): string {
    const { parent } = this.#graph.scopes[node] as GraphScope;
    const { name, parameterNames } = this.#graph.definitions[node] as TaskDefinition;
    const scope = parent === undefined ? '' : this.#made(parent);
    const args = this.#graph.args[node] as readonly unknown[];
    const key = callKey(scope, name, args, parameterNames, known, this.#made);
    const equals = this.#equals.get(key) ?? 0;
    this.#equals.set(key, equals + 1);
    // Keys are 32 hex characters: an occurrence among equals takes the place of the last eight.
    return equals === 0 ? key : key.slice(0, 24) + equals.toString(16).padStart(8, '0');
  }

  /** What a call refers to was made before it. */
  readonly #made = (node: number): string => this.#keys[node] as string;
}
