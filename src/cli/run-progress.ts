import type { ErrorInfo, ProgressData, RunEvent, RunStateData, TaskStateData } from '../model/event.js';
import type { Reason } from '../model/reason.js';
import { isFinalTaskState, type RunState, type TaskState } from '../model/states.js';
import { MapProgress, mapPlace } from './map-progress.js';
import type { TaskTally, WorkLeft } from './time-left.js';

export interface RunningTask {
  readonly node: string;
  readonly task: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly attempt: number;
  /** Told by its map, not by a line of its own. */
  readonly inMap: boolean;
  /** It does not work: it waits for this. */
  readonly waitsFor?: string;
  /** How far it last said it was. */
  readonly told?: ProgressData;
}

/** A task between two attempts. */
export interface RetryingTask {
  readonly node: string;
  readonly task: string;
  /** The attempt that failed. */
  readonly attempt: number;
  /** How many attempts there are at most. */
  readonly most: number | undefined;
  readonly inMap: boolean;
  /** When the next one may start, in milliseconds since the epoch. */
  readonly at: number;
}

export interface SettledTask {
  readonly node: string;
  readonly ms: number;
}

/** Tasks that ran for one kind of reason. */
export interface RanBecause {
  readonly count: number;
  /** Of the first of them. */
  readonly reason: Reason;
}

export interface FailedTask {
  readonly node: string;
  readonly state: TaskState;
  readonly attempts: number;
  readonly error: ErrorInfo | undefined;
}

const SLOWEST_KEPT = 5;
const WAITING: ReadonlySet<TaskState> = new Set<TaskState>(['pending', 'queued', 'paused']);
const FAILED: ReadonlySet<TaskState> = new Set<TaskState>(['failed', 'timed-out', 'crashed']);

/** What is known of a run from its events so far. The order of a task's own events is all it relies on. */
export class RunProgress {
  readonly #states = new Map<string, TaskState>();
  readonly #counts = new Map<TaskState, number>();
  readonly #running = new Map<string, RunningTask>();
  readonly #retrying = new Map<string, RetryingTask>();
  readonly #maps = new Map<string, MapProgress>();
  readonly #tallies = new Map<string, TaskTally>();
  /** Sub-flows: what runs in them is told apart. */
  readonly #around = new Set<string>();
  readonly #failed: FailedTask[] = [];
  readonly #ranBecause = new Map<Reason['kind'], RanBecause>();
  readonly #takenOver = new Map<string, number>();
  #slowest: readonly SettledTask[] = [];
  #settled = 0;
  #state: RunState = 'pending';
  #startedAt: number | undefined;
  #finishedAt: number | undefined;
  #error: ErrorInfo | undefined;

