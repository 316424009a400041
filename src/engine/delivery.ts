import { type Path, project } from '../graph/ref.js';
import type { FinalState } from '../model/final-state.js';
import type { FailFast } from './fail-fast.js';
import { type Failures, taskError } from './failures.js';
import type { NodeResults } from './node-results.js';
import type { NodeTable } from './node-table.js';
import type { Resources } from './resources.js';

export interface DeliveryParts {
  readonly nodes: NodeTable;
  readonly results: NodeResults;
  readonly failures: Failures;
  readonly resources: Resources;
  /** Only where a failure is to stop the rest. */
  readonly failFast: FailFast | undefined;
  readonly idOf: (node: number) => string;
}

/** Hands over what nodes come to, to whoever awaits them. There is a promise only where somebody does. */
export class Delivery {
  readonly #parts: DeliveryParts;
  /** Nodes that have not settled. */
  #open = 0;
  readonly #waiters = new Map<number, (() => void)[]>();
  readonly #drained: (() => void)[] = [];

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  opened(): void {
    this.#open++;
  }

  /** It has settled: who waits for it may go on. */
  closed(node: number): void {
    const waiters = this.#waiters.get(node);
    if (waiters) {
      this.#waiters.delete(node);
      for (const wake of waiters) wake();
    }
    if (--this.#open === 0) for (const wake of this.#drained.splice(0)) wake();
  }

  /** Resolves when every node has settled, and nobody who waited for the last of them has added another. */
  async drained(): Promise<void> {
    do {
      if (this.#open > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#open > 0);
  }

  /** Resolves when the node has settled. */
  ended(node: number): Promise<void> {
    if (this.#parts.nodes.isFinal(node)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(node);
      if (waiters) waiters.push(resolve);
      else this.#waiters.set(node, [resolve]);
    });
  }

  /** The value of a node; rejects with why it has none. */
  async valueOf(node: number): Promise<unknown> {
    const { failures, results } = this.#parts;
    for (;;) {
      const actual = results.actual(node);
      await this.ended(actual);
      if (!results.hasValue(actual)) throw failures.error(actual);
      if (results.isLoaded(actual)) return results.value(actual);
      await results.load(actual);
    }
  }

  /** As `valueOf`, for a body: who awaits a failure is told of it, and so has handled it. */
  async result(node: number, path: Path | undefined): Promise<unknown> {
    await this.#delivered(node);
    try {
      return project(await this.valueOf(node), path);
    } catch (error) {
      this.#handle(node);
      throw error;
    }
  }

  /** As `result`, with an error as a value. */
  async settled(node: number, path: Path | undefined): Promise<FinalState<unknown>> {
    const { idOf, results } = this.#parts;
    await this.#delivered(node);
    try {
      await this.valueOf(node);
    } catch (error) {
      this.#handle(node);
      // It ended well, but its result is out of reach: the store itself cannot be used.
      if (results.hasValue(node)) return { state: 'failed', error: taskError(idOf(node), 'failed', 0, error) };
    }
    return results.finalState(node, path);
  }

  #handle(node: number): void {
    this.#parts.failures.handle(this.#parts.results.actual(node));
  }

  #delivered(node: number): Promise<void> {
    const { failFast, resources } = this.#parts;
    resources.want(node);
    const ended = this.ended(node);
    return failFast === undefined ? ended : ended.finally(failFast.awaited(node));
  }
}
