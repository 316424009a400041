import type { Clock } from '../base/clock.js';
import { asError, MillraceError } from '../base/error.js';
import { Fifo } from '../base/fifo.js';
import { cache } from '../cache/policy.js';
import { adoptionOf } from '../flow/adoption.js';
import type { RunPort } from '../flow/run-port.js';
import { isRef, NODE, type Path, type Ref } from '../graph/ref.js';
import type { GraphScope, TaskGraph } from '../graph/task-graph.js';
import type { RunTrigger } from '../model/asset.js';
import type { CheckResult } from '../model/check.js';
import type { LogLevel } from '../model/event.js';
import type { ReadSink } from '../model/file-read.js';
import type { FinalState } from '../model/final-state.js';
import type { ScheduledTime } from '../model/schedule.js';
import { TASK_STATE_CODE, TASK_STATES, type TaskState } from '../model/states.js';
import type { TaskContext } from '../model/task-context.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Kept } from '../results/result-keeper.js';
import { ArgumentValues } from './argument-values.js';
import type { Attempt } from './attempt.js';
import { Attempts, type AttemptsHost } from './attempts.js';
import type { Settling } from './body.js';
import { Children } from './children.js';
import { Claims } from './claims.js';
import { Decisions, type DecisionsHost } from './decisions.js';
import { deepFreeze } from './deep-freeze.js';
import { Delivery } from './delivery.js';
import { Endings, type EndingsHost } from './endings.js';
import { Externals } from './externals.js';
import { FailFast, type FailFastView } from './fail-fast.js';
import { Failures } from './failures.js';
import { spreads } from './force.js';
import { ForceSpread } from './force-spread.js';
import { processLimits } from './limit-registry.js';
import type { EngineParts, Machinery } from './machinery.js';
import { MapScope } from './map.js';
import { Maps, type MapsHost } from './maps.js';
import { NodeInputs } from './node-inputs.js';
import { NodeResults } from './node-results.js';
import { EAGER, HAS_INPUTS, LOOKED_AT, NodeTable } from './node-table.js';
import { Notes } from './notes.js';
import type { Observer } from './observer.js';
import { ReadLogs } from './read-logs.js';
import { Remaking } from './remaking.js';
import { Resources, type ResourcesHost } from './resources.js';
import { Sensors } from './sensors.js';
import type { SideOutput } from './side-output.js';
import { SingleFlight } from './single-flight.js';
import { StepsBetween, type StepsBetweenHost } from './steps-between.js';
import { expandSubflow, type SubflowHost } from './subflow.js';
import { policyOf, Targets } from './targets.js';
import { hasOwnRule } from './triggering.js';

const { pending: PENDING, queued: QUEUED, retrying: RETRYING, running: RUNNING, cancelled: CANCELLED } = TASK_STATE_CODE;

/** After this long the loop lets timers, commits and signals run. */
const SLICE_MS = 8;

/**
 * Runs a graph while it is being drawn. Nodes are integers into parallel arrays, counters say what is ready, one loop hands ready nodes
 * to free slots, and a promise exists only where somebody awaits. Nothing here recurses with the size of the graph.
 *
 * The order of one task run (S10): its inputs settle, the cache is asked, a slot is taken, the attempt runs, its result is stored, and
 * only then is it a success.
 */
