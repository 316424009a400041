import type { Clock } from '../base/clock.js';
import { asError } from '../base/error.js';
import { isThenable } from '../base/thenable.js';
import { scopes } from '../flow/scope.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { CheckResult } from '../model/check.js';
import type { ReadSink } from '../model/file-read.js';
import { TASK_STATE_CODE } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { TimedOutError } from '../model/task-error.js';
import type { Kept } from '../results/result-keeper.js';
import type { OwnedRun } from '../runs/run-record.js';
import { Attempt, type AttemptHost } from './attempt.js';
import { Dispatch } from './dispatch.js';
import { runTaskHook } from './hooks.js';
import type { LimitRegistry } from './limit-registry.js';
import { HAS_SLOT, type NodeTable } from './node-table.js';
import type { Observer } from './observer.js';
import { nextDelay } from './retry.js';
import { refusal, runChecks } from './run-checks.js';

const { queued: QUEUED, running: RUNNING, retrying: RETRYING, failed: FAILED, skipped: SKIPPED, cancelled: CANCELLED } = TASK_STATE_CODE;
const TIMED_OUT = TASK_STATE_CODE['timed-out'];

/** What attempts need of the run they are made in. */
export interface AttemptsHost extends AttemptHost {
  readonly graph: TaskGraph;
  readonly nodes: NodeTable;
  readonly clock: Clock;
  /** The loop's time, which is cheaper to read than the clock; `tick` brings it up to date. */
  readonly now: number;
  tick(): void;
  readonly observer: Observer;
  random(): number;
  pumpSoon(): void;
  /** The arguments with values in place of references. */
  argumentsOf(node: number): readonly unknown[];
  expand(node: number, definition: TaskDefinition, args: readonly unknown[], reads: ReadSink | undefined): Promise<unknown>;
  /** What others make is waited for, never computed. */
  waitForOthers(attempt: Attempt): Promise<unknown>;
  /** As is the condition of a sensor. */
  waitForCondition(attempt: Attempt, args: readonly unknown[]): Promise<unknown>;
  /** What is to take down the files that the next attempt reads; undefined where nobody needs to know. */
  observe(node: number): ReadSink | undefined;
  move(node: number, state: number): void;
  /** An attempt was made in vain, and another will be. */
  retrying(attempt: Attempt, thrown: unknown, delayMs: number): void;
  checked(attempt: Attempt, results: readonly CheckResult[]): void;
  /** What the attempt printed without a line end is a line now. */
  attemptEnded(attempt: Attempt): void;
  /** Stores a result; undefined where it is not to be kept. */
  keep(node: number, value: unknown): Kept | Promise<Kept> | undefined;
  succeed(node: number, value: unknown, kept: Kept | undefined): void;
  fail(node: number, state: number, thrown: unknown): void;
}

/**
 * Executes nodes: hands them to free slots, calls their functions, tries again what failed, ends what takes too long, and sees results
 * through their checks into the store. What becomes of a node is the host's to say.
 */
export class Attempts {
  readonly #host: AttemptsHost;
  readonly #dispatch: Dispatch;
  /** Attempts that have not ended when their function returned. */
  readonly #running = new Map<number, Attempt>();
  /** The attempt whose function is on the stack: it is not among the running before it has returned a promise. */
  #calling: Attempt | undefined;
  /** Attempts made, by nodes that are tried again. */
  readonly #made = new Map<number, number>();
  /** Time-outs and delays. */
  readonly #timers = new Map<number, () => void>();
  /** Nodes that run and wait for their slot again, with what lets them go on. */
  readonly #turns = new Map<number, () => void>();
  #stopped = false;

