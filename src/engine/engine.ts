import type { Clock } from '../base/clock.js';
import { asError, MillraceError } from '../base/error.js';
import { Fifo } from '../base/fifo.js';
import { cache } from '../cache/policy.js';
import { adoptionOf } from '../flow/adoption.js';
import type { RunPort } from '../flow/run-port.js';
import { type Path, project, type Ref } from '../graph/ref.js';
import { GraphScope, type TaskGraph } from '../graph/task-graph.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { CheckResult } from '../model/check.js';
import type { LogLevel } from '../model/event.js';
import type { ReadSink } from '../model/file-read.js';
import type { FinalState } from '../model/final-state.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow } from '../model/records.js';
import { TASK_STATE_CODE, TASK_STATES, type TaskState } from '../model/states.js';
import type { TaskContext } from '../model/task-context.js';
import type { MapSettings, TaskDefinition } from '../model/task-definition.js';
import type { TaskError } from '../model/task-error.js';
import type { Places } from '../reads/places.js';
import type { ObservedReads } from '../reads/read-log.js';
import type { Kept, ResultKeeper } from '../results/result-keeper.js';
import type { Answer } from './answer.js';
import { ArgumentValues } from './argument-values.js';
import { Attempt } from './attempt.js';
import { Attempts, type AttemptsHost } from './attempts.js';
import type { Settling } from './body.js';
import { Children } from './children.js';
import { Claims, type ClaimsParts } from './claims.js';
import { deepFreeze } from './deep-freeze.js';
import { DerivedSteps } from './derived-steps.js';
import { Externals } from './externals.js';
import { FailFast, type FailFastView } from './fail-fast.js';
import { derivedError, Failures, NoValue, taskError } from './failures.js';
import { type Force, forcedBy, spreads } from './force.js';
import { ForceSpread } from './force-spread.js';
import { runHook } from './hooks.js';
import { inputSource } from './input-source.js';
import type { InputDigests } from './inputs.js';
import { type MapCalls, MapScope } from './map.js';
import { Maps, type MapsHost } from './maps.js';
import { type LostResult, NodeResults, reasonOfLoss } from './node-results.js';
import { EAGER, FORCED, HAS_INPUTS, INPUT_CANCELLED, INPUT_FAILED, INPUT_SKIPPED, LOOKED_AT, NodeTable, REDONE } from './node-table.js';
import type { Observer } from './observer.js';
import { ReadLogs } from './read-logs.js';
import type { Question, Reuse } from './reuse.js';
import type { SideOutput, SideOutputs } from './side-output.js';
import { SingleFlight } from './single-flight.js';
import { expandSubflow, type SubflowHost } from './subflow.js';
import { needsInputs, policyOf, Targets, type TargetsParts } from './targets.js';
import { endWithout, type Judgement, judgeNode, lostInputs, lostPredecessors, type TriggerView, weightiestFirst } from './triggering.js';

const {
  pending: PENDING,
  queued: QUEUED,
  retrying: RETRYING,
  running: RUNNING,
  success: SUCCESS,
  cached: CACHED,
  skipped: SKIPPED,
  failed: FAILED,
  cancelled: CANCELLED,
} = TASK_STATE_CODE;
const UPSTREAM_FAILED = TASK_STATE_CODE['upstream-failed'];
const TIMED_OUT = TASK_STATE_CODE['timed-out'];

/** After this long the loop lets timers, commits and signals run. */
const SLICE_MS = 8;
export interface EngineParts {
  readonly run: { readonly id: string; readonly flowName: string; readonly params: Readonly<Record<string, unknown>> };
  /** Empty: it grows while it runs. */
  readonly graph: TaskGraph;
  /** Task runs at the same time. */
  readonly concurrency: number;
  /** Of maps that say nothing themselves. */
  readonly maxSplits: number | undefined;
  readonly clock: Clock;
  readonly keeper: ResultKeeper;
  /** Whether results of tasks that are not cached are stored too (S19): not where nothing is meant to outlive the process. */
  readonly keepAll: boolean;
  readonly reuse: Reuse;
  /** Where keys are claimed, and for whom. */
  readonly claims: Pick<ClaimsParts, 'record' | 'run' | 'epoch'>;
  /** Which files count as inputs of the tasks that read them. */
  readonly places: Places;
  /** The run's time, and where relative addresses begin. */
  readonly targets: Pick<TargetsParts, 'time' | 'roots'>;
  readonly defaultCache: CachePolicy | false | undefined;
  /** The flow's, for tasks that do not say otherwise. */
  readonly defaults: Partial<TaskDefinition>;
  readonly force: Force;
  /** Freezes what tasks are handed. */
  readonly strict: boolean;
  readonly onFailure: 'finish-independent' | 'cancel-rest';
  readonly observer: Observer;
  /** Takes the secrets out of what was thrown (S18). */
  readonly maskError: (thrown: unknown) => void;
  /** From 0 to below 1: spreads retries. */
  readonly random: () => number;
  /** The context of a sub-flow's body. */
  readonly bodyContext: (params: Readonly<Record<string, unknown>>, sideOutput: SideOutput) => TaskContext;
  readonly sideOutputs: SideOutputs;
}

