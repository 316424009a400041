import type { CacheEntryRow } from '../model/records.js';
import { TASK_STATE_CODE, TASK_STATES, type TaskState } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { TaskError } from '../model/task-error.js';
import type { ObservedReads } from '../reads/read-log.js';
import type { Kept } from '../results/result-keeper.js';
import { Attempt, type AttemptHost } from './attempt.js';
import { derivedError, taskError } from './failures.js';
import { runTaskHook } from './hooks.js';
import type { InputDigests } from './inputs.js';
import type { Machinery } from './machinery.js';
import { endWithout } from './triggering.js';

const { success: SUCCESS, cached: CACHED, failed: FAILED } = TASK_STATE_CODE;
const UPSTREAM_FAILED = TASK_STATE_CODE['upstream-failed'];
const TIMED_OUT = TASK_STATE_CODE['timed-out'];

/** What is to happen when a node ends. */
export interface EndingsHost extends AttemptHost {
  /** The loop's time; `tick` brings it up to date. */
  readonly now: number;
  tick(): void;
  state(node: number): TaskState;
  /** The node is to be looked at. */
  readonly arm: (node: number) => void;
  pumpSoon(): void;
  stop(reason: Error): void;
  /** Who waits for the node may go on. */
  wake(node: number): void;
}

/** How nodes end: in which state, because of what, who is told, and what may go on then. A node ends once (S10). */
export class Endings {
  readonly #run: Machinery;
  readonly #host: EndingsHost;

  constructor(run: Machinery, host: EndingsHost) {
    this.#run = run;
    this.#host = host;
  }

