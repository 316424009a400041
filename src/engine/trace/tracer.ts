import { MillraceError } from '../../base/error.js';
import { adoptionOf } from '../../flow/adoption.js';
import type { RunPort } from '../../flow/run-port.js';
import { BodyScope } from '../../flow/scope.js';
import { reaches } from '../../graph/reach.js';
import { NODE, PATH, type Path, project } from '../../graph/ref.js';
import { replaceDeep, replacingReferences } from '../../graph/references.js';
import { GraphScope, TaskGraph } from '../../graph/task-graph.js';
import type { FinalState } from '../../model/final-state.js';
import type { TaskState } from '../../model/states.js';
import type { TaskContext } from '../../model/task-context.js';
import type { TaskDefinition } from '../../model/task-definition.js';
import { isSkip, runBody, type Settling } from '../body.js';
import { adoptionsAround } from '../subflow.js';
import { GraphBreak } from './graph-break.js';
import { addMissingParameter, calledParameter } from './missing-parameter.js';
import type { NodeAnswersParts } from './node-answers.js';
import { placeholder } from './placeholder.js';
import { definitionOf } from './trace-view.js';
import { TracedNodes } from './traced-nodes.js';

export interface TracerParts extends NodeAnswersParts {
  readonly flowName: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly defaults: Partial<TaskDefinition>;
  readonly context: (params: Readonly<Record<string, unknown>>) => TaskContext;
}

/**
 * Goes through a flow's body without running a task (S29): calls draw the graph, an awaited result that exists already is handed over,
 * any other is a placeholder. Preview and drawings are made of what it leaves behind.
 */
export class Tracer implements RunPort, Settling {
  readonly runId = '(preview)';
  readonly flowName: string;
  readonly graph = new TaskGraph();
  readonly nodes: TracedNodes;
  readonly adopt?: (definition: TaskDefinition) => TaskDefinition;
  readonly #parts: TracerParts;
  readonly #break = new GraphBreak();
  /** Those whose bodies are still to be gone through. */
  readonly #subflows: number[] = [];

  constructor(parts: TracerParts) {
    this.#parts = parts;
    this.flowName = parts.flowName;
    const adopt = adoptionOf(parts.defaults);
    if (adopt) this.adopt = adopt;
    this.nodes = new TracedNodes(this, this.#break, parts);
  }

  get closed(): boolean {
    return this.#break.isFinal;
  }

  /** false: the body met a value that only a run can know. */
  get complete(): boolean {
    return !this.#break.hasCome;
  }

  /** Where it did. */
  get stoppedAt(): string | undefined {
    return this.#break.at;
  }

  /** Runs the body, and the bodies of sub-flows that are not complete. @throws what the body throws, unless a placeholder made it */
  async trace(body: (params: never) => unknown, missing: readonly string[] = []): Promise<void> {
    // The scope's own: what a target is made of is there, if only as a placeholder.
    const params = { ...this.#parts.params };
    const scope = this.#scope(params, new GraphScope());
    for (const name of missing) params[name] = this.#parameter(scope, name);
    await this.#follow(scope, () => body(params as never));
    for (let next = this.#subflows.shift(); next !== undefined; next = this.#subflows.shift()) await this.#enter(next);
  }

  // ── what calls and futures in a body ask for ──

  registered(node: number): void {
    this.#break.noteCall(node);
    if (definitionOf(this.nodes, node).kind === 'subflow') this.#subflows.push(node);
  }

  order(node: number, after: number): void {
    if (reaches(after, node, (waiting) => this.graph.inputs(waiting).map(({ from }) => from)))
      throw new MillraceError(
        'GRAPH_CYCLE',
        `'${this.graph.called(node)}' cannot wait for '${this.graph.called(after)}', which already waits for it`,
      );
    this.graph.addOrder(node, after);
  }

  state(): TaskState {
    return 'pending';
  }

  async result(node: number, path: Path | undefined): Promise<unknown> {
    if ((await this.nodes.readable(node)).state === 'complete') return project(await this.nodes.value(node), path);
    this.#break.awaited(node, this.graph.size);
    return this.#placeholder(node, path);
  }

  async settled(node: number, path: Path | undefined): Promise<FinalState<unknown>> {
    if ((await this.nodes.readable(node)).state === 'complete') return { state: 'cached', value: project(await this.nodes.value(node), path) };
    return (await this.result(node, undefined)) as FinalState<unknown>;
  }

  // What a body returns needs no value: only its references matter.
  async ended(): Promise<void> {}
  async valueOf(): Promise<unknown> {
    return undefined;
  }

  // ── bodies ──

  async #enter(subflow: number): Promise<void> {
    if ((await this.nodes.answer(subflow)).state === 'complete') return;
    const definition = definitionOf(this.nodes, subflow);
    const [given] = this.graph.args[subflow] as readonly unknown[];
    const values = replaceDeep(
      given ?? {},
      replacingReferences((ref) => this.#placeholder(ref[NODE], ref[PATH])),
    );
    const params = await definition.subflow?.resolve(values).catch(() => values as Record<string, unknown>);
    const scope = this.#scope(params ?? {}, new GraphScope(`${this.graph.id(subflow)}.`, subflow));
    scope.adoptions = adoptionsAround(this.graph, subflow);
    await this.#follow(scope, () => definition.fn(params));
  }

  async #follow(scope: BodyScope, body: () => unknown): Promise<void> {
    try {
      await runBody(scope, this, body);
    } catch (error) {
      if (isSkip(error)) return;
      // A body that fails on a placeholder is a body that cannot be followed further; any other error is the user's own.
      if (this.complete) throw error;
      this.#break.threw(error);
    }
  }

  #scope(params: Readonly<Record<string, unknown>>, graphScope: GraphScope): BodyScope {
    const context = this.#parts.context(params);
    return new BodyScope(this, context, { line: () => {} }, graphScope);
  }

  #parameter(scope: BodyScope, name: string): object {
    return this.#placeholder(addMissingParameter(this.graph, scope.graphScope, name), undefined, calledParameter(name));
  }

  #placeholder(node: number, path: Path | undefined, called: string = this.graph.called(node)): object {
    return placeholder(this, node, path, called, (what) => this.#break.stop(what, this.graph.size));
  }
}
