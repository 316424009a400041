import { MillraceError } from '../base/error.js';
import { adoptionOf } from '../flow/adoption.js';
import { callSitePosition, type NotedStack, noteCallSite } from '../flow/call-site-name.js';
import { isGate } from '../flow/control.js';
import { countsByValue } from '../flow/derived.js';
import type { RunPort } from '../flow/run-port.js';
import { BodyScope, Lineage } from '../flow/scope.js';
import { isUnmapped } from '../flow/unmapped.js';
import type { ViewMap } from '../graph/graph-view.js';
import { reaches } from '../graph/reach.js';
import { isRef, NODE, PATH, type Path, project, type Ref } from '../graph/ref.js';
import { replaceDeep, replacingReferences } from '../graph/references.js';
import { GraphScope, TaskGraph } from '../graph/task-graph.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { FinalState } from '../model/final-state.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow, InputDigest } from '../model/records.js';
import type { TaskState } from '../model/states.js';
import type { TaskContext } from '../model/task-context.js';
import { type MapSettings, TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';
import type { ResultKeeper } from '../results/result-keeper.js';
import { UNKNOWN } from '../results/targets/target-path.js';
import type { TargetPlace } from '../results/targets/target-place.js';
import type { KnownAnswer } from './answer.js';
import { isSkip, runBody, type Settling } from './body.js';
import { type Force, forcedBy } from './force.js';
import { inputSource } from './input-source.js';
import { type DigestOf, derivedDigest, inputDigests, inputWithoutDigest, mapDigest, partDigest, resourceDigest, storedDigest } from './inputs.js';
import { mapCalls } from './map.js';
import { childAt } from './map-element.js';
import { isLost, reasonOfLoss } from './node-results.js';
import { placeholder } from './placeholder.js';
import type { Reuse } from './reuse.js';
import { onlyArtifact, type Stored, storedAs } from './stored.js';
import { adoptionsAround } from './subflow.js';
import { needsInputs, policyOf, Targets, type TargetsParts } from './targets.js';

/** What a trace knows of a node: whether its result exists already, and if not, why (S27). */
export type TraceAnswer =
  | { readonly state: 'complete'; readonly key: string | undefined; readonly stored: Stored | undefined; readonly why?: Reason | undefined }
  | { readonly state: 'pending' | 'unknown'; readonly key: string | undefined; readonly why: Reason | undefined };

export interface TracerParts {
  readonly flowName: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly keeper: ResultKeeper;
  readonly reuse: Reuse;
  readonly targets: Pick<TargetsParts, 'time' | 'roots'>;
  readonly defaultCache: CachePolicy | false | undefined;
  readonly defaults: Partial<TaskDefinition>;
  readonly force: Force;
  readonly context: (params: Readonly<Record<string, unknown>>) => TaskContext;
}

/** Nodes that are waited for are named up to this number; the rest is counted. */
const PENDING_NAMED = 3;

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
  readonly adopt?: (definition: TaskDefinition) => TaskDefinition;
  readonly #parts: TracerParts;
  readonly #answers = new Map<number, Promise<TraceAnswer>>();
  readonly #isComplete = new Set<number>();
  readonly #skips = new Map<number, Promise<boolean>>();
  readonly #values = new Map<number, Promise<unknown>>();
  /** Where each call stands in the user's code; only until the trace has lost its way, since nobody asks after that. */
  readonly #calledFrom = new Map<number, NotedStack>();
  /** The earlier results that answer a node: one, or those of a map's children. */
  readonly #hits = new Map<number, readonly CacheEntryRow[]>();
  /** Of maps whose lists are known. */
  readonly #children = new Map<number, readonly TraceAnswer[]>();
  readonly #subflows: number[] = [];
  readonly #targets: Targets;
  /** Where results shall lie, for people. */
  readonly #shownTargets = new Map<number, string>();
  #uncertainFrom = Number.POSITIVE_INFINITY;
  #incompleteAt: string | undefined;
  #stopped: MillraceError | undefined;

  constructor(parts: TracerParts) {
    this.#parts = parts;
    const adopt = adoptionOf(parts.defaults);
    if (adopt) this.adopt = adopt;
    this.#targets = new Targets({ run: { id: this.runId, flowName: parts.flowName }, ...parts.targets, idOf: (node) => this.graph.id(node) });
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

  /** Whether a run is sure to come to this node: not where the trace has lost its way, nor in a branch that may not be taken. */
  async certain(node: number): Promise<boolean> {
    if (node >= this.#uncertainFrom) return false;
    const parent = this.graph.scopes[node]?.parent;
    if (parent !== undefined && !(await this.certain(parent))) return false;
    for (const gate of this.#gates(node)) if (!(await this.#isOpen(gate))) return false;
    return true;
  }

  /**
   * Whether a run is sure not to run this node, as far as nothing fails: it stands in a branch that is known not to be taken, or needs what does
   * (S11).
   */
  skips(node: number): Promise<boolean> {
    let skips = this.#skips.get(node);
    if (skips === undefined) {
      skips = this.#findSkip(node);
      this.#skips.set(node, skips);
    }
    return skips;
  }

  async #findSkip(node: number): Promise<boolean> {
    // Not on the caller's stack: a chain may be a hundred thousand nodes long.
    await undefined;
    if (node >= this.#uncertainFrom) return false;
    const { kind, trigger, skipOnUpstreamSkip } = this.graph.definitions[node] as TaskDefinition;
    const parent = this.graph.scopes[node]?.parent;
    if (parent !== undefined && (await this.skips(parent))) return true;
    for (const gate of this.#gates(node)) if (await this.#isClosed(gate)) return true;
    if (kind === 'derived' || trigger !== undefined || skipOnUpstreamSkip !== undefined) return false;
    for (const { from } of this.graph.inputs(node)) if (await this.skips(from)) return true;
    return false;
  }

  async #isClosed(gate: number): Promise<boolean> {
    if (!(await this.certain(gate)) || (await this.answer(gate)).state !== 'complete') return false;
    return await this.#value(gate).then(() => false, isSkip);
  }

  /** Undefined for what is no map. `count` is known where one of its lists is: written out in the body, or the result of an earlier run. */
  async mapOf(node: number): Promise<ViewMap | undefined> {
    const { kind } = this.graph.definitions[node] as TaskDefinition;
    if (kind !== 'map') return undefined;
    for (const arg of this.graph.args[node] as readonly unknown[]) {
      const count = isUnmapped(arg) ? undefined : await this.#lengthOf(arg);
      if (count !== undefined) return { count };
    }
    return {};
  }

  async #lengthOf(list: unknown): Promise<number | undefined> {
    if (Array.isArray(list)) return list.length;
    if (!isRef(list)) return undefined;
    if ((await this.answer(list[NODE])).state === 'complete') {
      // A result that is gone tells nothing; that it is gone is told elsewhere.
      const value = await this.#value(list[NODE]).catch(() => undefined);
      return value === undefined ? undefined : lengthIfList(project(value, list[PATH]));
    }
    return list[PATH] === undefined ? (await this.mapOf(list[NODE]))?.count : undefined;
  }

  #gates(node: number): number[] {
    return this.graph.orderOf(node).filter((from) => isGate(this.graph.definitions[from] as TaskDefinition));
  }

  async #isOpen(gate: number): Promise<boolean> {
    if (!(await this.certain(gate)) || (await this.answer(gate)).state !== 'complete') return false;
    return await this.#value(gate).then(
      () => true,
      () => false,
    );
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

  registered(node: number): void {
    if (this.#uncertainFrom === Number.POSITIVE_INFINITY) this.#calledFrom.set(node, noteCallSite());
    if ((this.graph.definitions[node] as TaskDefinition).kind === 'subflow') this.#subflows.push(node);
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
    if ((await this.#readable(node)).state === 'complete') return project(await this.#value(node), path);
    this.#incomplete(node);
    return placeholder(this, node, path, this.graph.called(node), (what) => this.#stop(what));
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

  /** The nodes of a task, in order. */
  nodesOf(task: string): readonly number[] {
    return [...this.graph.definitions.keys()].filter((node) => {
      const { name, kind } = this.graph.definitions[node] as TaskDefinition;
      return name === task && kind !== 'derived';
    });
  }

  /** The earlier results that answer the node, or some of the children of a map. Asked for after the trace. */
  hits(node: number): readonly CacheEntryRow[] {
    return this.#hits.get(node) ?? [];
  }

  /** The value of a node that is complete. @throws MillraceError `RESULT_MISSING`, `RESULT_CORRUPTED` and what reading throws */
  read(node: number): Promise<unknown> {
    return this.#value(node);
  }

  answer(node: number): Promise<TraceAnswer> {
    let answer = this.#answers.get(node);
    if (!answer) {
      answer = this.#find(node).then((found) => {
        if (found.state === 'complete') this.#isComplete.add(node);
        return found;
      });
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
      const pending: TraceAnswer = { state: 'pending', key: answer.key, why: reasonOfLoss(error) };
      this.#isComplete.delete(node);
      this.#answers.set(node, Promise.resolve(pending));
      return pending;
    }
  }

  async #find(node: number): Promise<TraceAnswer> {
    // Not on the caller's stack: a chain may be a hundred thousand nodes long.
    await undefined;
    const definition = this.graph.definitions[node] as TaskDefinition;
    const policy = policyOf(definition, this.#parts.defaultCache);
    const upstream = await this.#upstream(node);
    const isKnown = [...upstream.values()].every(({ state }) => state === 'complete');
    if (definition === PARAMETER) return { state: 'unknown', key: undefined, why: undefined };
    if (definition.element) return this.#findElement(node);
    if (definition.kind === 'derived')
      return isKnown ? { state: 'complete', key: undefined, stored: undefined } : { state: 'unknown', key: undefined, why: undefined };
    if (definition.kind === 'map') return await this.#findMap(node, definition, upstream, isKnown);
    const place = definition.target === undefined ? undefined : await this.#placeOf(node, definition, upstream).catch(refusal);
    if (place instanceof MillraceError) return willFail(place);
    if (definition.external !== undefined && typeof place === 'object') return await this.#findExternal(place);
    if (!policy) return { state: 'pending', key: undefined, why: notCached(definition) };
    if (!isKnown || typeof place === 'string') {
      const known = await this.#parts.reuse.hasHistory(definition, policy);
      return { state: known ? 'unknown' : 'pending', key: undefined, why: await this.#waiting(upstream) };
    }
    const digestOf = await this.#digestsOf(upstream);
    const inputs = inputDigests(this.graph.args[node] as readonly unknown[], definition.parameterNames, digestOf);
    const answer = await this.#parts.reuse.ask({
      definition,
      policy,
      inputs,
      forced: forcedBy(this.#parts.force, definition, undefined),
      place: node,
      target: typeof place === 'object' ? place : undefined,
      sourceOf: (name) => inputSource(this.graph, node, name),
      lacking: () => inputWithoutDigest(this.graph.args[node] as readonly unknown[], definition.parameterNames, digestOf),
    });
    if (answer.hit) this.#hits.set(node, [answer.hit]);
    return answerOf(answer);
  }

  /** Where the node's result shall lie, for people; placeholders that nobody knows yet stand in it as they were written. */
  async targetOf(node: number): Promise<string | undefined> {
    await this.answer(node);
    return this.#shownTargets.get(node);
  }

  /** Text: its path is made of inputs that are not known before a run. */
  async #placeOf(node: number, definition: TaskDefinition, upstream: ReadonlyMap<number, TraceAnswer>): Promise<TargetPlace | string> {
    const values = new Map<number, unknown>();
    // One whose bytes are gone is as unknown as one that was never computed.
    if (needsInputs(definition))
      for (const [from, { state }] of upstream) values.set(from, state === 'complete' ? await this.#value(from).catch(() => UNKNOWN) : UNKNOWN);
    const known = (ref: Ref): unknown => (ref instanceof Lineage ? ref.value : valueAt(values.get(ref[NODE]), ref[PATH]));
    const args = (): readonly unknown[] => (this.graph.args[node] as readonly unknown[]).map((arg) => knownArgument(arg, known));
    const place = this.#targets.placeFor(definition, undefined, args);
    const shown = typeof place === 'string' ? place : place.shown;
    if (shown !== '') this.#shownTargets.set(node, shown);
    return place;
  }

  #childPlace(
    of: TaskDefinition,
    at: number,
    args: readonly unknown[],
    look: (ref: Ref) => unknown,
  ): TargetPlace | string | MillraceError | undefined {
    try {
      return of.target === undefined ? undefined : this.#targets.placeFor(of, at, () => args.map((arg) => knownArgument(arg, look)));
    } catch (error) {
      return refusal(error);
    }
  }

  async #findExternal(place: TargetPlace): Promise<TraceAnswer> {
    const look = await this.#parts.keeper.lookAt(place);
    if (look.kept) return { state: 'complete', key: undefined, stored: storedAs(look.kept.artifacts) };
    return { state: 'pending', key: undefined, why: { kind: 'missing', detail: `'${place.shown}': ${look.why}` } };
  }

  /** One child of a map is complete when that child is. */
  #findElement(node: number): TraceAnswer {
    const [map, index] = this.graph.args[node] as readonly [Ref, number];
    const children = this.#children.get(map[NODE]);
    const answer = children && childAt(children, index);
    return answer ?? { state: 'unknown', key: undefined, why: undefined };
  }

  /** A map is complete when every child is; where its lists are not known yet, nobody can say how many there will be. */
  async #findMap(node: number, definition: TaskDefinition, upstream: ReadonlyMap<number, TraceAnswer>, isKnown: boolean): Promise<TraceAnswer> {
    const { of } = definition.map as MapSettings;
    const policy = policyOf(of, this.#parts.defaultCache);
    if (of.target?.kind === 'template') this.#shownTargets.set(node, of.target.template.text);
    if (!policy) return { state: 'pending', key: undefined, why: notCached(of) };
    if (!isKnown) {
      const known = await this.#parts.reuse.hasHistory(of, policy);
      return { state: known ? 'unknown' : 'pending', key: undefined, why: await this.#waiting(upstream) };
    }
    const values = new Map<number, unknown>();
    for (const from of upstream.keys()) if (!this.#isResource(from)) values.set(from, await this.#value(from));
    const view = { port: this, childrenOf: () => undefined, valueOf: (ref: Ref) => project(values.get(ref[NODE]), ref[PATH]) };
    const calls = mapCalls(view, this.graph.id(node), definition, this.graph.args[node] as readonly unknown[], undefined);
    const digestOf = await this.#digestsOf(upstream);
    const forced = forcedBy(this.#parts.force, of, undefined);
    const hits: CacheEntryRow[] = [];
    const children: TraceAnswer[] = [];
    this.#children.set(node, children);
    let why: Reason | undefined;
    for (let at = 0; at < calls.count; at++) {
      const args = calls.argumentsAt(at);
      const inputs = inputDigests(args, of.parameterNames, digestOf);
      const target = this.#childPlace(of, at, args, view.valueOf);
      if (target instanceof MillraceError) {
        children.push(willFail(target));
        why ??= willFail(target).why;
        continue;
      }
      if (of.external !== undefined && typeof target === 'object') {
        const child = await this.#findExternal(target);
        children.push(child);
        if (child.state === 'complete' && child.stored) hits.push(asEntry(of, child.stored));
        else why ??= child.why;
        continue;
      }
      const answer = await this.#parts.reuse.ask({
        definition: of,
        policy,
        inputs,
        forced,
        target: typeof target === 'object' ? target : undefined,
        sourceOf: () => undefined,
        lacking: () => inputWithoutDigest(args, of.parameterNames, digestOf),
      });
      children.push(answerOf(answer));
      if (answer.hit) hits.push(answer.hit);
      else if (answer.adopted) hits.push(asEntry(of, storedAs(answer.adopted.artifacts)));
      else why ??= answer.why;
    }
    this.#hits.set(node, hits);
    if (why !== undefined)
      return {
        state: 'pending',
        key: undefined,
        why: { kind: why.kind, detail: `${calls.count - hits.length} of ${calls.count} children${why.detail ? `; the first: ${why.detail}` : ''}` },
      };
    return { state: 'complete', key: undefined, stored: undefined };
  }

  /** The nodes whose results have to be known first; of steps between nodes, those that they wait for. */
  async #waiting(upstream: ReadonlyMap<number, TraceAnswer>): Promise<Reason> {
    const detail = await this.#pendingNames(upstream);
    return detail === '' ? { kind: 'upstream-pending' } : { kind: 'upstream-pending', detail };
  }

  async #pendingNames(upstream: ReadonlyMap<number, TraceAnswer>): Promise<string> {
    const waiting = [...upstream].flatMap(([node, { state }]) => (state === 'complete' ? [] : [node]));
    const seen = new Set<number>(waiting);
    const names = new Set<string>();
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      const definition = this.graph.definitions[node] as TaskDefinition;
      if (await this.skips(node)) continue;
      if (definition === PARAMETER) names.add(`parameter '${String(this.graph.args[node]?.[0])}'`);
      else if (definition.kind !== 'derived' || definition.element) names.add(this.graph.id(node));
      else
        for (const { from, position } of this.graph.inputs(node)) {
          if (position < 0 || seen.has(from) || this.#isComplete.has(from)) continue;
          seen.add(from);
          waiting.push(from);
        }
    }
    const named = [...names].slice(0, PENDING_NAMED).join(', ');
    return names.size > PENDING_NAMED ? `${named} and ${names.size - PENDING_NAMED} more` : named;
  }

  async #upstream(node: number): Promise<ReadonlyMap<number, TraceAnswer>> {
    const upstream = new Map<number, TraceAnswer>();
    for (const { from, position } of this.graph.inputs(node))
      if (position >= 0) upstream.set(from, (await this.#asResource(from)) ?? (await this.answer(from)));
    return upstream;
  }

  /** A resource is known to those who use it before it is set up. */
  async #asResource(node: number): Promise<TraceAnswer | undefined> {
    if (!this.#isResource(node)) return undefined;
    const upstream = await this.#upstream(node);
    const isKnown = [...upstream.values()].every(({ state }) => state === 'complete');
    return isKnown ? { state: 'complete', key: undefined, stored: undefined } : undefined;
  }

  #isResource(node: number): boolean {
    return this.graph.definitions[node]?.resource !== undefined;
  }

  async #inputs(node: number, upstream: ReadonlyMap<number, TraceAnswer>): Promise<Record<string, InputDigest> | undefined> {
    const { parameterNames } = this.graph.definitions[node] as TaskDefinition;
    return inputDigests(this.graph.args[node] as readonly unknown[], parameterNames, await this.#digestsOf(upstream));
  }

  async #digestsOf(upstream: ReadonlyMap<number, TraceAnswer>): Promise<DigestOf> {
    const derived = new Map<number, InputDigest | undefined>();
    for (const [from, answer] of upstream)
      if (answer.state === 'complete' && answer.stored === undefined) derived.set(from, await this.#derivedDigest(from));
    return (ref) => {
      const answer = upstream.get(ref[NODE]);
      if (answer?.state !== 'complete') return undefined;
      if (answer.stored) return storedDigest(answer.stored, ref[PATH]);
      return partDigest(derived.get(ref[NODE]), ref[PATH]);
    };
  }

  async #derivedDigest(node: number): Promise<InputDigest | undefined> {
    const hits = this.#hits.get(node);
    if (hits) return mapDigest(hits.map(({ artifacts }) => storedAs(artifacts).valueDigest));
    const definition = this.graph.definitions[node] as TaskDefinition;
    if (countsByValue(definition)) return inputDigests([await this.#value(node)], ['value'], () => undefined)?.value;
    const inputs = await this.#inputs(node, await this.#upstream(node));
    if (this.#isResource(node)) return inputs && resourceDigest((this.graph.definitions[node] as TaskDefinition).name, inputs);
    const states = this.graph.inputs(node).map(() => 'value');
    return inputs && derivedDigest(definition.name, states, inputs);
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
    // In a branch that is not taken there is no value, whatever an earlier run left.
    for (const gate of this.#gates(node)) if ((await this.answer(gate)).state === 'complete') await this.#value(gate);
    if (answer.state === 'complete' && answer.stored) return await this.#parts.keeper.load(answer.stored.artifacts, this.#maker(node));
    const hits = this.#hits.get(node);
    if (hits) return await Promise.all(hits.map(({ artifacts }) => this.#parts.keeper.load(artifacts, (definition.map as MapSettings).of)));
    const values = new Map<number, () => unknown>();
    // To count the children of a map none of them is read.
    if (!countsByValue(definition))
      for (const { from, position } of this.graph.inputs(node)) if (position >= 0) values.set(from, await answering(this.#value(from)));
    const valueNow = (ref: Ref): unknown => (ref instanceof Lineage ? ref.value : project(values.get(ref[NODE])?.(), ref[PATH]));
    const args = this.graph.args[node] as readonly unknown[];
    const stored = (position: number): readonly Stored[] => {
      const ref = args[position];
      return isRef(ref) && ref[PATH] === undefined ? this.hits(ref[NODE]).map(({ artifacts }) => storedAs(artifacts)) : [];
    };
    const state = (position: number): FinalState<unknown> => {
      try {
        const ref = args[position];
        if (!isRef(ref)) return { state: 'success', value: ref };
        const isMap = this.graph.definitions[ref[NODE]]?.kind === 'map';
        return { state: 'success', value: valueNow(ref), ...(isMap ? {} : onlyArtifact(stored(position)[0])) };
      } catch {
        return { state: 'skipped' };
      }
    };
    const value = (position: number): unknown => replaceDeep(args[position], replacingReferences(valueNow));
    const list = (position: number): readonly unknown[] => value(position) as readonly unknown[];
    return definition.fn({
      value,
      state,
      // The child that it stands for is not complete, or it would have been read.
      element: () => undefined,
      ended: (position: number) => state(position).state,
      count: (position: number) => this.hits((args[position] as Ref)[NODE]).length,
      children: (position: number) =>
        list(position).map((each, place) => ({ state: 'success', value: each, ...onlyArtifact(stored(position)[place]) })),
    });
  }

  /** The task whose result a node gives. */
  #maker(node: number): TaskDefinition {
    const definition = this.graph.definitions[node] as TaskDefinition;
    if (!definition.element) return definition;
    const [map] = this.graph.args[node] as readonly [Ref];
    return (this.graph.definitions[map[NODE]] as TaskDefinition).map?.of ?? definition;
  }

  #parameter(scope: BodyScope, name: string): object {
    const node = this.graph.add(PARAMETER, [name], scope.graphScope, undefined);
    return placeholder(this, node, undefined, `parameter '${name}'`, (what) => this.#stop(what));
  }

  async #enter(node: number): Promise<void> {
    if ((await this.answer(node)).state === 'complete') return;
    const definition = this.graph.definitions[node] as TaskDefinition;
    const [given] = this.graph.args[node] as readonly unknown[];
    const stand = replacingReferences((ref) => placeholder(this, ref[NODE], ref[PATH], this.graph.called(ref[NODE]), (what) => this.#stop(what)));
    const values = replaceDeep(given ?? {}, stand);
    const params = await definition.subflow?.resolve(values).catch(() => values as Record<string, unknown>);
    const scope = this.#scope(params ?? {}, new GraphScope(`${this.graph.id(node)}.`, node));
    scope.adoptions = adoptionsAround(this.graph, node);
    await this.#follow(scope, () => definition.fn(params));
  }

  async #follow(scope: BodyScope, body: () => unknown): Promise<void> {
    try {
      await runBody(scope, this, body);
    } catch (error) {
      if (isSkip(error)) return;
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

  #incomplete(awaited: number): void {
    if (this.#uncertainFrom !== Number.POSITIVE_INFINITY) return;
    this.#uncertainFrom = this.graph.size;
    const calledFrom = this.#calledFrom.get(awaited);
    this.#incompleteAt = calledFrom && callSitePosition(calledFrom);
    this.#calledFrom.clear();
  }
}

function answerOf(answer: KnownAnswer): TraceAnswer {
  const { hit, key, why } = answer;
  if (!hit && answer.adopted) return { state: 'complete', key, stored: storedAs(answer.adopted.artifacts), why };
  return hit ? { state: 'complete', key, stored: storedAs(hit.artifacts) } : { state: 'pending', key, why };
}

/** An input that cannot be part of an address is that node's own matter. @throws anything else */
function refusal(error: unknown): MillraceError {
  if (error instanceof MillraceError && error.code === 'TARGET_INVALID') return error;
  throw error;
}

function willFail({ message }: MillraceError): TraceAnswer & { readonly why: Reason } {
  return { state: 'pending', key: undefined, why: { kind: 'no-result', detail: message } };
}

/** `UNKNOWN` for what holds a future whose value is not known. */
function knownArgument(arg: unknown, look: (ref: Ref) => unknown): unknown {
  let isKnown = true;
  const value = replaceDeep(
    arg,
    replacingReferences((ref) => {
      const found = look(ref);
      if (found === UNKNOWN) isKnown = false;
      return found;
    }),
  );
  return isKnown ? value : UNKNOWN;
}

function valueAt(value: unknown, path: Path | undefined): unknown {
  return value === UNKNOWN || value === undefined ? UNKNOWN : project(value, path);
}

/** What others have left at an address stands for a child of a map as an earlier result does. No run has made it. */
function asEntry({ name }: TaskDefinition, { artifacts }: Stored): CacheEntryRow {
  return { taskVersion: '', key: '', task: name, run: '', index: -1, createdAt: 0, code: '', version: undefined, inputs: {}, artifacts };
}

function lengthIfList(value: unknown): number | undefined {
  return Array.isArray(value) ? value.length : undefined;
}

/** A read that failed throws when, and if, its value is asked for. */
function answering(read: Promise<unknown>): Promise<() => unknown> {
  return read.then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
}

function notCached({ resource, sensor }: TaskDefinition): Reason {
  if (resource?.role === 'setup') return { kind: 'not-cached', detail: 'it is set up for what uses it and has to run' };
  return sensor === undefined ? { kind: 'not-cached' } : { kind: 'not-cached', detail: `it waits for ${sensor.awaited}` };
}
