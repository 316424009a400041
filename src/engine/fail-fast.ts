import { isMerge } from '../flow/control.js';
import { consumesFailures } from '../flow/derived.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { TaskDefinition } from '../model/task-definition.js';

/** What is asked of a run in which a failure is to stop the rest. */
export interface FailFastView {
  readonly graph: TaskGraph;
  /** Those that wait for a node: for its end, or for its children only. */
  dependentsOf(node: number): readonly number[];
  /** It has not settled, or has a value. */
  mayHaveValue(node: number): boolean;
}

/**
 * `onFailure: 'cancel-rest'`: tells failures that somebody is going to handle from those that stop the run. What the body awaits at the moment
 * is delivered to it; should it not be caught, the body ends, and that stops the run.
 */
export class FailFast {
  readonly #view: FailFastView;
  /** Maps over the children of another map: each child there is fed by one here, from when it is added. */
  readonly #mapsOver = new Map<number, number[]>();
  /** How often the body waits for a node right now. */
  readonly #awaited = new Map<number, number>();

  constructor(view: FailFastView) {
    this.#view = view;
  }

  /** The body waits for this node until the returned function is called. */
  awaited(node: number): () => void {
    this.#awaited.set(node, (this.#awaited.get(node) ?? 0) + 1);
    return () => {
      const left = (this.#awaited.get(node) as number) - 1;
      if (left > 0) this.#awaited.set(node, left);
      else this.#awaited.delete(node);
    };
  }

  /** A map takes the children of another map as its list. */
  mapsOver(map: number, other: number): void {
    this.#mapsOver.set(other, [...(this.#mapsOver.get(other) ?? []), map]);
  }

  /** Whether somebody in the graph, or the body, is going to handle a failure of this node: to be asked before the node settles. */
  isHandled(failed: number): boolean {
    const seen = new Set<number>();
    const stack = [failed];
    while (stack.length > 0) {
      const node = stack.pop() as number;
      if (seen.has(node)) continue;
      seen.add(node);
      if (this.#awaited.has(node)) return true;
      for (const next of this.#passedTo(node)) {
        const what = this.#reaction(node, next);
        if (what === 'handles') return true;
        if (what === 'passes') stack.push(next);
      }
    }
    return false;
  }

  /** A sub-flow, and a map, answer for what is in them. */
  #passedTo(node: number): readonly number[] {
    const parent = this.#view.graph.scopes[node]?.parent;
    const dependents = [...this.#view.dependentsOf(node), ...(this.#mapsOver.get(node) ?? [])];
    return parent === undefined ? dependents : [...dependents, parent];
  }

  /** Where another of its futures has a value, or may have one, a merge does not speak of the one that failed. */
  #mayHaveAnother(from: number, merge: number): boolean {
    return this.#view.graph.inputs(merge).some((input) => input.from !== from && this.#view.mayHaveValue(input.from));
  }

  /** What a node makes of the failure of one that it waits for. */
  #reaction(from: number, node: number): 'handles' | 'passes' | 'ends' {
    const { graph } = this.#view;
    const definition = graph.definitions[node] as TaskDefinition;
    if (definition.kind !== 'derived') return definition.trigger === undefined ? 'passes' : reactionOf(definition);
    const isFirst = graph.inputs(node).some((input) => input.from === from && input.position === 0);
    if (consumesFailures(definition)) return isFirst ? 'handles' : 'passes';
    return isMerge(definition) && this.#mayHaveAnother(from, node) ? 'ends' : 'passes';
  }
}

/** A task with a rule of its own runs after failures, and says by `handles` whether they are handled then. Rules that no failure satisfies pass it on. */
function reactionOf({ trigger, handles }: TaskDefinition): 'handles' | 'passes' | 'ends' {
  if (trigger === 'all-success' || trigger === 'none-failed' || trigger === 'none-failed-min-one-success') return 'passes';
  return handles ? 'handles' : 'ends';
}