/** What is known of a node that has not settled beside its numbers. Many have none. */
interface Note {
  /** What a node that asked for an earlier result is known by. */
  asked?: InputDigests;
  /** Why it executes. */
  reason?: Reason;
  /** Of one that is tried again: when the first attempt began. */
  firstStart?: number;
  checks?: readonly CheckResult[];
  label?: string;
  /** Of what others have left at its target: the question that it answers. */
  key?: string;
}

/**
 * Runs a graph while it is being drawn. Nodes are integers into parallel arrays, counters say what is ready, one loop hands ready nodes
 * to free slots, and a promise exists only where somebody awaits. Nothing here recurses with the size of the graph.
 *
 * The order of one task run (S10): its inputs settle, the cache is asked, a slot is taken, the attempt runs, its result is stored, and
 * only then is it a success.
 */
export class Engine implements RunPort, Settling, AttemptsHost, SubflowHost, TriggerView, FailFastView, MapsHost {
  readonly graph: TaskGraph;
  readonly adopt?: (definition: TaskDefinition) => TaskDefinition;
  readonly failures = new Failures();
  readonly children = new Children();
  closed = false;

  readonly #parts: EngineParts;
  readonly nodes = new NodeTable();
  readonly #results: NodeResults;
  readonly #flights = new SingleFlight();
  readonly #claims: Claims;
  readonly #reads: ReadLogs;
  /** Inputs settled, not yet looked at. */
  readonly #armed = new Fifo();
  readonly #attempts: Attempts;
  readonly #targets: Targets;
  readonly #externals: Externals;
  #open = 0;
  now = 0;
  #pumping = false;
  /** Some task of the run has a priority. */
  #isRanked = false;
  #stopped: Error | undefined;
  readonly #waiters = new Map<number, (() => void)[]>();
  readonly #drained: (() => void)[] = [];
  readonly #notes = new Map<number, Note>();
  readonly #maps: Maps;
  readonly #derived: DerivedSteps;
  readonly #values: ArgumentValues;
  /** Only where forced tasks take along what they feed. */
  readonly #forceSpread: ForceSpread | undefined;
  /** Only where a failure is to stop the rest. */
  readonly failFast: FailFast | undefined;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.graph = parts.graph;
    const adopt = adoptionOf(parts.defaults);
    if (adopt) this.adopt = adopt;
    this.#claims = new Claims({ ...parts.claims, clock: parts.clock, learn: (entries) => parts.reuse.learn(entries) });
    this.failFast = parts.onFailure === 'cancel-rest' ? new FailFast(this) : undefined;
    this.#forceSpread = spreads(parts.force) ? new ForceSpread(parts.force, this.graph, this.nodes) : undefined;
    this.#maps = new Maps(this);
    this.#reads = new ReadLogs(this.graph, parts.places);
    this.#attempts = new Attempts(this, parts.concurrency);
    this.#targets = new Targets({ run: parts.run, ...parts.targets, idOf: (node) => this.idOf(node) });
    this.#externals = new Externals(parts);
    this.#results = new NodeResults(parts.run.id, this.graph, this.nodes, this.failures, parts.keeper, this.#maps.children, (node, lost) =>
      this.#makeAnew(node, lost),
    );
    this.#values = new ArgumentValues(this.#results);
    const childrenOf = (map: number): readonly number[] | undefined => this.#maps.children.get(map);
    this.#derived = new DerivedSteps({
      view: this,
      graph: this.graph,
      results: this.#results,
      failures: this.failures,
      values: this.#values,
      childrenOf,
    });
  }

  // ── what futures and bodies ask ──

  get runId(): string {
    return this.#parts.run.id;
  }

  get flowName(): string {
    return this.#parts.run.flowName;
  }

  get params(): Readonly<Record<string, unknown>> {
    return this.#parts.run.params;
  }

  state(node: number): TaskState {
    return TASK_STATES[this.nodes.state[node] as number] as TaskState;
  }

  registered(node: number, upstream: readonly number[] | undefined, maps?: readonly number[]): void {
    this.nodes.add(node);
    this.#results.add();
    this.#open++;
    this.children.opened(this.#parent(node));
    const definition = this.#definition(node);
    if (firesEarly(definition)) this.nodes.mark(node, EAGER);
    if (definition.priority) this.#isRanked = true;
    if (upstream !== undefined) for (const from of upstream) this.nodes.link(from, node);
    if (maps !== undefined) for (const map of maps) this.#maps.awaitChildren(node, map);
    this.#parts.observer.registered(node);
    if (this.nodes.waitingFor[node] === 0) this.arm(node);
  }

  order(node: number, after: number): void {
    if (this.nodes.state[node] !== PENDING || this.nodes.has(node, LOOKED_AT)) {
      throw new MillraceError('AFTER_STARTED', `expected after() before '${this.graph.called(node)}' has started; it is ${this.state(node)}`, {
        hint: 'Call after() in the same statement as the task: clean(rows).after(other).',
      });
    }
    if (this.nodes.waits(after, node)) {
      throw new MillraceError(
        'GRAPH_CYCLE',
        `'${this.graph.called(node)}' cannot wait for '${this.graph.called(after)}', which already waits for it`,
        {
          hint: 'Remove the after(), or the argument, that closes the circle.',
        },
      );
    }
    this.graph.addOrder(node, after);
    this.nodes.link(after, node);
  }

  async result(node: number, path: Path | undefined): Promise<unknown> {
    await this.#delivered(node);
    try {
      return project(await this.valueOf(node), path);
    } catch (error) {
      this.failures.handle(this.#results.actual(node));
      throw error;
    }
  }

  async settled(node: number, path: Path | undefined): Promise<FinalState<unknown>> {
    await this.#delivered(node);
    try {
      await this.valueOf(node);
    } catch (error) {
      this.failures.handle(this.#results.actual(node));
      // It ended well, but its result is out of reach: the store itself cannot be used.
      if (this.#results.hasValue(node)) return { state: 'failed', error: taskError(this.idOf(node), 'failed', 0, error) };
    }
    return this.#results.finalState(node, path);
  }

  /** As `ended`, for the body: it is told of a failure. */
  #delivered(node: number): Promise<void> {
    const ended = this.ended(node);
    return this.failFast === undefined ? ended : ended.finally(this.failFast.awaited(node));
  }

  /** Resolves when the node has settled. */
  ended(node: number): Promise<void> {
    if (this.nodes.isFinal(node)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(node);
      if (waiters) waiters.push(resolve);
      else this.#waiters.set(node, [resolve]);
    });
  }

  async valueOf(node: number): Promise<unknown> {
    for (;;) {
      const actual = this.#results.actual(node);
      await this.ended(actual);
      if (!this.#results.hasValue(actual)) throw this.failures.error(actual);
      if (this.#results.isLoaded(actual)) return this.#results.value(actual);
      await this.#results.load(actual);
    }
  }

  // ── what the run asks ──

  /** Resolves when every node has settled, and nobody who waited for the last of them has added another; then no call is taken any more. */
  async drained(): Promise<void> {
    do {
      if (this.#open > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#open > 0);
    this.closed = true;
  }

  /** How many nodes ended in each state; derived steps do not count. */
  counts(): Partial<Record<TaskState, number>> {
    return this.nodes.countsByState();
  }

  /** Starts nothing new and aborts what runs; nodes that were waiting end as cancelled. */
  stop(reason: Error): void {
    if (this.#stopped) return;
    this.#stopped = reason;
    this.tick();
    for (let node = 0; node < this.graph.size; node++) {
      const state = this.nodes.state[node] as number;
      if (state === PENDING || state === QUEUED || state === RETRYING) this.fail(node, CANCELLED, reason);
    }
    this.#attempts.stop(reason);
    this.#claims.close();
  }

  /** Ends what still runs, whether it listens to its signal or not; what it may return later is not looked at. */
  abandon(state: 'cancelled' | 'failed', reason: Error): void {
    this.tick();
    for (const { attempt } of [...this.running()]) {
      this.#parts.observer.attemptEnded(attempt);
      this.fail(attempt.node, TASK_STATE_CODE[state], reason);
    }
  }

  /** Attempts in flight, with the time they began. */
  *running(): Generator<{ readonly attempt: Attempt; readonly startedAt: number }> {
    for (const attempt of this.#attempts.running()) yield { attempt, startedAt: this.nodes.startedAt[attempt.node] as number };
  }

  // ── what attempts and sub-flows ask ──

  idOf(node: number): string {
    return this.graph.id(node);
  }

  line(node: number | undefined, attempt: number, level: LogLevel, text: string): void {
    this.#parts.observer.line(node, attempt, level, text);
  }

  mapIndexOf(node: number): number | undefined {
    return this.graph.scopes[node] instanceof MapScope ? this.graph.occurrences[node] : undefined;
  }

  progress(node: number, attempt: number, fraction: number, message: string | undefined): void {
    this.#parts.observer.progress(node, attempt, fraction, message);
  }

  sideOutput(node: number, attempt: number): SideOutput {
    return this.#parts.sideOutputs.of({ index: node, attempt, node: this.graph.id(node) });
  }

  bodyContext(params: Readonly<Record<string, unknown>>, node: number): TaskContext {
    return this.#parts.bodyContext(params, this.sideOutput(node, this.#attempts.made(node)));
  }

  get clock(): Clock {
    return this.#parts.clock;
  }

  tick(): void {
    this.now = this.#parts.clock.now();
  }

  // ── the loop ──

  arm(node: number): void {
    this.#armed.push(node);
    this.pumpSoon();
  }

  /** On a macrotask of its own, so that a body without `await` has drawn its whole graph before the first task starts (S2). */
  pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(this.#pump);
  }

  readonly #pump = (): void => {
    this.tick();
    const until = this.now + SLICE_MS;
    for (let turn = 1; ; turn++) {
      // Where some go before others, all that are ready are queued before the first of them starts.
      const isLooking = this.#isRanked && this.#armed.size > 0;
      if (isLooking || !this.#attempts.startNext()) {
        if (this.#armed.size === 0) break;
        this.#look(this.#armed.shift());
      }
      if (turn % 256 === 0) this.tick();
      if (this.now > until) return void setImmediate(this.#pump);
    }
    // Until here it was running: whatever asked for a turn meanwhile has had it.
    this.#pumping = false;
  };

  /** The inputs of a node have settled: what is to become of it? */
  #look(node: number): void {
    const nodes = this.nodes;
    if (nodes.state[node] !== PENDING || nodes.has(node, LOOKED_AT) || ((nodes.waitingFor[node] as number) > 0 && !nodes.has(node, EAGER))) return;
    nodes.mark(node, LOOKED_AT);
    const definition = this.#definition(node);
    this.#forceSpread?.mark(node, definition);
    if (definition.kind === 'derived') return this.#derive(node, definition);
    if (this.#stopped) return this.fail(node, CANCELLED, this.#stopped);
    if (hasOwnRule(definition)) {
      if (!this.#isTriggered(node, definition)) return;
    } else if (nodes.has(node, INPUT_FAILED | INPUT_CANCELLED | INPUT_SKIPPED)) {
      // A map can do without what only its children need.
      const lost = lostInputs(this, node);
      if (lost.length > 0) return this.endBecause(node, this.#stateWithout(lost), lost);
    }
    if (definition.kind === 'map') return this.#expandMap(node, definition);
    const policy = policyOf(definition, this.#parts.defaultCache);
    if (definition.target !== undefined && !this.#isPlaced(node, definition)) return;
    if (definition.external !== undefined && (definition.target !== undefined || !policy)) this.#prepare(node, undefined);
    else if (policy) this.#ask(node, definition, policy);
    else this.#take(node, undefined, () => this.#prepare(node, undefined));
  }

  /** False: its address cannot be told yet, or the node has ended for want of one (S26). */
  #isPlaced(node: number, definition: TaskDefinition): boolean {
    if (needsInputs(definition) && this.#waitFor(node, this.#unloadedInputs(node))) return false;
    try {
      this.#targets.find(node, definition, this.mapIndexOf(node), () => this.argumentsOf(node));
      return true;
    } catch (error) {
      this.fail(node, FAILED, error);
      return false;
    }
  }

  /** No two nodes write one address. */
  #take(node: number, key: string | undefined, go: () => void): void {
    try {
      this.#targets.take(node, key);
    } catch (error) {
      return this.fail(node, FAILED, error);
    }
    go();
  }

  /** True: the trigger rule lets the node run. Else it has been ended, or waits for more of its inputs (S11). */
  #isTriggered(node: number, definition: TaskDefinition): boolean {
    let judgement: Judgement;
    try {
      judgement = judgeNode(this, node, definition);
    } catch (error) {
      // The rule is the user's.
      this.fail(node, FAILED, error);
      return false;
    }
    const { verdict, causes, answersFor } = judgement;
    if (verdict === 'wait') this.nodes.unmark(node, LOOKED_AT);
    else if (verdict !== 'run')
      this.endBecause(node, TASK_STATE_CODE[verdict], causes, new Error(`its trigger rule ${ruleText(definition)} was not met`));
    // Also those that have not ended yet: whether a run is red must not depend on which input was faster.
    else if (definition.handles) for (const input of answersFor) this.failures.handle(input);
    return verdict === 'run';
  }

  #ask(node: number, definition: TaskDefinition, policy: CachePolicy): void {
    if (this.#waitFor(node, this.#results.remadeInputs(node))) return;
    const forced = this.#forcedBy(node, definition);
    const question = this.#questionOf(node, definition, policy, forced);
    const { inputs } = question;
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.#parts.reuse.ask(question);
    } catch (error) {
      // The policy is the user's.
      return this.fail(node, FAILED, error);
    }
    if (inputs) this.#noteOf(node).asked = inputs;
    const go = (known: Answer): void => this.#take(node, known.key, () => this.#answered(node, known));
    if (answer instanceof Promise) this.#when(node, answer, go);
    else go(answer);
  }

  #questionOf(node: number, definition: TaskDefinition, policy: CachePolicy, forced: string | undefined): Question {
    return {
      definition,
      policy,
      inputs: this.#results.inputs(node),
      forced,
      place: node,
      target: this.#targets.placeOf(node),
      sourceOf: (name) => inputSource(this.graph, node, name),
      lacking: () => this.#results.inputWithoutDigest(node),
    };
  }

  #answered(node: number, answer: Answer): void {
    if (answer.hit) {
      this.#results.reused(node, answer.hit);
      this.#reads.reused(node, answer.hit);
      return this.#settle(node, CACHED, undefined);
    }
    if (answer.adopted) {
      this.#noteOf(node).key = answer.key;
      this.#results.computed(node, answer.adopted.value, answer.adopted);
      return this.#settle(node, CACHED, answer.adopted);
    }
    this.#noteOf(node).reason ??= answer.why;
    this.#prepare(node, this.#definition(node).external === undefined ? answer.key : undefined);
  }

  /** Inputs are at hand before a key is taken, and that before a slot: who leads a flight waits for nothing but a slot. */
  #prepare(node: number, key: string | undefined): void {
    if (this.#waitFor(node, this.#unloadedInputs(node))) return;
    if (key === undefined) return this.#attempts.queue(node);
    if (!this.#flights.join(key, node)) return this.nodes.unmark(node, LOOKED_AT);
    this.#when(node, this.#claims.take({ key, index: node }), (isOurs) => {
      if (isOurs) return this.#attempts.queue(node);
      // Another run has computed it: the question is another one now.
      this.nodes.unmark(node, LOOKED_AT);
      this.arm(node);
    });
  }

  #unloadedInputs(node: number): readonly number[] {
    return this.nodes.has(node, HAS_INPUTS) ? this.#results.unloadedInputs(node) : [];
  }

  /** Loads results that a node needs. True: there are some, and the node is looked at again when they are here. */
  #waitFor(node: number, inputs: readonly number[]): boolean {
    if (inputs.length === 0) return false;
    this.#when(node, this.#results.loadAll(inputs), () => {
      // One may have been computed anew, to another value or to none: the question is another one now.
      for (const input of inputs) this.nodes.inherit(node, this.#results.actual(input));
      this.nodes.unmark(node, LOOKED_AT);
      this.arm(node);
    });
    return true;
  }

  /** Goes on with a node when what it waits for has come, unless the node was ended meanwhile. */
  #when<T>(node: number, coming: Promise<T>, go: (value: T) => void): void {
    const arrived = (): boolean => {
      this.tick();
      return !this.nodes.isFinal(node);
    };
    coming
      .then((value) => {
        if (arrived()) go(value);
      })
      .catch((error) => {
        if (arrived()) this.fail(node, FAILED, error);
      });
  }

  // ── what trigger rules, and failures that stop the rest, look at ──

  dependentsOf(node: number): readonly number[] {
    return [...this.nodes.dependentsOf(node), ...this.#maps.waitingFor(node)];
  }

  mayHaveValue(node: number): boolean {
    return !this.nodes.isFinal(node) || this.#results.hasValue(node);
  }

  actual(node: number): number {
    return this.#results.actual(node);
  }

  isExpanded(map: number): boolean {
    return this.#maps.children.has(map);
  }

  finalState(node: number): FinalState<unknown> {
    return this.#results.finalState(node, undefined);
  }

  // ── what attempts come to ──

  /** Stores what is meant to be kept. */
  keep(node: number, value: unknown): Kept | Promise<Kept> | undefined {
    const definition = this.#definition(node);
    // Data of others stays where it is.
    if (definition.external !== undefined) return this.#externals.take(node);
    const place = this.#targets.placeOf(node);
    const isKept = definition.persist && (this.#parts.keepAll || place !== undefined || this.#flights.keyOf(node) !== undefined);
    if (!isKept) return undefined;
    const kept = this.#parts.keeper.keep(value, definition, place);
    const read = this.#reads.end(node, value);
    return read === undefined ? kept : Promise.all([kept, read]).then(([stored]) => stored);
  }

  observe(node: number): ReadSink | undefined {
    return this.#reads.begin(node, this.#flights.keyOf(node) !== undefined);
  }

  retrying(attempt: Attempt, thrown: unknown, delayMs: number): void {
    this.#parts.maskError(thrown);
    this.#noteOf(attempt.node).firstStart ??= this.nodes.startedAt[attempt.node] as number;
    this.#parts.observer.retrying(attempt.node, attempt.attempt, this.nodes.startedAt[attempt.node] as number, this.now, thrown, delayMs);
  }

  checked(attempt: Attempt, results: readonly CheckResult[]): void {
    this.#noteOf(attempt.node).checks = results;
    for (const { name, passed, severity, message } of results) {
      if (!passed) attempt.line(severity === 'warn' ? 'warn' : 'error', `check '${name}' did not pass${message === undefined ? '' : `: ${message}`}`);
    }
  }

  attemptEnded(attempt: Attempt): void {
    attempt.end();
    this.#parts.observer.attemptEnded(attempt);
  }

  expand(node: number, definition: TaskDefinition, args: readonly unknown[], reads: ReadSink | undefined): Promise<unknown> {
    return expandSubflow(this, node, definition, args[0], reads);
  }

  waitForOthers(attempt: Attempt): Promise<unknown> {
    const { node } = attempt;
    const definition = this.#definition(node);
    const policy = policyOf(definition, this.#parts.defaultCache) || cache.default;
    const question = this.#questionOf(node, definition, policy, undefined);
    return this.#externals.wait(attempt, definition, this.#targets.placeOf(node), question);
  }

  random(): number {
    return this.#parts.random();
  }

  // ── how a node ends ──

  succeed(node: number, value: unknown, kept: Kept | undefined): void {
    if (this.nodes.isFinal(node)) return;
    this.#results.computed(node, value, kept);
    this.#settle(node, SUCCESS, kept);
  }

  /** Without a value, by itself. */
  fail(node: number, state: number, thrown: unknown): void {
    if (this.nodes.isFinal(node)) return;
    const attempts = this.#attempts.made(node);
    this.#parts.maskError(thrown);
    const isDerived = this.#definition(node).kind === 'derived';
    const error = (isDerived ? derivedError : taskError)(this.graph.called(node), TASK_STATES[state] as TaskState, attempts, thrown);
    if (state === FAILED || state === TIMED_OUT) this.failures.failed(node, error);
    else this.failures.because(node, [], error);
    const stopsRest = (state === FAILED || state === TIMED_OUT) && this.failFast?.isHandled(node) === false;
    this.#settle(node, state, undefined);
    if (stopsRest) this.stop(error);
  }

  /** A body has thrown: that is a failure of the run, or of the sub-flow that it is the body of. */
  bodyThrew(subflow: number | undefined, thrown: unknown): void {
    if (this.failFast === undefined || (subflow !== undefined && this.failFast.isHandled(subflow))) return;
    this.stop(asError(thrown));
  }

  /** How a node ends that needs these (S11). */
  #stateWithout(lost: readonly number[]): number {
    return TASK_STATE_CODE[endWithout(lost.map((from) => this.state(from)))];
  }

  endBecause(node: number, state: number, causes: readonly number[], otherwise?: Error): void {
    if (this.nodes.isFinal(node)) return;
    this.tick();
    const attempts = this.#attempts.made(node);
    this.failures.because(
      node,
      causes,
      taskError(this.idOf(node), TASK_STATES[state] as TaskState, attempts, this.failures.rootOf(causes) ?? otherwise),
    );
    this.#settle(node, state, undefined);
  }

  #settle(node: number, state: number, kept: Kept | undefined): void {
    const nodes = this.nodes;
    const definition = this.#definition(node);
    const isDerived = definition.kind === 'derived';
    this.#attempts.release(node);
    if (!isDerived) this.#tell(node, state, kept);
    nodes.move(node, state);
    // A map counts by its children; one that could not be split, or was not come to, has nobody else to count it.
    nodes.count(state, isDerived || this.#maps.children.has(node) ? 0 : 1);
    if (definition.kind === 'map') this.#maps.tellWaiting(node);
    this.#attempts.forget(node);
    if (this.#notes.size > 0) this.#notes.delete(node);
    for (const follower of this.#flights.leave(node)) this.arm(follower);
    // What was reused may have to be computed anew, and derived steps are looked through: those keep their arguments.
    if (state !== CACHED && !isDerived) this.graph.dropArgs(node);
    nodes.release(node, (dependent) => this.arm(dependent));
    this.#wake(node);
    this.pumpSoon();
  }

  /** A cached result is no success of this run: its hooks were called when it was made. */
  #hooksAfter(node: number, state: number): (() => void) | undefined {
    const { hooks } = this.#definition(node);
    const attempt = new Attempt(this, node, this.#attempts.made(node));
    const error = this.failures.error(node);
    const isFailure = state === FAILED || state === TIMED_OUT;
    if (state === SUCCESS && hooks?.onSuccess) {
      const value = this.#results.value(node);
      return () => runHook(attempt, 'onSuccess', () => hooks.onSuccess?.(attempt, value));
    }
    if (isFailure && error && hooks?.onFailure) return () => runHook(attempt, 'onFailure', () => hooks.onFailure?.(attempt, error));
    return undefined;
  }

  #tell(node: number, state: number, kept: Kept | undefined): void {
    const origin = this.#results.origin(node);
    const note = this.#notes.get(node) ?? NO_NOTE;
    const { asked } = note;
    const read = this.#reads.take(node);
    if (asked === undefined && origin === undefined && !this.#parts.observer.listens && this.#definition(node).hooks === undefined) return;
    const key = this.#flights.keyOf(node);
    const isReusable = asked === undefined || state !== SUCCESS || (this.#argumentsStand(node, asked) && this.#readsStand(node, read));
    this.#parts.observer.settled(node, {
      state: TASK_STATES[state] as TaskState,
      isSplit: this.#maps.children.has(node),
      startedAt: this.nodes.startedAt[node] || undefined,
      finishedAt: this.now,
      attempts: this.#attempts.made(node),
      afterwards: this.#definition(node).hooks && this.#hooksAfter(node, state),
      firstStartedAt: note.firstStart,
      checks: note.checks,
      label: note.label,
      key: isReusable ? (key ?? note.key ?? origin?.key) : undefined,
      // Looked up again because an earlier result was lost, it may have been answered by another: then there is nothing to explain.
      claimed: key !== undefined && this.#claims.release(key) ? key : undefined,
      reason: state === CACHED ? undefined : note.reason,
      error: this.failures.error(node),
      kept,
      origin,
      reads: read?.reads,
      inputs: () => (isReusable && asked) || this.#results.inputs(node),
    });
  }

  /** A result is known by the arguments that its key was made of. The body, or the task, may have changed an object among them since. */
  #argumentsStand(node: number, asked: InputDigests): boolean {
    if (this.#results.inputsAreStill(node, asked)) return true;
    this.line(node, 1, 'warn', 'an argument was changed after the call was made: the result will not be reused');
    return false;
  }

  #readsStand(node: number, read: ObservedReads | undefined): boolean {
    if (read?.restless === undefined) return true;
    this.line(node, 1, 'warn', `'${read.restless}' changed while it was read: the result will not be reused`);
    return false;
  }

  #wake(node: number): void {
    const waiters = this.#waiters.get(node);
    if (waiters) {
      this.#waiters.delete(node);
      for (const wake of waiters) wake();
    }
    this.children.closed(this.#parent(node));
    if (--this.#open === 0) for (const wake of this.#drained.splice(0)) wake();
  }

  // ── maps, and steps between tasks ──

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  valueNow(ref: Ref): unknown {
    return this.#results.valueNow(ref);
  }

  #expandMap(node: number, definition: TaskDefinition): void {
    if (this.#waitFor(node, this.#unloadedInputs(node))) return;
    let calls: MapCalls;
    try {
      calls = this.#maps.callsOf(node, definition, this.#parts.maxSplits);
    } catch (error) {
      return this.fail(node, FAILED, error);
    }
    const scope = this.#maps.scopeOf(node, definition, calls);
    const { of } = definition.map as MapSettings;
    try {
      this.#targets.checkChildren(of, calls, (place) => scope.idOf(of.name, place));
    } catch (error) {
      return this.fail(node, FAILED, error);
    }
    this.move(node, RUNNING);
    this.#maps.expand(node, definition, calls, scope);
  }

  expanded(map: number, children: readonly number[]): void {
    void this.children.ended(map).then(() => this.#closeMap(map, children));
  }

  /** All children have settled. One that failed did not stop the others, but there is no whole list then (S8). */
  #closeMap(node: number, children: readonly number[]): void {
    this.tick();
    this.#results.ofChildren(node, children);
    const lost = children.filter((child) => !this.#results.hasValue(child)).map((child) => this.#results.actual(child));
    if (lost.length === 0) return this.#settle(node, SUCCESS, undefined);
    const state = this.#stateWithout(lost);
    this.endBecause(node, state === UPSTREAM_FAILED ? FAILED : state, weightiestFirst(this, lost));
  }

  #derive(node: number, definition: TaskDefinition): void {
    if (this.#waitFor(node, this.#unloadedInputs(node))) return;
    // `after`, and the gate of a branch: without them there is nothing to compute with, whatever the arguments give.
    const lost = lostPredecessors(this, node);
    if (lost.length > 0) return this.#endAs(node, lost);
    try {
      this.#results.computed(node, this.#derived.compute(node, definition), undefined);
      this.#settle(node, SUCCESS, undefined);
    } catch (error) {
      if (!(error instanceof NoValue)) return this.fail(node, asError(error).name === 'Skip' ? SKIPPED : FAILED, error);
      this.#endAs(node, weightiestFirst(this, error.from), definition.element);
    }
  }

  /** A derived step that has no value because others have none: to whoever asks, what became of it is what became of the weightiest of them. */
  #endAs(node: number, lost: readonly number[], standsForIt = false): void {
    const [first] = lost as readonly [number];
    const state = this.#stateWithout(lost);
    this.tick();
    this.failures.because(node, lost, this.failures.error(first) as TaskError);
    // One child of a map fails as that call did.
    const isItsOwn = standsForIt && state === UPSTREAM_FAILED && this.nodes.state[first] !== UPSTREAM_FAILED;
    this.#settle(node, isItsOwn ? FAILED : state, undefined);
  }

  // ── small parts ──

  argumentsOf(node: number): readonly unknown[] {
    const definition = this.#definition(node);
    const given = this.graph.args[node] as readonly unknown[];
    let args = given;
    // A task whose rule lets it run after failures is handed undefined where there is no value (S12).
    if (this.nodes.has(node, HAS_INPUTS)) args = given.map(hasOwnRule(definition) ? this.#values.ifAny : this.#values.of);
    if (this.#parts.strict) args = args.map(deepFreeze);
    if (definition.label) this.#noteOf(node).label = labelText(definition.label, args);
    return args;
  }

  #makeAnew(node: number, lost: LostResult): { node: number; ended: Promise<void> } {
    this.line(node, 0, 'warn', `${lost.message}: '${this.idOf(node)}' is computed anew`);
    const origin = this.#results.origin(node);
    if (origin) this.#drop(node, origin, lost);
    const scope = new GraphScope(`${this.idOf(node)}~`, this.#parent(node));
    const anew = this.graph.add(this.#definition(node), this.graph.args[node] as readonly unknown[], scope, this.graph.knowledge[node]);
    const upstream = this.graph.inputs(node).map(({ from }) => this.#results.actual(from));
    this.registered(anew, upstream.length === 0 ? undefined : upstream);
    this.nodes.mark(anew, REDONE);
    this.#targets.again(anew, node);
    this.#noteOf(anew).reason = reasonOfLoss(lost);
    return { node: anew, ended: this.ended(anew) };
  }

  /** Bytes that are whole but cannot be read here stay: others may be able to. */
  #drop(node: number, origin: CacheEntryRow, { code }: LostResult): void {
    const { reuse } = this.#parts;
    if (code !== 'RESULT_MISSING' && code !== 'RESULT_CORRUPTED') return reuse.forget(origin);
    reuse.discard(origin).catch((error) => this.line(node, 0, 'warn', `its entry cannot be removed from the record: ${asError(error).message}`));
  }

  #forcedBy(node: number, definition: TaskDefinition): string | undefined {
    if (this.nodes.has(node, REDONE)) return 'its stored result was lost';
    const before = this.nodes.has(node, FORCED) ? (this.#forceSpread?.originOf(node) ?? 'a task inside it') : undefined;
    return forcedBy(this.#parts.force, definition, before);
  }

  #noteOf(node: number): Note {
    let note = this.#notes.get(node);
    if (note === undefined) {
      note = {};
      this.#notes.set(node, note);
    }
    return note;
  }

  #definition(node: number): TaskDefinition {
    return this.graph.definitions[node] as TaskDefinition;
  }

  #parent(node: number): number | undefined {
    return (this.graph.scopes[node] as GraphScope).parent;
  }

  move(node: number, state: number): void {
    this.nodes.move(node, state);
    const attempt = this.#attempts.made(node);
    const reason = state === RUNNING && attempt <= 1 ? this.#notes.get(node)?.reason : undefined;
    this.#parts.observer.moved(node, TASK_STATES[state] as TaskState, attempt, reason);
  }
}

const NO_NOTE: Note = Object.freeze({});

/** A naming function that throws must not harm the task it names. */
function labelText(label: NonNullable<TaskDefinition['label']>, args: readonly unknown[]): string {
  try {
    return String(label(...args));
  } catch {
    return '';
  }
}

/** Its inputs are judged by more than that all have a value. */
function hasOwnRule({ trigger, skipOnUpstreamSkip }: TaskDefinition): boolean {
  return trigger !== undefined || skipOnUpstreamSkip !== undefined;
}

function ruleText({ trigger = 'all-success' }: TaskDefinition): string {
  return typeof trigger === 'string' ? `'${trigger}'` : 'of its own';
}

/** Rules that may know their answer before the last input has settled. */
function firesEarly({ trigger }: TaskDefinition): boolean {
  return trigger === 'any-success' || trigger === 'any-failed';
}
