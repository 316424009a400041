import type { Clock } from '../base/clock.js';
import { asError, MillraceError } from '../base/error.js';
import { Fifo } from '../base/fifo.js';
import type { RunPort } from '../flow/run-port.js';
import { scopes } from '../flow/scope.js';
import type { Knowledge } from '../graph/knowledge.js';
import { isRef, NODE, PATH, type Path, project } from '../graph/ref.js';
import { replaceDeep, replacingReferences } from '../graph/references.js';
import { GraphScope, type TaskGraph } from '../graph/task-graph.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { LogLevel } from '../model/event.js';
import type { FinalState } from '../model/final-state.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow } from '../model/records.js';
import { TASK_STATE_CODE, TASK_STATES, type TaskState } from '../model/states.js';
import type { TaskContext } from '../model/task-context.js';
import type { DerivedInputs, TaskDefinition } from '../model/task-definition.js';
import type { Kept, ResultKeeper } from '../results/result-keeper.js';
import { Attempt, type AttemptHost } from './attempt.js';
import type { Settling } from './body.js';
import { Children } from './children.js';
import { deepFreeze } from './deep-freeze.js';
import { Failures, NoValue, taskError } from './failures.js';
import { type Force, isForced, spreads } from './force.js';
import type { InputDigests } from './inputs.js';
import { type LostResult, NodeResults } from './node-results.js';
import { FORCED, HAS_INPUTS, INPUT_CANCELLED, INPUT_FAILED, INPUT_SKIPPED, LOOKED_AT, NodeTable, REDONE } from './node-table.js';
import type { Observer } from './observer.js';
import type { Answer, Reuse } from './reuse.js';
import { SingleFlight } from './single-flight.js';
import { expandSubflow, type SubflowHost } from './subflow.js';

const {
  pending: PENDING,
  queued: QUEUED,
  running: RUNNING,
  success: SUCCESS,
  cached: CACHED,
  skipped: SKIPPED,
  failed: FAILED,
  cancelled: CANCELLED,
} = TASK_STATE_CODE;
const UPSTREAM_FAILED = TASK_STATE_CODE['upstream-failed'];

/** After this long the loop lets timers, commits and signals run. */
const SLICE_MS = 8;

export interface EngineParts {
  readonly run: { readonly id: string; readonly flowName: string; readonly params: Readonly<Record<string, unknown>> };
  /** Empty: it grows while it runs. */
  readonly graph: TaskGraph;
  /** Task runs at the same time. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly keeper: ResultKeeper;
  /** Whether results of tasks that are not cached are stored too (S19): not where nothing is meant to outlive the process. */
  readonly keepAll: boolean;
  readonly reuse: Reuse;
  readonly defaultCache: CachePolicy | false | undefined;
  readonly force: Force;
  /** Freezes what tasks are handed. */
  readonly strict: boolean;
  readonly onFailure: 'finish-independent' | 'cancel-rest';
  readonly observer: Observer;
  /** Takes the secrets out of what was thrown (S18). */
  readonly maskError: (thrown: unknown) => void;
  /** The context of a sub-flow's body. */
  readonly bodyContext: (params: Readonly<Record<string, unknown>>) => TaskContext;
}

/**
 * Runs a graph while it is being drawn. Nodes are integers into parallel arrays, counters say what is ready, one loop hands ready nodes
 * to free slots, and a promise exists only where somebody awaits. Nothing here recurses with the size of the graph.
 *
 * The order of one task run (S10): its inputs settle, the cache is asked, a slot is taken, the attempt runs, its result is stored, and
 * only then is it a success.
 */
export class Engine implements RunPort, Settling, AttemptHost, SubflowHost {
  readonly graph: TaskGraph;
  readonly failures = new Failures();
  readonly children = new Children();
  closed = false;