  /** @param limits where named limits are counted, and for whom */
  constructor(host: AttemptsHost, slots: number, limits: { readonly registry: LimitRegistry; readonly owner: OwnedRun | undefined }) {
    this.#host = host;
    this.#dispatch = new Dispatch({
      slots,
      clock: host.clock,
      wake: () => host.pumpSoon(),
      limits: limits.registry,
      owner: limits.owner,
      nameOf: (node) => host.idOf(node),
      warn: (text) => host.line(undefined, 0, 'warn', text),
    });
  }

  /** Attempts made of a node, the one in flight included. */
  made(node: number): number {
    return this.#made.get(node) ?? (this.#host.nodes.startedAt[node] ? 1 : 0);
  }

  queue(node: number): void {
    const { slotless, priority, limits } = this.#definition(node);
    if (slotless) return this.#start(node);
    try {
      this.#dispatch.add(node, priority, limits);
    } catch (error) {
      // Its limits contradict those of another task.
      return this.#host.fail(node, FAILED, error);
    }
    this.#host.move(node, QUEUED);
    this.#host.pumpSoon();
  }

  /** Starts the next node that may. False: there is none. */
  startNext(): boolean {
    const node = this.#dispatch.next();
    if (node === undefined) return false;
    const turn = this.#turns.get(node);
    // It may have been ended while it waited.
    if (turn === undefined && this.#host.nodes.state[node] !== QUEUED) this.#dispatch.release(node);
    else if (turn !== undefined) {
      this.#turns.delete(node);
      this.#host.nodes.mark(node, HAS_SLOT);
      turn();
    } else {
      this.#host.nodes.mark(node, HAS_SLOT);
      this.#start(node);
    }
    return true;
  }

  /** The node has ended, or gives its slot back until it is tried again. */
  release(node: number): void {
    if (this.#running.size > 0) this.#running.delete(node);
    if (this.#timers.size > 0) {
      this.#timers.get(node)?.();
      this.#timers.delete(node);
    }
    if (this.#turns.size > 0) this.#turns.delete(node);
    this.#giveBack(node);
  }

  #giveBack(node: number): void {
    if (this.#host.nodes.unmark(node, HAS_SLOT)) this.#dispatch.release(node);
  }

  /** It waits, and others may have its slot and its limits meanwhile. */
  lend(node: number): void {
    this.#giveBack(node);
    this.#host.pumpSoon();
  }

  /** Resolves when it has them again; at once, where it takes none or has not lent them. */
  regain(node: number): Promise<void> {
    const { slotless, priority, limits } = this.#definition(node);
    if (slotless || this.#host.nodes.has(node, HAS_SLOT)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#dispatch.add(node, priority, limits);
      this.#turns.set(node, resolve);
      this.#host.pumpSoon();
    });
  }

  forget(node: number): void {
    if (this.#made.size > 0) this.#made.delete(node);
  }

  /** Aborts what runs and starts nothing new. */
  stop(reason: Error): void {
    this.#stopped = true;
    this.#dispatch.close();
    for (const attempt of [...this.running()]) if (this.#definition(attempt.node).resource?.role !== 'teardown') attempt.abort(reason);
  }

  /** Attempts in flight. */
  *running(): Generator<Attempt> {
    yield* this.#running.values();
    if (this.#calling) yield this.#calling;
  }

  #start(node: number): void {
    const host = this.#host;
    const definition = this.#definition(node);
    const made = definition.retries === undefined ? 1 : this.made(node) + 1;
    if (definition.retries !== undefined) this.#made.set(node, made);
    // The loop's time is that of its turn: what ran before in the same turn is no part of this attempt.
    if (host.observer.listens) host.tick();
    host.nodes.startedAt[node] = host.now;
    host.move(node, RUNNING);
    const attempt = new Attempt(host, node, made, host.observe(node));
    if (definition.hooks?.onStart) runTaskHook(attempt, 'onStart', () => definition.hooks?.onStart?.(attempt));
    let returned: unknown;
    let isLater: boolean;
    try {
      const args = host.argumentsOf(node);
      this.#calling = attempt;
      if (definition.external !== undefined) returned = host.waitForOthers(attempt);
      else if (definition.sensor !== undefined) returned = host.waitForCondition(attempt, args);
      else if (definition.kind === 'subflow') returned = host.expand(node, definition, args, attempt.reads);
      else returned = scopes.run(attempt, definition.fn, ...args);
      isLater = isThenable(returned);
    } catch (error) {
      return this.#threw(attempt, error);
    } finally {
      this.#calling = undefined;
    }
    if (!isLater) return this.#returned(attempt, returned);
    host.tick();
    this.#running.set(node, attempt);
    if (definition.timeoutMs !== undefined) this.#limitTime(attempt, definition.timeoutMs);
    // A promise stays what it is; any other thenable is kept from throwing, or settling twice.
    Promise.resolve(returned).then(
      (value) => this.#ended(attempt, () => this.#returned(attempt, value)),
      (error) => this.#ended(attempt, () => this.#threw(attempt, error)),
    );
  }

  /** An attempt that was given up may still end; by then it is nobody's business. */
  #ended(attempt: Attempt, go: () => void): void {
    if (this.#running.get(attempt.node) === attempt) return go();
    attempt.dropArtifacts();
    this.#host.attemptEnded(attempt);
  }

  #limitTime(attempt: Attempt, ms: number): void {
    if (ms === Number.POSITIVE_INFINITY) return;
    const give = (): void => {
      const error = new TimedOutError(attempt.taskRunId, ms);
      attempt.abort(error);
      if (this.#running.get(attempt.node) === attempt) this.#threw(attempt, error);
    };
    this.#timers.set(attempt.node, this.#host.clock.schedule(ms, give));
  }

  /** What the task gave beside its result is stored before the result is. */
  #returned(attempt: Attempt, value: unknown): void {
    const { pendingArtifacts } = attempt;
    if (pendingArtifacts === undefined) return this.#finished(attempt, value);
    this.#running.set(attempt.node, attempt);
    pendingArtifacts.then(() => this.#ended(attempt, () => this.#finished(attempt, value)));
  }

  #finished(attempt: Attempt, value: unknown): void {
    this.#host.attemptEnded(attempt);
    this.#host.tick();
    const { checks } = this.#definition(attempt.node);
    if (checks === undefined) return this.#keep(attempt, value);
    const results = attempt.beside(() => runChecks(checks, value));
    if (!(results instanceof Promise)) return this.#checked(attempt, value, results);
    this.#running.set(attempt.node, attempt);
    results.then((late) => this.#ended(attempt, () => this.#checked(attempt, value, late)));
  }

  #checked(attempt: Attempt, value: unknown, results: readonly CheckResult[]): void {
    this.#host.checked(attempt, results);
    const refused = refusal(results);
    if (refused) this.#threw(attempt, refused);
    else this.#keep(attempt, value);
  }

  #keep(attempt: Attempt, value: unknown): void {
    const { node } = attempt;
    let kept: Kept | Promise<Kept> | undefined;
    try {
      kept = this.#host.keep(node, value);
    } catch (error) {
      return this.#host.fail(node, FAILED, error);
    }
    if (!(kept instanceof Promise)) return this.#host.succeed(node, kept === undefined ? value : kept.value, kept);
    this.#running.set(node, attempt);
    kept.then(
      (stored) => this.#ended(attempt, () => this.#host.succeed(node, stored.value, stored)),
      (error) => this.#ended(attempt, () => this.#host.fail(node, FAILED, error)),
    );
  }

  #threw(attempt: Attempt, thrown: unknown): void {
    const { node } = attempt;
    attempt.dropArtifacts();
    this.#host.attemptEnded(attempt);
    this.#host.tick();
    // What cleans up was never told to stop.
    if (this.#stopped && this.#definition(node).resource?.role !== 'teardown') return this.#host.fail(node, CANCELLED, thrown);
    if (asError(thrown).name === 'Skip') return this.#host.fail(node, SKIPPED, thrown);
    const { retries, sensor } = this.#definition(node);
    // The time of a sensor is that of all its attempts.
    const isOver = sensor !== undefined && asError(thrown) instanceof TimedOutError;
    const delayMs =
      !isOver &&
      retries &&
      nextDelay(
        retries,
        attempt.attempt,
        thrown,
        () => this.#host.random(),
        (problem) => attempt.line('warn', problem.message),
      );
    if (typeof delayMs === 'number') return this.#retry(attempt, thrown, delayMs);
    this.#host.fail(node, asError(thrown) instanceof TimedOutError ? TIMED_OUT : FAILED, thrown);
  }

  /** The wait holds no slot. */
  #retry(attempt: Attempt, thrown: unknown, delayMs: number): void {
    const { node } = attempt;
    const { hooks, notify } = this.#definition(node);
    this.#host.retrying(attempt, thrown, delayMs);
    notify?.onRetry?.(attempt, thrown);
    if (hooks?.onRetry) runTaskHook(attempt, 'onRetry', () => hooks.onRetry?.(attempt, thrown));
    this.release(node);
    // What becomes of it while it waits is no part of the attempt that is over.
    this.#host.nodes.startedAt[node] = 0;
    this.#host.move(node, RETRYING);
    const again = (): void => {
      this.#timers.delete(node);
      this.#host.tick();
      if (this.#host.nodes.state[node] === RETRYING) this.queue(node);
    };
    this.#timers.set(node, this.#host.clock.schedule(delayMs, again));
    this.#host.pumpSoon();
  }

  #definition(node: number): TaskDefinition {
    return this.#host.graph.definitions[node] as TaskDefinition;
  }
}
