import { MillraceError } from '../base/error.js';
import { callSitePosition } from '../flow/call-site-name.js';
import type { RunPort } from '../flow/run-port.js';
import { BodyScope, Lineage } from '../flow/scope.js';
import { isRef, NODE, PATH, type Path, project, type Ref } from '../graph/ref.js';
import { replaceDeep, replacingReferences } from '../graph/references.js';
import { GraphScope, TaskGraph } from '../graph/task-graph.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { FinalState } from '../model/final-state.js';
import type { Reason } from '../model/reason.js';
import type { InputDigest } from '../model/records.js';
import type { TaskState } from '../model/states.js';
import type { TaskContext } from '../model/task-context.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';
import type { ResultKeeper } from '../results/result-keeper.js';
import { runBody, type Settling } from './body.js';
import { type Force, isForced } from './force.js';
import { derivedDigest, inputDigests, partDigest, storedDigest } from './inputs.js';
import { isLost } from './node-results.js';
import { placeholder } from './placeholder.js';
import type { Reuse } from './reuse.js';
import { type Stored, storedAs } from './stored.js';

/** What a trace knows of a node: whether its result exists already, and if not, why (S27). */
export type TraceAnswer =
  | { readonly state: 'complete'; readonly key: string | undefined; readonly stored: Stored | undefined; readonly why?: undefined }
  | { readonly state: 'pending' | 'unknown'; readonly key: string | undefined; readonly why: Reason | undefined };

export interface TracerParts {
  readonly flowName: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly keeper: ResultKeeper;
  readonly reuse: Reuse;
  readonly defaultCache: CachePolicy | false | undefined;
  readonly force: Force;
  readonly context: (params: Readonly<Record<string, unknown>>) => TaskContext;
}

/** Stands for a parameter that was not given: a graph can be drawn without it. */
const PARAMETER: TaskDefinition = Object.freeze({
  ...TASK_DEFAULTS,
  kind: 'derived',
  name: 'parameter',
  parameterNames: ['name'],
  fn: () => undefined,
});

/**
 * Goes through a flow's body without running a task (S29): calls draw the graph, an awaited result that exists already is handed over,
 * any other is a placeholder. Preview and drawings are made of what it leaves behind.
 */
export class Tracer implements RunPort, Settling {
  readonly runId = '(preview)';
  readonly graph = new TaskGraph();
  readonly #parts: TracerParts;
  readonly #answers = new Map<number, Promise<TraceAnswer>>();
  readonly #values = new Map<number, Promise<unknown>>();
  /** Where each call stands in the user's code. */
  readonly #positions: (string | undefined)[] = [];
  readonly #subflows: number[] = [];
  #uncertainFrom = Number.POSITIVE_INFINITY;
  #incompleteAt: string | undefined;
  #stopped: MillraceError | undefined;

  constructor(parts: TracerParts) {
    this.#parts = parts;
  }

  get flowName(): string {
    return this.#parts.flowName;
  }

  /** Once stopped, a trace takes no further call, whatever the body catches. */
  get closed(): boolean {
    return this.#stopped !== undefined;
  }

  /** false: the body met a value that only a run can know. */
  get complete(): boolean {
    return this.#stopped === undefined && this.#uncertainFrom === Number.POSITIVE_INFINITY;
  }

  get stoppedAt(): string | undefined {
    return this.#incompleteAt;
  }

  certain(node: number): boolean {
    return node < this.#uncertainFrom;
  }