  /** The run is tried again: nothing is known of that yet. */
  restart(): void {
    for (const known of [this.#states, this.#counts, this.#running, this.#retrying, this.#maps, this.#tallies, this.#around]) known.clear();
    for (const known of [this.#ranBecause, this.#takenOver]) known.clear();
    this.#failed.length = 0;
    this.#slowest = [];
    this.#settled = 0;
    this.#state = 'pending';
    this.#finishedAt = undefined;
    this.#error = undefined;
  }

  apply(event: RunEvent): void {
    if (event.type === 'run-state') this.#applyRun(event.data as RunStateData, event.at.getTime());
    else if (event.type === 'task-state' && event.node !== undefined) this.#applyTask(event.node, event.data as TaskStateData, event.at.getTime());
    else if (event.type === 'progress' && event.node !== undefined) this.#tell(event.node, event.data as ProgressData);
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

  /** In the order of their failing. */
  get retrying(): Iterable<RetryingTask> {
    return this.#retrying.values();
  }

  /** In the order of their first children. */
  get maps(): ReadonlyMap<string, MapProgress> {
    return this.#maps;
  }

  get workLeft(): WorkLeft {
    const running = [...this.#running.values()].filter(({ node }) => !this.#around.has(node));
    return { tasks: this.#tallies, running, retrying: this.#retrying.values() };
  }

  /** Longest first. */
  get slowest(): readonly SettledTask[] {
    return this.#slowest;
  }

  /** In order of their failing. */
  get failed(): readonly FailedTask[] {
    return this.#failed;
  }

  /** Why tasks ran that might have been reused. That there was no result yet needs no words. */
  get ranBecause(): Iterable<RanBecause> {
    return this.#ranBecause.values();
  }

  /** How many results were taken over, by the run that had computed them (S30). */
  get takenOver(): ReadonlyMap<string, number> {
    return this.#takenOver;
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
    // What waits for the world outside counts as waiting, to people.
    const counted = this.#running.get(node)?.waitsFor === undefined ? before : 'pending';
    const counts = data.waitsFor === undefined ? data.state : 'pending';
    if (counted !== undefined) this.#counts.set(counted, (this.#counts.get(counted) ?? 1) - 1);
    this.#counts.set(counts, (this.#counts.get(counts) ?? 0) + 1);
    this.#tally(node, before, data);
    const inMap = this.#tellMap(node, before, data.state);
    if (data.state === 'running') this.#running.set(node, runningTask(node, data, at, inMap));
    else this.#running.delete(node);
    if (data.state === 'retrying') this.#retrying.set(node, retryingTask(node, data, at, inMap));
    else this.#retrying.delete(node);
    if (!isFinalTaskState(data.state)) return;
    if (before === undefined || !isFinalTaskState(before)) this.#settled++;
    this.#tellReason(data);
    if (data.takenOver !== undefined) this.#takenOver.set(data.takenOver, (this.#takenOver.get(data.takenOver) ?? 0) + 1);
    if (FAILED.has(data.state)) this.#failed.push({ node, state: data.state, attempts: data.attempt, error: data.error });
    if (data.ms !== undefined && data.state !== 'cached') this.#rank({ node, ms: data.ms });
  }

  #tell(node: string, told: ProgressData): void {
    const task = this.#running.get(node);
    if (task?.attempt === told.attempt) this.#running.set(node, { ...task, told });
  }

  #tellReason({ state, reason }: TaskStateData): void {
    if (reason === undefined || state === 'cached' || reason.kind === 'no-result' || reason.kind === 'not-cached') return;
    const before = this.#ranBecause.get(reason.kind);
    this.#ranBecause.set(reason.kind, before === undefined ? { count: 1, reason } : { count: before.count + 1, reason: before.reason });
  }

  #tally(node: string, before: TaskState | undefined, { task, state, ms }: TaskStateData): void {
    if (before === undefined) this.#findAround(node);
    const tally = this.#tallies.get(task) ?? { waiting: 0, done: 0, doneMs: 0 };
    this.#tallies.set(task, tally);
    tally.waiting += Number(WAITING.has(state)) - Number(before !== undefined && WAITING.has(before));
    if (state !== 'success' || ms === undefined || this.#around.has(node)) return;
    tally.done++;
    tally.doneMs += ms;
  }

  /** Of `report#0.write#0`, the sub-flow `report#0` (S9). Names may have dots of their own. */
  #findAround(node: string): void {
    for (let dot = node.lastIndexOf('.'); dot > 0; dot = node.lastIndexOf('.', dot - 1)) {
      const around = node.slice(0, dot);
      if (this.#states.has(around)) return void this.#around.add(around);
    }
  }

  /** @returns whether it is a child of a map, or lies in one */
  #tellMap(node: string, before: TaskState | undefined, state: TaskState): boolean {
    const place = mapPlace(node);
    if (place === undefined) return false;
    const map = this.#maps.get(place.map) ?? new MapProgress(place.map);
    this.#maps.set(place.map, map);
    if (place.isChild) map.moved(place.child, before, state);
    return true;
  }

  #rank(task: SettledTask): void {
    const last = this.#slowest.at(-1);
    if (this.#slowest.length === SLOWEST_KEPT && last !== undefined && task.ms <= last.ms) return;
    this.#slowest = [...this.#slowest, task].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST_KEPT);
  }
}

function runningTask(node: string, { task, attempt, waitsFor }: TaskStateData, since: number, inMap: boolean): RunningTask {
  return { node, task, since, attempt, inMap, ...(waitsFor === undefined ? {} : { waitsFor }) };
}

function retryingTask(node: string, { task, attempt, retry }: TaskStateData, now: number, inMap: boolean): RetryingTask {
  return { node, task, attempt, most: retry?.most, at: now + (retry?.delayMs ?? 0), inMap };
}
