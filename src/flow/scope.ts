import { AsyncLocalStorage } from 'node:async_hooks';
import { type Knowledge, learn } from '../graph/knowledge.js';
import { isRef, NODE, OWNER, PATH, type Path, type Ref } from '../graph/ref.js';
import { KEEP, replaceDeep } from '../graph/references.js';
import { GraphScope } from '../graph/task-graph.js';
import type { LogLevel } from '../model/event.js';
import type { ReadSink } from '../model/file-read.js';
import type { TaskContext } from '../model/task-context.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Adopt } from './adoption.js';
import type { RunPort } from './run-port.js';

/** Where code is running: in the body of a flow, where calls draw the graph, or in a task, where they are plain calls (S6). */
export type Scope = BodyScope | TaskScope;

export interface TaskScope {
  readonly kind: 'task';
  readonly context: TaskContext;
  readonly output: Output;
  /** Takes down which files are read (S22b); undefined where nobody needs to know. */
  readonly reads: ReadSink | undefined;
}

/** Takes what is printed: a line of the task's, or the run's, log. */
export interface Output {
  line(level: LogLevel, text: string): void;
}

/** Shared by every copy of the package in the process: a flow of one may call tasks of another. */
const STORAGE = Symbol.for('millrace.scope');
const shared = globalThis as { [STORAGE]?: AsyncLocalStorage<Scope> };
shared[STORAGE] ??= new AsyncLocalStorage<Scope>();
export const scopes: AsyncLocalStorage<Scope> = shared[STORAGE];

/** An awaited object that is passed on, standing for the node it came from. Its digest is taken from the object as it is now. */
export class Lineage implements Ref<RunPort> {
  readonly [OWNER]: RunPort;
  readonly [NODE]: number;
  readonly [PATH]: Path | undefined;
  readonly value: object;

  constructor(port: RunPort, node: number, path: Path | undefined, value: object) {
    this[OWNER] = port;
    this[NODE] = node;
    this[PATH] = path;
    this.value = value;
  }
}

/** The body of a run or of a sub-flow while it executes: where its nodes belong and which results it has seen. */
export class BodyScope {
  readonly kind = 'body';
  readonly port: RunPort;
  readonly context: TaskContext;
  readonly output: Output;
  readonly graphScope: GraphScope;
  /** As a task's: of a sub-flow that is reused as a whole. */
  reads: ReadSink | undefined;
  /** Set when the body's calls are over; the nodes may still be running. */
  closed = false;
  /** Of a sub-flow: its own defaults, and those of the sub-flows around it, innermost first. The run's come after them. */
  adoptions: readonly Adopt[] = [];
  /** What calls made now wait for, whatever their arguments: the gate of a branch (`when`), the step before (`sequence`). */
  preceding: readonly number[] = [];
  readonly #lineage = new WeakMap<object, Lineage>();
  #hasLineage = false;
  #known: Knowledge | undefined;
  #delivered: number[] = [];

  constructor(port: RunPort, context: TaskContext, output: Output, graphScope: GraphScope = new GraphScope()) {
    this.port = port;
    this.context = context;
    this.output = output;
    this.graphScope = graphScope;
  }

  /** A definition as calls in this body use it: what it does not say itself, the flows around it may (`defaults`). */
  adopt(definition: TaskDefinition): TaskDefinition {
    let adopted = definition;
    if (this.adoptions.length > 0) for (const adopt of this.adoptions) adopted = adopt(adopted);
    return this.port.adopt?.(adopted) ?? adopted;
  }

  /** Runs a part of the body whose calls wait for `nodes` first. */
  callsAfter<T>(nodes: readonly number[], part: () => T): T {
    const before = this.preceding;
    this.preceding = nodes;
    try {
      return part();
    } finally {
      this.preceding = before;
    }
  }

  /** A result has reached the body: what it does from now on may depend on it (S3). */
  delivered(node: number, path: Path | undefined, value: unknown): void {
    if (this.#delivered.at(-1) !== node) this.#delivered.push(node);
    // A placeholder of a trace says itself where it comes from.
    if (typeof value !== 'object' || value === null || isRef(value)) return;
    this.#hasLineage = true;
    if (!this.#lineage.has(value)) this.#lineage.set(value, new Lineage(this.port, node, path, value));
  }

  /** Awaited objects among the arguments become references to the nodes they came from. */
  withLineage(args: readonly unknown[]): readonly unknown[] {
    if (!this.#hasLineage) return args;
    return args.map((arg) => replaceDeep(arg, (value) => this.#lineage.get(value) ?? KEEP));
  }

  /** What the body has seen so far: the same object for all calls between two awaits. */
  knowledge(): Knowledge | undefined {
    if (this.#delivered.length > 0) {
      this.#known = learn(this.#known, this.#delivered, (node) => this.port.graph.knowledge[node]);
      this.#delivered = [];
    }
    return this.#known;
  }
}