  succeed(node: number, value: unknown, kept: Kept | undefined): void {
    if (this.#run.nodes.isFinal(node)) return;
    this.#run.results.computed(node, value, kept);
    this.settle(node, SUCCESS, kept);
  }

  /** Without a value, by itself. */
  fail(node: number, state: number, thrown: unknown): void {
    const { attempts, failFast, failures, graph, nodes, parts } = this.#run;
    if (nodes.isFinal(node)) return;
    parts.maskError(thrown);
    const isDerived = this.#definition(node).kind === 'derived';
    const error = (isDerived ? derivedError : taskError)(graph.called(node), TASK_STATES[state] as TaskState, attempts.made(node), thrown);
    const isFailure = state === FAILED || state === TIMED_OUT;
    if (isFailure) failures.failed(node, error);
    else failures.because(node, [], error);
    const stopsRest = isFailure && failFast?.isHandled(node) === false;
    this.settle(node, state, undefined);
    if (stopsRest) this.#host.stop(error);
  }

  /** Because of others, which failed first; `otherwise` where none of them says why. */
  because(node: number, state: number, causes: readonly number[], otherwise?: Error): void {
    const { attempts, failures, graph, nodes } = this.#run;
    if (nodes.isFinal(node)) return;
    this.#host.tick();
    const cause = failures.rootOf(causes) ?? otherwise;
    failures.because(node, causes, taskError(graph.id(node), TASK_STATES[state] as TaskState, attempts.made(node), cause));
    this.settle(node, state, undefined);
  }

  /** For want of inputs that have no value (S11). */
  without(node: number, lost: readonly number[]): void {
    this.because(node, this.#stateWithout(lost), lost);
  }

  /** A map for want of elements: it has failed at making its list. */
  mapWithout(map: number, lost: readonly number[]): void {
    const state = this.#stateWithout(lost);
    this.because(map, state === UPSTREAM_FAILED ? FAILED : state, lost);
  }

  /** A derived step that has no value because others have none: to whoever asks, what became of it is what became of the weightiest of them, the first. */
  as(node: number, lost: readonly number[], standsForIt = false): void {
    const { failures, nodes } = this.#run;
    const [first] = lost as readonly [number];
    const state = this.#stateWithout(lost);
    this.#host.tick();
    failures.because(node, lost, failures.error(first) as TaskError);
    // One child of a map fails as that call did.
    const isItsOwn = standsForIt && state === UPSTREAM_FAILED && nodes.state[first] !== UPSTREAM_FAILED;
    this.settle(node, isItsOwn ? FAILED : state, undefined);
  }

  #stateWithout(lost: readonly number[]): number {
    return TASK_STATE_CODE[endWithout(lost.map((from) => this.#host.state(from)))];
  }

  /** An earlier result stands for it. In a run that is repeated most nodes end so: what was never begun has nothing to undo. */
  reuse(node: number, origin: CacheEntryRow, asked: InputDigests | undefined): void {
    const { claims, flights, inputs, parts, reads, results } = this.#run;
    results.reused(node, origin);
    reads.reused(node, origin);
    const led = flights.keyOf(node);
    parts.observer.reused(node, {
      origin,
      key: led ?? (origin.key || undefined),
      claimed: led !== undefined && claims.release(led) ? led : undefined,
      finishedAt: this.#host.now,
      inputs: asked ?? inputs.given(node, this.#definition(node)),
    });
    this.#moveOn(node, CACHED);
  }

  settle(node: number, state: number, kept: Kept | undefined): void {
    const { attempts } = this.#run;
    attempts.release(node);
    const definition = this.#definition(node);
    if (definition.kind !== 'derived') this.#tell(node, definition, state, kept);
    attempts.forget(node);
    this.#moveOn(node, state);
  }

  /** What there is to tell of the node has been told: who waited for it may go on. */
  #moveOn(node: number, state: number): void {
    const { flights, graph, maps, nodes, notes } = this.#run;
    const host = this.#host;
    const { kind, resource } = this.#definition(node);
    const isDerived = kind === 'derived';
    nodes.move(node, state);
    // A map counts by its children; one that could not be split, or was not come to, has nobody else to count it.
    const isMap = kind === 'map';
    if (!isDerived && !(isMap && maps.children.has(node))) nodes.count(state);
    if (isMap) maps.tellWaiting(node);
    notes.drop(node);
    const followers = flights.leave(node);
    if (followers !== undefined) for (const follower of followers) host.arm(follower);
    // What was reused may have to be computed anew, derived steps are looked through, resources are known by them: those keep their arguments.
    if (state !== CACHED && !isDerived && resource === undefined) graph.dropArgs(node);
    nodes.release(node, host.arm);
    host.wake(node);
    host.pumpSoon();
  }

  #tell(node: number, definition: TaskDefinition, state: number, kept: Kept | undefined): void {
    const { notes, parts, reads } = this.#run;
    const note = notes.find(node);
    const { asked } = note;
    const read = reads.take(node);
    if (asked === undefined && !parts.observer.listens && definition.hooks === undefined && definition.notify === undefined) return;
    const { attempts, claims, failures, flights, inputs, maps, nodes } = this.#run;
    const key = flights.keyOf(node);
    const isReusable = asked === undefined || state !== SUCCESS || this.#argumentsStand(node, asked);
    if (asked !== undefined && state === SUCCESS && isReusable) this.#warnOfReads(node, read);
    parts.observer.settled(node, {
      state: TASK_STATES[state] as TaskState,
      isSplit: maps.children.has(node),
      startedAt: nodes.startedAt[node] || undefined,
      finishedAt: this.#host.now,
      attempts: attempts.made(node),
      afterwards: (definition.hooks ?? definition.notify) && this.#hooksAfter(node, state),
      firstStartedAt: note.firstStart,
      checks: note.checks,
      label: note.label,
      key: isReusable ? (key ?? note.key) : undefined,
      // Looked up again because an earlier result was lost, it may have been answered by another: then there is nothing to explain.
      claimed: key !== undefined && claims.release(key) ? key : undefined,
      reason: state === CACHED ? undefined : note.reason,
      error: failures.error(node),
      kept,
      reads: read?.reads,
      inputs: () => (isReusable && asked) || inputs.given(node, definition),
    });
  }

  /** A cached result is no success of this run: its hooks were called when it was made. */
  #hooksAfter(node: number, state: number): (() => void) | undefined {
    const { attempts, failures, results } = this.#run;
    const { hooks, notify } = this.#definition(node);
    const attempt = new Attempt(this.#host, node, attempts.made(node));
    const error = failures.error(node);
    if (state === SUCCESS && (hooks?.onSuccess ?? notify)) {
      const value = results.value(node);
      return () => {
        notify?.onSuccess?.(attempt, value);
        if (hooks?.onSuccess) runTaskHook(attempt, 'onSuccess', () => hooks.onSuccess?.(attempt, value));
      };
    }
    const isFailure = state === FAILED || state === TIMED_OUT;
    if (!isFailure || !error || (hooks?.onFailure ?? notify) === undefined) return undefined;
    return () => {
      notify?.onFailure?.(attempt, error);
      if (hooks?.onFailure) runTaskHook(attempt, 'onFailure', () => hooks.onFailure?.(attempt, error));
    };
  }

  /** A result is known by the arguments that its key was made of. The body, or the task, may have changed an object among them since. */
  #argumentsStand(node: number, asked: InputDigests): boolean {
    if (this.#run.inputs.areStill(node, asked)) return true;
    this.#host.line(node, 1, 'warn', 'an argument was changed after the call was made: the result will not be reused');
    return false;
  }

  /** Kept all the same, as an answer that nobody will ever be given: it says why it is not. */
  #warnOfReads(node: number, read: ObservedReads | undefined): void {
    if (read?.restless !== undefined) this.#host.line(node, 1, 'warn', `'${read.restless}' changed while it was read: the result will not be reused`);
  }

  #definition(node: number): TaskDefinition {
    return this.#run.graph.definitions[node] as TaskDefinition;
  }
}
