import type { ErrorInfo, RunEvent, RunStateData, TaskStateData } from '../model/event.js';
import { isFinalTaskState, type RunState, type TaskState } from '../model/states.js';

export interface RunningTask {
  readonly node: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface SettledTask {
  readonly node: string;
  readonly ms: number;
}

export interface FailedTask {
  readonly node: string;
  readonly state: TaskState;
  readonly attempts: number;
  readonly error: ErrorInfo | undefined;
}

const SLOWEST_KEPT = 5;
const FAILED: ReadonlySet<TaskState> = new Set<TaskState>(['failed', 'timed-out', 'crashed']);

/** What is known of a run from its events so far. The order of a task's own events is all it relies on. */
export class RunProgress {
  readonly #states = new Map<string, TaskState>();
  readonly #counts = new Map<TaskState, number>();
  readonly #running = new Map<string, RunningTask>();
  readonly #failed: FailedTask[] = [];
  #slowest: readonly SettledTask[] = [];
  #settled = 0;
  #state: RunState = 'pending';
  #startedAt: number | undefined;
  #finishedAt: number | undefined;
  #error: ErrorInfo | undefined;

  apply(event: RunEvent): void {
    if (event.type === 'run-state') this.#applyRun(event.data as RunStateData, event.at.getTime());
    else if (event.type === 'task-state' && event.node !== undefined) this.#applyTask(event.node, event.data as TaskStateData, event.at.getTime());
  }

  get state(): RunState {
    return this.#state;
  }

  get error(): ErrorInfo | undefined {
    return this.#error;
  }

  /** Tasks known so far: the graph may still grow. */
  get total(): number {
    return this.#states.size;
  }

  get settled(): number {
    return this.#settled;
  }

  /** In order of their start. */
  get running(): Iterable<RunningTask> {
    return this.#running.values();
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Longest first. */
  get slowest(): readonly SettledTask[] {
    return this.#slowest;
  }

  /** In order of their failing. */
  get failed(): readonly FailedTask[] {
    return this.#failed;
  }

  get counts(): ReadonlyMap<TaskState, number> {
    return this.#counts;
  }

  count(...states: readonly TaskState[]): number {
    return states.reduce((sum, state) => sum + (this.#counts.get(state) ?? 0), 0);
  }

  /** Milliseconds from the run's start to its end, or to `now` while it runs. */
  elapsed(now: number): number {
    return this.#startedAt === undefined ? 0 : Math.max(0, (this.#finishedAt ?? now) - this.#startedAt);
  }

  #applyRun(data: RunStateData, at: number): void {
    this.#state = data.state;
    this.#error = data.error ?? this.#error;
    this.#startedAt ??= at;
    if (data.state !== 'pending' && data.state !== 'running' && data.state !== 'paused') this.#finishedAt = at;
  }

  #applyTask(node: string, data: TaskStateData, at: number): void {
    const before = this.#states.get(node);
    this.#startedAt ??= at;
    this.#states.set(node, data.state);
    if (before !== undefined) this.#counts.set(before, (this.#counts.get(before) ?? 1) - 1);
    this.#counts.set(data.state, (this.#counts.get(data.state) ?? 0) + 1);
    if (data.state === 'running') this.#running.set(node, { node, since: at });
    else this.#running.delete(node);
    if (!isFinalTaskState(data.state)) return;
    if (before === undefined || !isFinalTaskState(before)) this.#settled++;
    if (FAILED.has(data.state)) this.#failed.push({ node, state: data.state, attempts: data.attempt, error: data.error });
    if (data.ms !== undefined && data.state !== 'cached') this.#rank({ node, ms: data.ms });
  }

  #rank(task: SettledTask): void {
    const last = this.#slowest.at(-1);
    if (this.#slowest.length === SLOWEST_KEPT && last !== undefined && task.ms <= last.ms) return;
    this.#slowest = [...this.#slowest, task].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST_KEPT);
  }
}