export class Engine
  implements RunPort, Settling, AttemptsHost, SubflowHost, FailFastView, MapsHost, EndingsHost, DecisionsHost, StepsBetweenHost, ResourcesHost
{
  readonly graph: TaskGraph;
  readonly observer: Observer;
  readonly adopt?: (definition: TaskDefinition) => TaskDefinition;
  readonly failures = new Failures();
  readonly children = new Children();
  readonly nodes = new NodeTable();
  /** Only where a failure is to stop the rest. */
  readonly failFast: FailFast | undefined;
  closed = false;
  /** Never whole: V8 throws away what it has compiled when such a number becomes one with fractions. */
  now = Number.NaN;
  /** Why nothing starts any more. */
  stopped: Error | undefined;

  readonly #parts: EngineParts;
  readonly #results: NodeResults;
  readonly #values: ArgumentValues;
  readonly #attempts: Attempts;
  readonly #maps: Maps;
  readonly #claims: Claims;
  readonly #run: Machinery;
  readonly #endings: Endings;
  readonly #decisions: Decisions;
  readonly #between: StepsBetween;
  readonly #resources = new Resources(this);
  readonly #delivery: Delivery;
  /** Inputs settled, not yet looked at. */
  readonly #armed = new Fifo();
  #pumping = false;
  /** Some task of the run has a priority. */
  #isRanked = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { graph } = parts;
    this.graph = graph;
    this.observer = parts.observer;
    const adopt = adoptionOf(parts.defaults);
    if (adopt) this.adopt = adopt;
    this.failFast = parts.onFailure === 'cancel-rest' ? new FailFast(this) : undefined;
    this.#claims = new Claims({ ...parts.claims, clock: parts.clock, learn: (entries) => parts.reuse.learn(entries) });
    this.#maps = new Maps(this);
    const { limits, claims } = parts;
    const owner = limits === undefined ? undefined : { run: claims.run, epoch: claims.epoch };
    this.#attempts = new Attempts(this, parts.concurrency, { registry: limits ?? processLimits(), owner });
    this.#results = new NodeResults(
      parts.run.id,
      graph,
      this.nodes,
      this.failures,
      parts.keeper,
      this.#maps.children,
      this.#resources,
      (node, lost) => remaking.again(node, lost),
    );
    this.#values = new ArgumentValues(this.#results);
    const notes = new Notes();
    this.#run = {
      parts,
      graph,
      nodes: this.nodes,
      notes,
      results: this.#results,
      inputs: new NodeInputs({ graph, nodes: this.nodes, failures: this.failures, results: this.#results, children: this.#maps.children }),
      failures: this.failures,
      attempts: this.#attempts,
      maps: this.#maps,
      flights: new SingleFlight(),
      claims: this.#claims,
      reads: new ReadLogs(graph, parts.places),
      targets: new Targets({ run: parts.run, ...parts.targets, idOf: (node) => this.idOf(node) }),
      externals: new Externals(parts),
      sensors: new Sensors({ clock: parts.clock, notes, slots: this.#attempts }),
      forceSpread: spreads(parts.force) ? new ForceSpread(parts.force, graph, this.nodes) : undefined,
      failFast: this.failFast,
    };
    const remaking = new Remaking(this.#run, this);
    this.#delivery = new Delivery({
      nodes: this.nodes,
      results: this.#results,
      failures: this.failures,
      resources: this.#resources,
      failFast: this.failFast,
      idOf: (node) => this.idOf(node),
    });
    this.#endings = new Endings(this.#run, this);
    this.#decisions = new Decisions(this.#run, this, this.#endings);
    this.#between = new StepsBetween(this.#run, this, this.#endings, this.#values);
  }

  // ── what futures and bodies ask ──

  get runId(): string {
    return this.#parts.run.id;
  }

  get flowName(): string {
    return this.#parts.run.flowName;
  }

  get scheduled(): ScheduledTime {
    return this.#parts.run.scheduled;
  }

  get triggers(): readonly RunTrigger[] {
    return this.#parts.run.triggers ?? [];
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
    this.#delivery.opened();
    const parent = this.#parent(node);
    if (parent !== undefined) this.children.opened(parent);
    const definition = this.#definition(node);
    if (definition.trigger !== undefined && firesEarly(definition)) this.nodes.mark(node, EAGER);
    if (definition.priority) this.#isRanked = true;
    const waitsFor = this.#resources.registered(node, definition, upstream);
    if (waitsFor !== undefined) for (let at = 0; at < waitsFor.length; at++) this.nodes.link(waitsFor[at] as number, node);
    if (maps !== undefined) for (const map of maps) this.#maps.awaitChildren(node, map);
    if (this.observer.listens) this.observer.registered(node);
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
    this.#resources.want(after);
    this.graph.addOrder(node, after);
    this.nodes.link(after, node);
  }

  result(node: number, path: Path | undefined): Promise<unknown> {
    return this.#delivery.result(node, path);
  }

  settled(node: number, path: Path | undefined): Promise<FinalState<unknown>> {
    return this.#delivery.settled(node, path);
  }

  ended(node: number): Promise<void> {
    return this.#delivery.ended(node);
  }

  valueOf(node: number): Promise<unknown> {
    return this.#delivery.valueOf(node);
  }

  // ── what the run asks ──

  /** Resolves when every node has settled; then no call is taken any more. */
  async drained(): Promise<void> {
    await this.#delivery.drained();
    this.closed = true;
  }

  /** How many nodes ended in each state; derived steps do not count. */
  counts(): Partial<Record<TaskState, number>> {
    return this.nodes.countsByState();
  }

  /** Starts nothing new and aborts what runs; nodes that were waiting end as cancelled. */
  stop(reason: Error): void {
    if (this.stopped) return;
    this.stopped = reason;
    this.tick();
    for (let node = 0; node < this.graph.size; node++) {
      const state = this.nodes.state[node] as number;
      if (isTeardown(this.#definition(node))) continue;
      if (state === PENDING || state === QUEUED || state === RETRYING) this.fail(node, CANCELLED, reason);
    }
    this.#attempts.stop(reason);
    this.#claims.close();
  }

  /** A body has returned, or thrown: it makes no more calls. */
  bodyOver(scope: GraphScope): void {
    this.#resources.bodyOver(scope);
  }

  /** Resolves when the resources of a run that was abandoned have been taken down; undefined: there are none. */
  tearDown(): Promise<unknown> | undefined {
    return this.#resources.tearDown();
  }

  /**
   * Ends what still runs, whether it listens to its signal or not; what it may return later is not looked at.
   * @param withTeardowns those that clean up too
   */
  abandon(state: 'cancelled' | 'failed', reason: Error, withTeardowns = false): void {
    this.tick();
    for (const { attempt } of [...this.running()]) {
      if (!withTeardowns && isTeardown(this.#definition(attempt.node))) continue;
      this.observer.attemptEnded(attempt);
      this.fail(attempt.node, TASK_STATE_CODE[state], reason);
    }
  }

  /** Of a run that waits for nothing any more: maps end now that were only waiting for their turn to. */
  closeMaps(): void {
    this.#between.closeSettled();
  }

  /** Attempts in flight, with the time they began. */
  *running(): Generator<{ readonly attempt: Attempt; readonly startedAt: number }> {
    for (const attempt of this.#attempts.running()) yield { attempt, startedAt: this.nodes.startedAt[attempt.node] as number };
  }

  /** Maps whose children are known, and have not all ended. */
  *openMaps(): Generator<number> {
    for (const map of this.#maps.children.keys()) if (this.nodes.state[map] === RUNNING) yield map;
  }

  // ── what attempts and sub-flows ask ──

  idOf(node: number): string {
    return this.graph.id(node);
  }

  line(node: number | undefined, attempt: number, level: LogLevel, text: string): void {
    this.observer.line(node, attempt, level, text);
  }

  mapIndexOf(node: number): number | undefined {
    return this.graph.scopes[node] instanceof MapScope ? this.graph.occurrences[node] : undefined;
  }

  progress(node: number, attempt: number, fraction: number, message: string | undefined): void {
    this.observer.progress(node, attempt, fraction, message);
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

  readonly arm = (node: number): void => {
    this.#armed.push(node);
    this.pumpSoon();
  };

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

  /** The inputs of a node have settled, or enough of them have: what is to become of it? */
  #look(node: number): void {
    const { nodes } = this;
    if (nodes.state[node] !== PENDING || nodes.has(node, LOOKED_AT) || ((nodes.waitingFor[node] as number) > 0 && !nodes.has(node, EAGER))) return;
    const definition = this.#definition(node);
    if (isTeardown(definition) && !this.#resources.mayTearDown(node)) return;
    this.#decisions.look(node, definition, this.#between);
  }

  waitForInputs(node: number): boolean {
    return this.#decisions.waitForInputs(node);
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
    const { externals, flights, reads, targets } = this.#run;
    const definition = this.#definition(node);
    // Data of others stays where it is.
    if (definition.external !== undefined) return externals.take(node);
    const place = targets.placeOf(node);
    const isKept = definition.persist && (this.#parts.keepAll || place !== undefined || flights.keyOf(node) !== undefined);
    if (!isKept) return undefined;
    const kept = this.#parts.keeper.keep(value, definition, place);
    const read = reads.end(node, value);
    return read === undefined ? kept : Promise.all([kept, read]).then(([stored]) => stored);
  }

  observe(node: number): ReadSink | undefined {
    return this.#run.reads.begin(node, this.#run.flights.keyOf(node) !== undefined);
  }

  retrying(attempt: Attempt, thrown: unknown, delayMs: number): void {
    this.#parts.maskError(thrown);
    this.#run.notes.of(attempt.node).firstStart ??= this.nodes.startedAt[attempt.node] as number;
    this.observer.retrying(attempt.node, attempt.attempt, this.nodes.startedAt[attempt.node] as number, this.now, thrown, delayMs);
  }

  checked(attempt: Attempt, results: readonly CheckResult[]): void {
    this.#run.notes.of(attempt.node).checks = results;
    for (const { name, passed, severity, message } of results) {
      if (!passed) attempt.line(severity === 'warn' ? 'warn' : 'error', `check '${name}' did not pass${message === undefined ? '' : `: ${message}`}`);
    }
  }

  attemptEnded(attempt: Attempt): void {
    attempt.end();
    this.observer.attemptEnded(attempt);
  }

  expand(node: number, definition: TaskDefinition, args: readonly unknown[], reads: ReadSink | undefined): Promise<unknown> {
    return expandSubflow(this, node, definition, args[0], reads);
  }

  waitForCondition(attempt: Attempt, args: readonly unknown[]): Promise<unknown> {
    const { node } = attempt;
    return this.#run.sensors.wait(attempt, this.#definition(node), args, this.nodes.startedAt[node] as number);
  }

  waitForOthers(attempt: Attempt): Promise<unknown> {
    const { node } = attempt;
    const definition = this.#definition(node);
    const policy = policyOf(definition, this.#parts.defaultCache) || cache.default;
    const question = this.#decisions.questionOf(node, definition, policy, undefined);
    return this.#run.externals.wait(attempt, definition, this.#run.targets.placeOf(node), question);
  }

  random(): number {
    return this.#parts.random();
  }

  // ── how a node ends ──

  succeed(node: number, value: unknown, kept: Kept | undefined): void {
    this.#endings.succeed(node, value, kept);
  }

  fail(node: number, state: number, thrown: unknown): void {
    this.#endings.fail(node, state, thrown);
  }

  endBecause(node: number, state: number, causes: readonly number[]): void {
    this.#endings.because(node, state, causes);
  }

  /** A body has thrown: that is a failure of the run, or of the sub-flow that it is the body of. */
  bodyThrew(subflow: number | undefined, thrown: unknown): void {
    if (this.failFast === undefined || (subflow !== undefined && this.failFast.isHandled(subflow))) return;
    this.stop(asError(thrown));
  }

  wake(node: number): void {
    this.#delivery.closed(node);
    const parent = this.#parent(node);
    if (parent !== undefined) this.children.closed(parent);
  }

  // ── what maps ask ──

  valueNow(ref: Ref): unknown {
    return this.#results.valueNow(ref);
  }

  expanded(map: number, children: readonly number[]): void {
    this.#between.expanded(map, children);
  }

  // ── small parts ──

  argumentsOf(node: number): readonly unknown[] {
    const definition = this.#definition(node);
    const given = this.graph.args[node] as readonly unknown[];
    let args = given;
    // A task whose rule lets it run after failures is handed undefined where there is no value (S12).
    if (this.nodes.has(node, HAS_INPUTS)) args = given.map(hasOwnRule(definition) ? this.#values.ifAny : this.#values.of);
    // What users share may have to change: a connection, a pool.
    if (this.#parts.strict) args = args.map((arg, at) => (this.#isResource(given[at]) ? arg : deepFreeze(arg)));
    if (definition.label) this.#run.notes.of(node).label = labelText(definition.label, args);
    return args;
  }

  #isResource(arg: unknown): boolean {
    return isRef(arg) && this.#definition(arg[NODE]).resource !== undefined;
  }

  #definition(node: number): TaskDefinition {
    return this.graph.definitions[node] as TaskDefinition;
  }

  #parent(node: number): number | undefined {
    return (this.graph.scopes[node] as GraphScope).parent;
  }

  move(node: number, state: number): void {
    this.nodes.move(node, state);
    if (!this.observer.listens) return;
    const attempt = this.#attempts.made(node);
    const reason = state === RUNNING && attempt <= 1 ? this.#run.notes.find(node).reason : undefined;
    this.observer.moved(node, TASK_STATES[state] as TaskState, attempt, reason);
  }
}

/** A naming function that throws must not harm the task it names. */
function labelText(label: NonNullable<TaskDefinition['label']>, args: readonly unknown[]): string {
  try {
    return String(label(...args));
  } catch {
    return '';
  }
}

/** Rules that may know their answer before the last input has settled. */
function firesEarly({ trigger }: TaskDefinition): boolean {
  return trigger === 'any-success' || trigger === 'any-failed';
}

function isTeardown({ resource }: TaskDefinition): boolean {
  return resource?.role === 'teardown';
}