  readonly #parts: EngineParts;
  readonly #nodes = new NodeTable();
  readonly #results: NodeResults;
  readonly #flights = new SingleFlight();
  /** Inputs settled, not yet looked at. */
  readonly #armed = new Fifo();
  /** To be executed as soon as a slot is free. */
  readonly #ready = new Fifo();
  /** Attempts that have not ended when their function returned. */
  readonly #running = new Map<number, Attempt>();
  /** The attempt whose function is on the stack: it is not among the running before it has returned a promise. */
  #calling: Attempt | undefined;
  #slots: number;
  #open = 0;
  #now = 0;
  #pumping = false;
  #stopped: Error | undefined;
  readonly #waiters = new Map<number, (() => void)[]>();
  readonly #drained: (() => void)[] = [];
  /** What the nodes that asked for a result are known by. */
  readonly #asked = new Map<number, InputDigests>();
  readonly #reasons = new Map<number, Reason>();
  readonly #forcedKnowledge = new WeakMap<Knowledge, boolean>();
  readonly #labels = new Map<number, string>();

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.graph = parts.graph;
    this.#slots = parts.concurrency;
    this.#results = new NodeResults(parts.run.id, this.graph, this.#nodes, this.failures, parts.keeper, (node, lost) => this.#makeAnew(node, lost));
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
    return TASK_STATES[this.#nodes.state[node] as number] as TaskState;
  }

