import { inspect } from 'node:util';
import { MillraceError } from '../base/error.js';
import { NODE, OWNER, PATH, type Path, pathText, type Ref } from '../graph/ref.js';
import type { FinalState } from '../model/final-state.js';
import type { TaskState } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { TaskError } from '../model/task-error.js';
import { OR_ELSE, OUTCOME } from './derived.js';
import type { Upstream } from './future.js';
import { checkOwner, register } from './register.js';
import type { RunPort } from './run-port.js';
import { scopes } from './scope.js';

/** The one class behind every `Future`: a node of a run, and perhaps a path into its result. */
export class NodeFuture implements Ref<RunPort> {
  // Only declared: there is one for each call, and fields would be set twice.
  declare readonly [OWNER]: RunPort;
  declare readonly [NODE]: number;
  declare readonly [PATH]: Path | undefined;

  constructor(port: RunPort, node: number, path?: Path) {
    this[OWNER] = port;
    this[NODE] = node;
    this[PATH] = path;
  }

  get id(): string {
    return pathText(this[OWNER].graph.id(this[NODE]), this[PATH]);
  }

  get taskName(): string {
    return (this[OWNER].graph.definitions[this[NODE]] as TaskDefinition).name;
  }

  get state(): TaskState {
    return this[OWNER].state(this[NODE]);
  }

  get(key: string | number): NodeFuture {
    return new NodeFuture(this[OWNER], this[NODE], [...(this[PATH] ?? []), key]);
  }

  after(...up: Upstream[]): this {
    for (const future of up.flat() as unknown as NodeFuture[]) this[OWNER].order(this[NODE], checkOwner(this[OWNER], future)[NODE]);
    return this;
  }

  outcome(): NodeFuture {
    return derive(OUTCOME, [this]);
  }

  orElse(fallback: unknown): NodeFuture {
    return derive(OR_ELSE, [this, fallback]);
  }

  async result(): Promise<unknown> {
    const scope = scopes.getStore();
    try {
      const value = await this[OWNER].result(this[NODE], this[PATH]);
      if (scope?.kind === 'body' && scope.port === this[OWNER]) scope.delivered(this[NODE], this[PATH], value);
      return value;
    } catch (error) {
      if (scope?.kind === 'body' && scope.port === this[OWNER]) scope.delivered(this[NODE], undefined, undefined);
      throw error;
    }
  }

  async settled(): Promise<FinalState<unknown>> {
    const scope = scopes.getStore();
    const state = await this[OWNER].settled(this[NODE], this[PATH]);
    if (scope?.kind === 'body' && scope.port === this[OWNER]) scope.delivered(this[NODE], this[PATH], 'value' in state ? state.value : undefined);
    return state;
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting a future is how a body asks for a value
  then<A, B>(
    onValue?: ((value: unknown) => A | PromiseLike<A>) | null,
    onFailure?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<unknown> {
    return this.result().then(onValue, onFailure);
  }

  catch<U>(onFailure: (error: TaskError) => U | PromiseLike<U>): Promise<unknown> {
    return this.result().catch(onFailure);
  }

  finally(onEnd: () => void): Promise<unknown> {
    return this.result().finally(onEnd);
  }

  toJSON(): never {
    throw notAValue(this, 'turned into JSON');
  }

  toString(): never {
    throw notAValue(this, 'put into a text');
  }

  [Symbol.toPrimitive](): never {
    throw notAValue(this, 'calculated with, compared or put into a text');
  }

  get [Symbol.iterator](): never {
    throw notAValue(this, 'iterated or destructured as a list');
  }

  [inspect.custom](): string {
    return `Future(${this.id}: ${this.state})`;
  }
}

/** A subclass whose instances destructure into the named outputs. */
export function futureClassFor(outputs: readonly string[]): typeof NodeFuture {
  const OutputFuture = class extends NodeFuture {};
  for (const name of outputs) {
    if (name in NodeFuture.prototype) {
      throw new MillraceError('OUTPUT_NAME_RESERVED', `expected output names that futures do not use themselves; got '${name}'`, {
        hint: `Rename the output, for example '${name}Output'.`,
      });
    }
    Object.defineProperty(OutputFuture.prototype, name, {
      get(this: NodeFuture) {
        return this.get(name);
      },
    });
  }
  return OutputFuture;
}

function notAValue(future: NodeFuture, what: string): MillraceError {
  return new MillraceError('FUTURE_NOT_A_VALUE', `future '${future.id}' was ${what}, but its value does not exist yet`, {
    hint: 'Pass the future to a task, take a part with .get(key), or await it first.',
  });
}

/** A future of a step between nodes. */
export function derive(definition: TaskDefinition, args: readonly unknown[]): NodeFuture {
  const { port, node } = register(definition, args);
  return new NodeFuture(port, node);
}
