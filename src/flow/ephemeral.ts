import { isRef, NODE, OWNER, PATH, type Path, project, type Ref } from '../graph/ref.js';
import { KEEP, replaceDeep } from '../graph/references.js';
import { GraphScope, TaskGraph } from '../graph/task-graph.js';
import type { FinalState } from '../model/final-state.js';
import type { TaskState } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { FlowRunError, TaskError } from '../model/task-error.js';
import { FLOW_DEFAULTS } from './flow-defaults.js';
import { type FlowDefinition, flowRuntime, type RunHandle } from './flow-runtime.js';
import { futureClassFor, NodeFuture } from './node-future.js';
import { registerIn } from './register.js';
import type { RunPort } from './run-port.js';
import { type BodyScope, scopes } from './scope.js';

/** A task called outside any flow: nothing happens until somebody awaits it; then it is a run of its own (S6). */
export function callOutsideFlow(definition: TaskDefinition, args: readonly unknown[]): NodeFuture {
  const port = new EphemeralPort(definition, args);
  return new (definition.outputs ? futureClassFor(Object.keys(definition.outputs)) : NodeFuture)(port, 0);
}

class EphemeralPort implements RunPort {
  readonly runId = '(not started)';
  readonly flowName: string;
  readonly graph = new TaskGraph();
  readonly closed = true;
  readonly #definition: TaskDefinition;
  readonly #args: readonly unknown[];
  #handle: RunHandle<unknown> | undefined;
  /** The call inside that run. */
  #inside: NodeFuture | undefined;
  #ended: TaskState | undefined;

  constructor(definition: TaskDefinition, args: readonly unknown[]) {
    this.flowName = definition.name;
    this.#definition = definition;
    this.#args = args;
    this.graph.add(definition, args, new GraphScope(), undefined);
  }

  registered(): void {}

  order(): never {
    throw new TypeError(`'${this.flowName}' was called outside any flow: there is nothing it could wait for`);
  }

  state(): TaskState {
    return this.#ended ?? (this.#handle ? 'running' : 'pending');
  }

  async result(_node: number, path: Path | undefined): Promise<unknown> {
    this.#handle ??= flowRuntime().start(this.#asFlow(), { argument: {} }, {});
    try {
      const value = await this.#handle.result();
      // A run whose task was skipped has not failed; who awaits the task is told all the same.
      if (this.#inside?.state === 'skipped') await this.#inside.result();
      this.#ended = 'success';
      return project(value, path);
    } catch (error) {
      const own = error instanceof FlowRunError ? [...error.failures, error.cause].find((cause) => cause instanceof TaskError) : undefined;
      const skipped = error instanceof TaskError && this.#inside?.state === 'skipped';
      this.#ended = skipped ? 'skipped' : 'failed';
      throw own ?? error;
    }
  }

  async settled(node: number, path: Path | undefined): Promise<FinalState<unknown>> {
    try {
      return { state: 'success', value: await this.result(node, path) };
    } catch (error) {
      if (error instanceof TaskError) return { state: this.#ended === 'skipped' ? 'skipped' : 'failed', error };
      throw error;
    }
  }

  /** The same call inside a flow's body; arguments that were made outside too become calls of that flow, each once. */
  #call(scope: BodyScope, called = new Map<EphemeralPort, number>()): number {
    let node = called.get(this);
    if (node === undefined) {
      const inside = ({ [OWNER]: port, [PATH]: path }: Ref<EphemeralPort>) => new NodeFuture(scope.port, port.#call(scope, called), path);
      const args = this.#args.map((arg) => replaceDeep(arg, (value) => (isOutside(value) ? inside(value) : KEEP)));
      node = registerIn(scope, this.#definition, args);
      called.set(this, node);
    }
    return node;
  }

  #asFlow(): FlowDefinition {
    return {
      ...FLOW_DEFAULTS,
      name: this.#definition.name,
      description: this.#definition.description,
      code: this.#definition.code,
      body: () => {
        const scope = scopes.getStore() as BodyScope;
        this.#inside = new NodeFuture(scope.port, this.#call(scope));
        return this.#inside;
      },
    };
  }
}

function isOutside(value: object): value is Ref<EphemeralPort> {
  return isRef(value) && value[OWNER] instanceof EphemeralPort && value[NODE] === 0;
}