  registered(node: number, upstream: readonly number[] | undefined): void {
    this.#nodes.add();
    this.#results.add();
    this.#open++;
    this.children.opened(this.#parent(node));
    if (upstream !== undefined) for (const from of upstream) this.#nodes.link(from, node);
    this.#parts.observer.registered(node);
    if (this.#nodes.waitingFor[node] === 0) this.#arm(node);
  }

  order(node: number, after: number): void {
    if (this.#nodes.state[node] !== PENDING || this.#nodes.has(node, LOOKED_AT)) {
      throw new MillraceError('AFTER_STARTED', `expected after() before '${this.idOf(node)}' has started; it is ${this.state(node)}`, {
        hint: 'Call after() in the same statement as the task: clean(rows).after(other).',
      });
    }
    if (this.#nodes.waits(after, node)) {
      throw new MillraceError('GRAPH_CYCLE', `'${this.idOf(node)}' cannot wait for '${this.idOf(after)}', which already waits for it`, {
        hint: 'Remove the after(), or the argument, that closes the circle.',
      });
    }
    this.graph.addOrder(node, after);
    this.#nodes.link(after, node);
  }

  async result(node: number, path: Path | undefined): Promise<unknown> {
    await this.ended(node);
    try {
      return project(await this.valueOf(node), path);
    } catch (error) {
      this.failures.handle(this.#results.actual(node));
      throw error;
    }
  }

  async settled(node: number, path: Path | undefined): Promise<FinalState<unknown>> {
    await this.ended(node);
    try {
      await this.valueOf(node);
    } catch (error) {
      this.failures.handle(this.#results.actual(node));
      // It ended well, but its result is out of reach: the store itself cannot be used.
      if (this.#results.hasValue(node)) return { state: 'failed', error: taskError(this.idOf(node), 'failed', 0, error) };
    }
    return this.#results.finalState(node, path);
  }

  /** Resolves when the node has settled. */
  ended(node: number): Promise<void> {
    if (this.#nodes.isFinal(node)) return Promise.resolve();
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
    return this.#nodes.countsByState();
  }

  /** Starts nothing new and aborts what runs; nodes that were waiting end as cancelled. */
  stop(reason: Error): void {
    if (this.#stopped) return;
    this.#stopped = reason;
    this.#now = this.#parts.clock.now();
    for (let node = 0; node < this.graph.size; node++) {
      const state = this.#nodes.state[node] as number;
      if (state === PENDING || state === QUEUED) this.#fail(node, CANCELLED, reason);
    }
    for (const attempt of this.#running.values()) attempt.abort(reason);
  }

  /** Ends what still runs, whether it listens to its signal or not; what it may return later is not looked at. */
  abandon(state: 'cancelled' | 'failed', reason: Error): void {
    this.#now = this.#parts.clock.now();
    for (const { attempt } of [...this.running()]) {
      this.#parts.observer.attemptEnded(attempt);
      this.#fail(attempt.node, TASK_STATE_CODE[state], reason);
    }
  }

  /** Attempts in flight, with the time they began. */
  *running(): Generator<{ readonly attempt: Attempt; readonly startedAt: number }> {
    const started = this.#nodes.startedAt;
    for (const attempt of this.#running.values()) yield { attempt, startedAt: started[attempt.node] as number };
    if (this.#calling) yield { attempt: this.#calling, startedAt: started[this.#calling.node] as number };
  }

  // ── what attempts and sub-flows ask ──

  idOf(node: number): string {
    return this.graph.id(node);
  }

  line(node: number | undefined, attempt: number, level: LogLevel, text: string): void {
    this.#parts.observer.line(node, attempt, level, text);
  }

  bodyContext(params: Readonly<Record<string, unknown>>): TaskContext {
    return this.#parts.bodyContext(params);
  }

  // ── the loop ──

  #arm(node: number): void {
    this.#armed.push(node);
    this.#pumpSoon();
  }

  /** On a macrotask of its own, so that a body without `await` has drawn its whole graph before the first task starts (S2). */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    this.#now = this.#parts.clock.now();
    const until = this.#now + SLICE_MS;
    for (let turn = 1; ; turn++) {
      if (this.#slots > 0 && this.#ready.size > 0) this.#start(this.#ready.shift());
      else if (this.#armed.size > 0) this.#look(this.#armed.shift());
      else return;
      if (turn % 256 === 0) this.#now = this.#parts.clock.now();
      if (this.#now > until) return this.#pumpSoon();
    }
  }

  /** The inputs of a node have settled: what is to become of it? */
  #look(node: number): void {
    const nodes = this.#nodes;
    if (nodes.state[node] !== PENDING || nodes.has(node, LOOKED_AT) || (nodes.waitingFor[node] as number) > 0) return;
    nodes.mark(node, LOOKED_AT);
    const definition = this.#definition(node);
    if (spreads(this.#parts.force)) this.#inheritForce(node, definition);
    if (definition.kind === 'derived') return this.#derive(node, definition);
    if (this.#stopped) return this.#fail(node, CANCELLED, this.#stopped);
    if (nodes.has(node, INPUT_FAILED | INPUT_CANCELLED | INPUT_SKIPPED)) return this.#endAsInputs(node);
    const policy = definition.cache ?? this.#parts.defaultCache;
    if (policy) this.#ask(node, definition, policy);
    else this.#prepare(node, undefined);
  }

  #ask(node: number, definition: TaskDefinition, policy: CachePolicy): void {
    if (this.#waitFor(node, this.#results.remadeInputs(node))) return;
    const forced = this.#nodes.has(node, REDONE) || isForced(this.#parts.force, definition, this.#nodes.has(node, FORCED));
    const inputs = this.#results.inputs(node);
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.#parts.reuse.ask({ definition, policy, inputs, forced });
    } catch (error) {
      // The policy is the user's.
      return this.#fail(node, FAILED, error);
    }
    if (inputs) this.#asked.set(node, inputs);
    if (answer instanceof Promise) this.#when(node, answer, (known) => this.#answered(node, known));
    else this.#answered(node, answer);
  }

  #answered(node: number, answer: Answer): void {
    if (answer.hit) {
      this.#reasons.delete(node);
      this.#results.reused(node, answer.hit);
      return this.#settle(node, CACHED, undefined);
    }
    if (!this.#reasons.has(node)) this.#reasons.set(node, answer.why);
    this.#prepare(node, answer.key);
  }

  /** Inputs are at hand before a key is taken, and that before a slot: who leads a flight waits for nothing but a slot. */
  #prepare(node: number, key: string | undefined): void {
    if (this.#waitFor(node, this.#unloadedInputs(node))) return;
    if (key !== undefined && !this.#flights.join(key, node)) return this.#nodes.unmark(node, LOOKED_AT);
    this.#queue(node);
  }

  #unloadedInputs(node: number): readonly number[] {
    return this.#nodes.has(node, HAS_INPUTS) ? this.#results.unloadedInputs(node) : [];
  }

  /** Loads results that a node needs. True: there are some, and the node is looked at again when they are here. */
  #waitFor(node: number, inputs: readonly number[]): boolean {
    if (inputs.length === 0) return false;
    this.#when(node, Promise.all(inputs.map((input) => this.#results.load(input))), () => {
      // One may have been computed anew, to another value or to none: the question is another one now.
      for (const input of inputs) this.#nodes.inherit(node, this.#results.actual(input));
      this.#nodes.unmark(node, LOOKED_AT);
      this.#arm(node);
    });
    return true;
  }

  /** Goes on with a node when what it waits for has come, unless the node was ended meanwhile. */
  #when<T>(node: number, coming: Promise<T>, go: (value: T) => void): void {
    const arrived = (): boolean => {
      this.#now = this.#parts.clock.now();
      return !this.#nodes.isFinal(node);
    };
    coming
      .then((value) => {
        if (arrived()) go(value);
      })
      .catch((error) => {
        if (arrived()) this.#fail(node, FAILED, error);
      });
  }

  #queue(node: number): void {
    if (this.#definition(node).slotless) return this.#start(node);
    this.#move(node, QUEUED);
    this.#ready.push(node);
    this.#pumpSoon();
  }

  #start(node: number): void {
    if (this.#nodes.isFinal(node)) return;
    const definition = this.#definition(node);
    if (!definition.slotless) this.#slots--;
    this.#nodes.startedAt[node] = this.#now;
    this.#move(node, RUNNING);
    const attempt = new Attempt(this, node, 1);
    let returned: unknown;
    let isLater: boolean;
    try {
      const args = this.#arguments(node);
      if (definition.label) this.#labels.set(node, labelText(definition.label, args));
      this.#calling = attempt;
      returned = definition.kind === 'subflow' ? expandSubflow(this, node, definition, args[0]) : scopes.run(attempt, call, definition.fn, args);
      isLater = isThenable(returned);
    } catch (error) {
      return this.#threw(node, attempt, error);
    } finally {
      this.#calling = undefined;
    }
    if (!isLater) return this.#returned(node, attempt, returned);
    this.#running.set(node, attempt);
    // A promise stays what it is; any other thenable is kept from throwing, or settling twice.
    Promise.resolve(returned).then(
      (value) => this.#returned(node, attempt, value),
      (error) => this.#threw(node, attempt, error),
    );
  }

  #returned(node: number, attempt: Attempt, value: unknown): void {
    this.#parts.observer.attemptEnded(attempt);
    if (this.#nodes.isFinal(node)) return;
    this.#now = this.#parts.clock.now();
    const definition = this.#definition(node);
    const isKept = definition.persist && (this.#parts.keepAll || this.#flights.keyOf(node) !== undefined);
    if (!isKept) return this.#succeed(node, value, undefined);
    let kept: Kept | Promise<Kept>;
    try {
      kept = this.#parts.keeper.keep(value, definition);
    } catch (error) {
      return this.#fail(node, FAILED, error);
    }
    if (!(kept instanceof Promise)) return this.#succeed(node, kept.value, kept);
    this.#running.set(node, attempt);
    this.#when(node, kept, (stored) => this.#succeed(node, stored.value, stored));
  }

  #threw(node: number, attempt: Attempt, thrown: unknown): void {
    this.#parts.observer.attemptEnded(attempt);
    this.#now = this.#parts.clock.now();
    const isSkip = asError(thrown).name === 'Skip';
    this.#fail(node, this.#stopped ? CANCELLED : isSkip ? SKIPPED : FAILED, thrown);
  }

  // ── how a node ends ──

  #succeed(node: number, value: unknown, kept: Kept | undefined): void {
    if (this.#nodes.isFinal(node)) return;
    this.#results.computed(node, value, kept);
    this.#settle(node, SUCCESS, kept);
  }

  /** Without a value, by itself. */
  #fail(node: number, state: number, thrown: unknown): void {
    if (this.#nodes.isFinal(node)) return;
    const attempts = this.#nodes.state[node] === RUNNING ? 1 : 0;
    this.#parts.maskError(thrown);
    const error = taskError(this.idOf(node), TASK_STATES[state] as TaskState, attempts, thrown);
    if (state === FAILED) this.failures.failed(node, error);
    else this.failures.because(node, [], error);
    this.#settle(node, state, undefined);
    if (state === FAILED && this.#parts.onFailure === 'cancel-rest') this.stop(error);
  }

  /** Without a value, because of its inputs: a failure weighs more than a cancellation, and that more than a skip (S11). */
  #endAsInputs(node: number): void {
    const state = this.#nodes.has(node, INPUT_FAILED) ? UPSTREAM_FAILED : this.#nodes.has(node, INPUT_CANCELLED) ? CANCELLED : SKIPPED;
    const inputs = new Set(this.graph.inputs(node).map(({ from }) => this.#results.actual(from)));
    this.endBecause(
      node,
      state,
      [...inputs].filter((from) => !this.#results.hasValue(from)),
    );
  }

  endBecause(node: number, state: number, causes: readonly number[]): void {
    if (this.#nodes.isFinal(node)) return;
    this.#now = this.#parts.clock.now();
    const attempts = this.#nodes.state[node] === RUNNING ? 1 : 0;
    this.failures.because(node, causes, taskError(this.idOf(node), TASK_STATES[state] as TaskState, attempts, this.failures.rootOf(causes)));
    this.#settle(node, state, undefined);
  }

  #settle(node: number, state: number, kept: Kept | undefined): void {
    const nodes = this.#nodes;
    const definition = this.#definition(node);
    const isDerived = definition.kind === 'derived';
    if (nodes.state[node] === RUNNING && !definition.slotless) this.#slots++;
    if (!isDerived) this.#tell(node, state, kept);
    nodes.move(node, state);
    nodes.count(state, isDerived ? 0 : 1);
    this.#running.delete(node);
    this.#asked.delete(node);
    this.#reasons.delete(node);
    this.#labels.delete(node);
    for (const follower of this.#flights.leave(node)) this.#arm(follower);
    // What was reused may have to be computed anew, and derived steps are looked through: those keep their arguments.
    if (state !== CACHED && !isDerived) this.graph.dropArgs(node);
    nodes.release(node, (dependent) => this.#arm(dependent));
    this.#wake(node);
    this.#pumpSoon();
  }

  #tell(node: number, state: number, kept: Kept | undefined): void {
    const origin = this.#results.origin(node);
    const asked = this.#asked.get(node);
    if (asked === undefined && origin === undefined && !this.#parts.observer.listens) return;
    const isReusable = asked === undefined || state !== SUCCESS || this.#argumentsStand(node, asked);
    this.#parts.observer.settled(node, {
      state: TASK_STATES[state] as TaskState,
      startedAt: this.#nodes.startedAt[node] || undefined,
      finishedAt: this.#now,
      label: this.#labels.get(node),
      key: isReusable ? (this.#flights.keyOf(node) ?? origin?.key) : undefined,
      reason: this.#reasons.get(node),
      error: this.failures.error(node),
      kept,
      origin,
      inputs: () => (isReusable && asked) || this.#results.inputs(node),
    });
  }

  /** A result is known by the arguments that its key was made of. The body, or the task, may have changed an object among them since. */
  #argumentsStand(node: number, asked: InputDigests): boolean {
    if (this.#results.inputsAreStill(node, asked)) return true;
    this.line(node, 1, 'warn', 'an argument was changed after the call was made: the result will not be reused');
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

  // ── derived steps: pure, without a slot, a row or an attempt ──

  #derive(node: number, definition: TaskDefinition): void {
    if (this.#waitFor(node, this.#unloadedInputs(node))) return;
    try {
      this.#results.computed(node, definition.fn(this.#derivedInputs(node)), undefined);
      this.#settle(node, SUCCESS, undefined);
    } catch (error) {
      if (!(error instanceof NoValue)) return this.#fail(node, FAILED, error);
      const from = this.#nodes.state[error.from] as number;
      this.endBecause(node, from === SKIPPED || from === CANCELLED ? from : UPSTREAM_FAILED, [error.from]);
    }
  }

  #derivedInputs(node: number): DerivedInputs {
    const args = this.graph.args[node] as readonly unknown[];
    return {
      value: (position) => this.#valueOfArgument(args[position]),
      state: (position) => {
        const ref = args[position];
        if (!isRef(ref)) return { state: 'success', value: ref };
        if (!this.#results.hasValue(ref[NODE])) this.failures.handle(this.#results.actual(ref[NODE]));
        return this.#results.finalState(ref[NODE], ref[PATH]);
      },
    };
  }

  // ── small parts ──

  #arguments(node: number): readonly unknown[] {
    const given = this.graph.args[node] as readonly unknown[];
    const args = this.#nodes.has(node, HAS_INPUTS) ? given.map(this.#valueOfArgument) : given;
    return this.#parts.strict ? args.map(deepFreeze) : args;
  }

  /** Made once: most arguments are a value or a future, and there are very many of them. */
  readonly #replaceReferences = replacingReferences((ref) => this.#results.valueNow(ref));
  readonly #valueOfArgument = (arg: unknown): unknown => {
    if (typeof arg !== 'object' || arg === null) return arg;
    return isRef(arg) ? this.#results.valueNow(arg) : replaceDeep(arg, this.#replaceReferences);
  };

  #makeAnew(node: number, lost: LostResult): { node: number; ended: Promise<void> } {
    this.line(node, 0, 'warn', `${lost.message}: '${this.idOf(node)}' is computed anew`);
    const origin = this.#results.origin(node);
    if (origin) this.#drop(node, origin, lost);
    const scope = new GraphScope(`${this.idOf(node)}~`, this.#parent(node));
    const anew = this.graph.add(this.#definition(node), this.graph.args[node] as readonly unknown[], scope, this.graph.knowledge[node]);
    const upstream = this.graph.inputs(node).map(({ from }) => this.#results.actual(from));
    this.registered(anew, upstream.length === 0 ? undefined : upstream);
    this.#nodes.mark(anew, REDONE);
    this.#reasons.set(anew, { kind: lost.code === 'RESULT_MISSING' ? 'missing' : 'corrupted' });
    return { node: anew, ended: this.ended(anew) };
  }

  /** Bytes that are whole but cannot be read here stay: others may be able to. */
  #drop(node: number, origin: CacheEntryRow, { code }: LostResult): void {
    const { reuse } = this.#parts;
    if (code !== 'RESULT_MISSING' && code !== 'RESULT_CORRUPTED') return reuse.forget(origin);
    reuse.discard(origin).catch((error) => this.line(node, 0, 'warn', `its entry cannot be removed from the record: ${asError(error).message}`));
  }

  /** What a forced task feeds is forced too, whether by data, by order or by what the body did (S28). */
  #inheritForce(node: number, definition: TaskDefinition): void {
    const inherits = this.graph.inputs(node).some(({ from }) => this.#nodes.has(from, FORCED)) || this.#sawForced(this.graph.knowledge[node]);
    if (!inherits && !this.#parts.force.downstream.has(definition.name)) return;
    // What a sub-flow gives depends on its children: what it feeds is downstream of them.
    for (let forced: number | undefined = node; forced !== undefined; forced = this.#parent(forced)) this.#nodes.mark(forced, FORCED);
  }

  /** Whether a forced result had reached the body. What it had seen was settled, so the answer stands. */
  #sawForced(known: Knowledge | undefined): boolean {
    const asked: Knowledge[] = [];
    let saw = false;
    for (let at = known; at !== undefined && !saw; at = at.before) {
      const answer = this.#forcedKnowledge.get(at);
      if (answer !== undefined) {
        saw = answer;
        break;
      }
      asked.push(at);
      saw = at.seen.some((node) => this.#nodes.has(node, FORCED));
    }
    for (const at of asked) this.#forcedKnowledge.set(at, saw);
    return saw;
  }

  #definition(node: number): TaskDefinition {
    return this.graph.definitions[node] as TaskDefinition;
  }

  #parent(node: number): number | undefined {
    return (this.graph.scopes[node] as GraphScope).parent;
  }

  #move(node: number, state: number): void {
    this.#nodes.move(node, state);
    this.#parts.observer.moved(node, TASK_STATES[state] as TaskState);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: functions of every signature
function call(fn: (...args: any[]) => unknown, args: readonly unknown[]): unknown {
  return fn(...args);
}

/** A naming function that throws must not harm the task it names. */
function labelText(label: NonNullable<TaskDefinition['label']>, args: readonly unknown[]): string {
  try {
    return String(label(...args));
  } catch {
    return '';
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
