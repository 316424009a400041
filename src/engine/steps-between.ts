import { asError } from '../base/error.js';
import { TASK_STATE_CODE } from '../model/states.js';
import type { MapSettings, TaskDefinition } from '../model/task-definition.js';
import type { ArgumentValues } from './argument-values.js';
import type { Children } from './children.js';
import { DerivedSteps } from './derived-steps.js';
import type { Endings } from './endings.js';
import { NoValue } from './failures.js';
import type { Machinery } from './machinery.js';
import type { MapCalls } from './map.js';
import { lostPredecessors, type TriggerView, weightiestFirst } from './triggering.js';

const { failed: FAILED, running: RUNNING, skipped: SKIPPED, success: SUCCESS } = TASK_STATE_CODE;

/** What maps and derived steps need of the run. */
export interface StepsBetweenHost extends TriggerView {
  readonly children: Children;
  tick(): void;
  move(node: number, state: number): void;
  /** True: results that the node needs are being read, and it is looked at again when they are here. */
  waitForInputs(node: number): boolean;
}

/** Nodes that take no slot: maps, which add a node for each element (S8), and steps between tasks, which are computed on the spot. */
export class StepsBetween {
  readonly #run: Machinery;
  readonly #host: StepsBetweenHost;
  readonly #endings: Endings;
  readonly #derived: DerivedSteps;

  constructor(run: Machinery, host: StepsBetweenHost, endings: Endings, values: ArgumentValues) {
    this.#run = run;
    this.#host = host;
    this.#endings = endings;
    const { failures, graph, maps, results } = run;
    this.#derived = new DerivedSteps({ view: host, graph, results, failures, values, childrenOf: (map) => maps.children.get(map) });
  }

  expand(map: number, definition: TaskDefinition): void {
    const { maps, parts, targets } = this.#run;
    if (this.#host.waitForInputs(map)) return;
    let calls: MapCalls;
    try {
      calls = maps.callsOf(map, definition, parts.maxSplits);
    } catch (error) {
      return this.#endings.fail(map, FAILED, error);
    }
    const scope = maps.scopeOf(map, definition, calls);
    const { of } = definition.map as MapSettings;
    try {
      targets.checkChildren(of, calls, (place) => scope.idOf(of.name, place));
    } catch (error) {
      return this.#endings.fail(map, FAILED, error);
    }
    this.#host.move(map, RUNNING);
    maps.expand(map, definition, calls, scope);
  }

  /** The children of a map are known; it ends when they have. */
  expanded(map: number, children: readonly number[]): void {
    void this.#host.children.ended(map).then(() => this.#closeMap(map, children));
  }

  /** Maps whose children have all settled end at once: of a run that is given up, nobody waits until it is their turn. */
  closeSettled(): void {
    const { maps, nodes } = this.#run;
    // What is inside others was added after them.
    for (const [map, children] of [...maps.children].sort(([a], [b]) => b - a)) {
      if (!nodes.isFinal(map) && children.every((child) => nodes.isFinal(child))) this.#closeMap(map, children);
    }
  }

  /** All children have settled. One that failed did not stop the others, but there is no whole list then (S8). */
  #closeMap(map: number, children: readonly number[]): void {
    const { nodes, results } = this.#run;
    if (nodes.isFinal(map)) return;
    this.#host.tick();
    results.ofChildren(map, children);
    const lost = children.filter((child) => !results.hasValue(child)).map((child) => results.actual(child));
    if (lost.length === 0) return this.#endings.settle(map, SUCCESS, undefined);
    this.#endings.mapWithout(map, weightiestFirst(this.#host, lost));
  }

  derive(node: number, definition: TaskDefinition): void {
    if (this.#host.waitForInputs(node)) return;
    // `after`, and the gate of a branch: without them there is nothing to compute with, whatever the arguments give.
    const lost = lostPredecessors(this.#host, node);
    if (lost.length > 0) return this.#endings.as(node, lost);
    try {
      this.#run.results.computed(node, this.#derived.compute(node, definition), undefined);
      this.#endings.settle(node, SUCCESS, undefined);
    } catch (error) {
      if (!(error instanceof NoValue)) return this.#endings.fail(node, asError(error).name === 'Skip' ? SKIPPED : FAILED, error);
      this.#endings.as(node, weightiestFirst(this.#host, error.from), definition.element);
    }
  }
}