  /** Runs the body, and the bodies of sub-flows that are not complete. @throws what the body throws, unless a placeholder made it */
  async trace(body: (params: never) => unknown, missing: readonly string[] = []): Promise<void> {
    const scope = this.#scope(this.#parts.params, new GraphScope());
    const params = { ...this.#parts.params };
    for (const name of missing) params[name] = this.#parameter(scope, name);
    await this.#follow(scope, () => body(params as never));
    for (let next = this.#subflows.shift(); next !== undefined; next = this.#subflows.shift()) await this.#enter(next);
  }

  registered(node: number): void {
    this.#positions.push(callSitePosition());
    if ((this.graph.definitions[node] as TaskDefinition).kind === 'subflow') this.#subflows.push(node);
  }

  order(node: number, after: number): void {
    if (this.#waits(after, node))
      throw new MillraceError('GRAPH_CYCLE', `'${this.graph.id(node)}' cannot wait for '${this.graph.id(after)}', which already waits for it`);
    this.graph.addOrder(node, after);
  }

  state(): TaskState {
    return 'pending';
  }

  async result(node: number, path: Path | undefined): Promise<unknown> {
    if ((await this.#readable(node)).state === 'complete') return project(await this.#value(node), path);
    this.#incomplete(this.#positions[node]);
    return placeholder(this, node, path, this.graph.id(node), (what) => this.#stop(what));
  }

  async settled(node: number, path: Path | undefined): Promise<FinalState<unknown>> {
    if ((await this.#readable(node)).state === 'complete') return { state: 'cached', value: project(await this.#value(node), path) };
    return (await this.result(node, undefined)) as FinalState<unknown>;
  }

  // What a body returns needs no value: only its references matter.
  async ended(): Promise<void> {}
  async valueOf(): Promise<unknown> {
    return undefined;
  }

  answer(node: number): Promise<TraceAnswer> {
    let answer = this.#answers.get(node);
    if (!answer) {
      answer = this.#find(node);
      this.#answers.set(node, answer);
    }
    return answer;
  }

  /** The answer for a node whose value is asked for: bytes that are not there, or broken, make it pending after all (S25). */
  async #readable(node: number): Promise<TraceAnswer> {
    const answer = await this.answer(node);
    if (answer.state !== 'complete') return answer;
    try {
      await this.#value(node);
      return answer;
    } catch (error) {
      if (!isLost(error)) throw error;
      const why: Reason = { kind: error.code === 'RESULT_MISSING' ? 'missing' : 'corrupted' };
      const pending: TraceAnswer = { state: 'pending', key: answer.key, why };
      this.#answers.set(node, Promise.resolve(pending));
      return pending;
    }
  }

  async #find(node: number): Promise<TraceAnswer> {
    // Not on the caller's stack: a chain may be a hundred thousand nodes long.
    await undefined;
    const definition = this.graph.definitions[node] as TaskDefinition;
    const policy = definition.cache ?? this.#parts.defaultCache;
    const upstream = await this.#upstream(node);
    const isKnown = [...upstream.values()].every(({ state }) => state === 'complete');
    if (definition === PARAMETER) return { state: 'unknown', key: undefined, why: undefined };
    if (definition.kind === 'derived')
      return isKnown ? { state: 'complete', key: undefined, stored: undefined } : { state: 'unknown', key: undefined, why: undefined };
    if (!policy) return { state: 'pending', key: undefined, why: { kind: 'not-cached' } };
    if (!isKnown) {
      const known = await this.#parts.reuse.hasHistory(definition);
      return { state: known ? 'unknown' : 'pending', key: undefined, why: { kind: 'upstream-pending' } };
    }
    const inputs = await this.#inputs(node, upstream);
    const forced = isForced(this.#parts.force, definition, false);
    const answer = await this.#parts.reuse.ask({ definition, policy, inputs, forced });
    if (answer.hit) return { state: 'complete', key: answer.key, stored: storedAs(answer.hit.artifacts) };
    return { state: 'pending', key: answer.key, why: answer.why };
  }

  async #upstream(node: number): Promise<ReadonlyMap<number, TraceAnswer>> {
    const upstream = new Map<number, TraceAnswer>();
    for (const { from, position } of this.graph.inputs(node)) if (position >= 0) upstream.set(from, await this.answer(from));
    return upstream;
  }

  async #inputs(node: number, upstream: ReadonlyMap<number, TraceAnswer>): Promise<Record<string, InputDigest> | undefined> {
    const derived = new Map<number, InputDigest | undefined>();
    for (const [from, answer] of upstream)
      if (answer.state === 'complete' && answer.stored === undefined) derived.set(from, await this.#derivedDigest(from));
    const digestOf = (ref: Ref): InputDigest | undefined => {
      const answer = upstream.get(ref[NODE]);
      if (answer?.state !== 'complete') return undefined;
      if (answer.stored) return storedDigest(answer.stored, ref[PATH]);
      return partDigest(derived.get(ref[NODE]), ref[PATH]);
    };
    return inputDigests(this.graph.args[node] as readonly unknown[], (this.graph.definitions[node] as TaskDefinition).parameterNames, digestOf);
  }

  async #derivedDigest(node: number): Promise<InputDigest | undefined> {
    const inputs = await this.#inputs(node, await this.#upstream(node));
    const states = this.graph.inputs(node).map(() => 'value');
    return inputs && derivedDigest((this.graph.definitions[node] as TaskDefinition).name, states, inputs);
  }

  #value(node: number): Promise<unknown> {
    let value = this.#values.get(node);
    if (!value) {
      value = this.#read(node);
      this.#values.set(node, value);
    }
    return value;
  }

  async #read(node: number): Promise<unknown> {
    const definition = this.graph.definitions[node] as TaskDefinition;
    const answer = await this.answer(node);
    if (answer.state === 'complete' && answer.stored) return await this.#parts.keeper.load(answer.stored.artifacts, definition);
    const values = new Map<number, unknown>();
    for (const { from } of this.graph.inputs(node)) values.set(from, await this.#value(from));
    const valueNow = (ref: Ref): unknown => (ref instanceof Lineage ? ref.value : project(values.get(ref[NODE]), ref[PATH]));
    const args = this.graph.args[node] as readonly unknown[];
    return definition.fn({
      value: (position: number) => replaceDeep(args[position], replacingReferences(valueNow)),
      state: (position: number) => ({ state: 'cached', value: isRef(args[position]) ? valueNow(args[position]) : args[position] }),
    });
  }

  #parameter(scope: BodyScope, name: string): object {
    const node = this.graph.add(PARAMETER, [name], scope.graphScope, undefined);
    this.#positions.push(undefined);
    return placeholder(this, node, undefined, `parameter '${name}'`, (what) => this.#stop(what));
  }

  async #enter(node: number): Promise<void> {
    if ((await this.answer(node)).state === 'complete') return;
    const definition = this.graph.definitions[node] as TaskDefinition;
    const [given] = this.graph.args[node] as readonly unknown[];
    const stand = replacingReferences((ref) => placeholder(this, ref[NODE], ref[PATH], this.graph.id(ref[NODE]), (what) => this.#stop(what)));
    const values = replaceDeep(given ?? {}, stand);
    const params = await definition.subflow?.resolve(values).catch(() => values as Record<string, unknown>);
    const scope = this.#scope(params ?? {}, new GraphScope(`${this.graph.id(node)}.`, node));
    await this.#follow(scope, () => definition.fn(params));
  }

  async #follow(scope: BodyScope, body: () => unknown): Promise<void> {
    try {
      await runBody(scope, this, body);
    } catch (error) {
      // A body that fails on a placeholder is a body that cannot be followed further; any other error is the user's own.
      if (this.complete) throw error;
      this.#stopped ??= error instanceof MillraceError ? error : new MillraceError('TRACE_STOPPED', String(error), { cause: error });
    }
  }

  #scope(params: Readonly<Record<string, unknown>>, graphScope: GraphScope): BodyScope {
    const context = this.#parts.context(params);
    return new BodyScope(this, context, { line: () => {} }, graphScope);
  }

  #stop(what: string): MillraceError {
    const at = callSitePosition();
    this.#stopped ??= new MillraceError('TRACE_STOPPED', `the graph cannot be drawn further without running: ${what}`, {
      hint: 'Pass the future on to a task that does it; a run is not concerned.',
    });
    if (at !== undefined) this.#incompleteAt = at;
    this.#uncertainFrom = Math.min(this.#uncertainFrom, this.graph.size);
    return this.#stopped;
  }

  #incomplete(at: string | undefined): void {
    if (this.#uncertainFrom !== Number.POSITIVE_INFINITY) return;
    this.#uncertainFrom = this.graph.size;
    this.#incompleteAt = at;
  }

  #waits(node: number, from: number): boolean {
    const seen = new Set<number>();
    const stack = [node];
    while (stack.length > 0) {
      const next = stack.pop() as number;
      if (next === from) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      for (const input of this.graph.inputs(next)) stack.push(input.from);
    }
    return false;
  }
}
