import type { TaskGraph } from '../graph/task-graph.js';
import { TASK_STATE_CODE } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Failures } from './failures.js';
import { HAS_INPUTS, LOOKED_AT, type NodeTable } from './node-table.js';
import { hasOwnRule } from './triggering.js';

const { success: SUCCESS, skipped: SKIPPED } = TASK_STATE_CODE;

/** What resources need of the run. */
export interface ResourcesHost {
  readonly graph: TaskGraph;
  readonly nodes: NodeTable;
  readonly failures: Failures;
  arm(node: number): void;
  ended(node: number): Promise<void>;
  fail(node: number, state: number, thrown: unknown): void;
}

/**
 * When resources are set up and taken down. A setup is held back until somebody who uses it is about to run; a teardown until the body that it
 * belongs to is over, which tells who uses it, and these have ended. Both are held as if they waited for one input more.
 */
export class Resources {
  readonly #host: ResourcesHost;
  /** Setups that are held back. */
  readonly #held = new Set<number>();
  /** By teardown, what it takes down: those whose body is not over. */
  readonly #open = new Map<number, number>();
  /** The same, of all. */
  readonly #setups = new Map<number, number>();

  constructor(host: ResourcesHost) {
    this.#host = host;
  }

  /** @returns what the new node waits for, of what its arguments refer to */
  registered(node: number, definition: TaskDefinition, upstream: readonly number[] | undefined): readonly number[] | undefined {
    if (definition.resource === undefined) return this.#held.size === 0 ? upstream : this.#withoutHeld(node, definition, upstream);
    if (definition.resource.role === 'setup') {
      // What its arguments come to is asked for anyway.
      if (upstream !== undefined) return upstream;
      this.#held.add(node);
      this.#hold(node);
      return upstream;
    }
    const [setup] = upstream as readonly [number];
    this.#host.nodes.mark(node, HAS_INPUTS);
    this.#hold(node);
    this.#open.set(node, setup);
    this.#setups.set(node, setup);
    if (!definition.resource.failRun) this.#host.failures.handle(node);
    return undefined;
  }

  /** Who may still turn out to be reused does not ask for a setup yet. */
  #withoutHeld(node: number, definition: TaskDefinition, upstream: readonly number[] | undefined): readonly number[] | undefined {
    const held = upstream?.filter((from) => this.#held.has(from)) ?? [];
    if (held.length === 0) return upstream;
    const mayBeReused = (definition.kind === 'task' || definition.kind === 'subflow') && !hasOwnRule(definition);
    if (!mayBeReused) {
      for (const setup of held) this.want(setup);
      return upstream;
    }
    this.#host.nodes.mark(node, HAS_INPUTS);
    return upstream?.filter((from) => !this.#held.has(from));
  }

  /** A setup that has not ended. */
  isComing(node: number): boolean {
    const { graph, nodes } = this.#host;
    return graph.definitions[node]?.resource?.role === 'setup' && !nodes.isFinal(node);
  }

  get any(): boolean {
    return this.#setups.size > 0;
  }

  /** Asks for a setup, and resolves when it has ended. */
  come(setup: number): Promise<void> {
    this.want(setup);
    return this.#host.ended(setup);
  }

  /** Somebody needs what it makes. */
  want(node: number): void {
    if (this.#held.delete(node)) this.#letGo(node);
  }

  /** The body is over: who uses its resources is known. */
  bodyOver(scope: object): void {
    for (const teardown of this.#open.keys()) if (this.#host.graph.scopes[teardown] === scope) this.#release(teardown);
  }

  /** Nobody can use them any more. Resolves when all have been taken down; undefined: there are none. */
  tearDown(): Promise<unknown> | undefined {
    for (const teardown of this.#open.keys()) this.#release(teardown);
    const left = [...this.#setups.keys()].filter((node) => !this.#host.nodes.isFinal(node));
    return left.length === 0 ? undefined : Promise.all(left.map((node) => this.#host.ended(node)));
  }

  #release(teardown: number): void {
    const { graph, nodes } = this.#host;
    const setup = this.#open.get(teardown) as number;
    this.#open.delete(teardown);
    for (const user of this.#usersOf(setup, teardown)) {
      graph.addOrder(teardown, user);
      nodes.link(user, teardown);
    }
    this.#letGo(teardown);
  }

  /** Those that have not ended: directly, or by way of steps between tasks. */
  #usersOf(setup: number, teardown: number): readonly number[] {
    const { graph, nodes } = this.#host;
    const carriers = new Set([setup]);
    const users: number[] = [];
    for (let node = setup + 1; node < graph.size; node++) {
      const isDerived = graph.definitions[node]?.kind === 'derived';
      if (node === teardown || (!isDerived && nodes.isFinal(node))) continue;
      if (!graph.inputs(node).some(({ from }) => carriers.has(from))) continue;
      if (isDerived) carriers.add(node);
      if (!nodes.isFinal(node)) users.push(node);
    }
    return users;
  }

  /** What becomes of a teardown when all who might use the resource have ended. @returns whether it is to run */
  mayTearDown(teardown: number): boolean {
    const { nodes } = this.#host;
    const setup = this.#setups.get(teardown) as number;
    if (this.#held.delete(setup)) this.#host.fail(setup, SKIPPED, new Error('nothing that uses it had to run'));
    if (!nodes.isFinal(setup)) {
      nodes.unmark(teardown, LOOKED_AT);
      void this.#host.ended(setup).then(() => this.#host.arm(teardown));
      return false;
    }
    if (nodes.state[setup] === SUCCESS) return true;
    this.#host.fail(teardown, SKIPPED, new Error(`'${this.#host.graph.id(setup)}' was not set up`));
    return false;
  }

  #hold(node: number): void {
    (this.#host.nodes.waitingFor[node] as number)++;
  }

  #letGo(node: number): void {
    const left = (this.#host.nodes.waitingFor[node] as number) - 1;
    this.#host.nodes.waitingFor[node] = left;
    if (left === 0) this.#host.arm(node);
  }
}
