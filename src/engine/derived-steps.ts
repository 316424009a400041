import { isRef, NODE, PATH, type Ref } from '../graph/ref.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { DerivedInputs, TaskDefinition } from '../model/task-definition.js';
import type { ArgumentValues } from './argument-values.js';
import { type Failures, NoValue } from './failures.js';
import { noSuchChild } from './map-element.js';
import type { NodeResults } from './node-results.js';
import { asMade } from './stored.js';
import type { TriggerView } from './triggering.js';

export interface DerivedStepsParts {
  readonly view: TriggerView;
  readonly graph: TaskGraph;
  readonly results: NodeResults;
  readonly failures: Failures;
  readonly values: ArgumentValues;
  readonly childrenOf: (map: number) => readonly number[] | undefined;
}

/** Steps between tasks (`all`, `orElse`, `outcome`, an element of a map …): pure, without a slot, a row or an attempt. */
export class DerivedSteps {
  readonly #parts: DerivedStepsParts;

  constructor(parts: DerivedStepsParts) {
    this.#parts = parts;
  }

  /** @throws NoValue, and what the step throws */
  compute(node: number, definition: TaskDefinition): unknown {
    return definition.fn(this.#inputs(node));
  }

  #inputs(node: number): DerivedInputs {
    const { failures, graph, results, values, view } = this.#parts;
    const args = graph.args[node] as readonly unknown[];
    const handleIfLost = (input: number): void => {
      if (!results.hasValue(input)) failures.handle(results.actual(input));
    };
    return {
      value: (position) => values.orAllLost(args[position]),
      state: (position) => {
        const ref = args[position];
        if (!isRef(ref)) return { state: 'success', value: ref };
        handleIfLost(ref[NODE]);
        return asMade(results.finalState(ref[NODE], ref[PATH]));
      },
      element: () => this.#element(node),
      count: (position) => this.#childrenAt(args[position]).length,
      children: (position) => {
        const children = this.#childrenAt(args[position]);
        failures.handle((args[position] as Ref)[NODE]);
        for (const child of children) handleIfLost(child);
        return children.map((child) => asMade(results.finalState(child, undefined)));
      },
      ended: (position) => {
        const ref = args[position];
        return isRef(ref) ? view.state(results.actual(ref[NODE])) : 'success';
      },
    };
  }

  #element(node: number): unknown {
    const { childrenOf, graph, results } = this.#parts;
    const [ref, index] = graph.args[node] as readonly [Ref, number];
    const child = graph.elementOf(node);
    if (child !== undefined) {
      if (!results.hasValue(child)) throw new NoValue([results.actual(child)]);
      return results.value(child);
    }
    const children = childrenOf(ref[NODE]);
    if (children === undefined) throw new NoValue([ref[NODE]]);
    throw noSuchChild(graph.id(ref[NODE]), children.length, index);
  }

  /** The children of the map that an argument stands for. @throws NoValue when it never came to have any */
  #childrenAt(arg: unknown): readonly number[] {
    const node = isRef(arg) ? arg[NODE] : 0;
    const children = isRef(arg) ? this.#parts.childrenOf(node) : undefined;
    if (children === undefined) throw new NoValue([node]);
    return children;
  }
}
