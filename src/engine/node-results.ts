import pLimit from 'p-limit';
import { MillraceError } from '../base/error.js';
import { Lineage, scopes } from '../flow/scope.js';
import { NODE, PATH, type Path, project, type Ref } from '../graph/ref.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { FinalState } from '../model/final-state.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow } from '../model/records.js';
import { TASK_STATE_CODE, TASK_STATES, type TaskState } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Kept, Loaded, LoadRequest, ResultKeeper } from '../results/result-keeper.js';
import { type Failures, NoValue } from './failures.js';
import type { NodeTable } from './node-table.js';
import type { Resources } from './resources.js';
import { onlyArtifact, type Stored, storedAs } from './stored.js';

const { success: SUCCESS, cached: CACHED } = TASK_STATE_CODE;

/** Results read back from a store at the same time. */
const LOADS = 16;
/** Stands where a result is only an address yet. */
const UNLOADED = Symbol('unloaded');
const NONE: readonly number[] = Object.freeze([]);

/** A stored result that is gone, damaged, or in a format that cannot be read here: a miss, whatever the record says (S25). */
export type LostResult = MillraceError;

const LOST: readonly string[] = ['RESULT_MISSING', 'RESULT_CORRUPTED', 'STORE_UNKNOWN', 'FORMAT_UNKNOWN', 'RESULT_UNREADABLE'];

export function isLost(error: unknown): error is LostResult {
  return error instanceof MillraceError && LOST.includes(error.code);
}

/** Why what stood in its place is computed anew. */
export function reasonOfLoss({ code, message }: LostResult): Reason {
  return { kind: code === 'RESULT_MISSING' || code === 'STORE_UNKNOWN' ? 'missing' : 'corrupted', detail: message };
}

/** Makes a node that computes anew what could not be read, and resolves when that has settled. */
export type MakeAnew = (node: number, lost: LostResult) => { readonly node: number; readonly ended: Promise<void> };

/**
 * What the nodes of a run gave. A reused result is only an address until somebody needs the value; then it is read and verified, once,
 * however many ask. One that proves missing or broken is computed anew by another node, which from then on stands for it: a final state
 * never changes (S10, S25).
 */
export class NodeResults {
  readonly #run: string;
  readonly #graph: TaskGraph;
  readonly #nodes: NodeTable;
  readonly #failures: Failures;
  readonly #keeper: ResultKeeper;
  readonly #makeAnew: MakeAnew;
  readonly #values: unknown[] = [];
  /** How many of them are only addresses. */
  #unread = 0;
  readonly #stored: (Stored | undefined)[] = [];
  /** Of reused results, where they come from. */
  readonly #origins: (CacheEntryRow | undefined)[] = [];
  readonly #children: ReadonlyMap<number, readonly number[]>;
  readonly #loading = new Map<number, Promise<void>>();
  readonly #madeAnew = new Map<number, number>();
  readonly #resources: Pick<Resources, 'any' | 'isComing' | 'come'>;
  readonly #limit = pLimit(LOADS);
  /** Nodes whose small results are read together, when the code that now runs has asked for all it needs. */
  #gathered: number[] = [];
  #reading: Promise<void> | undefined;
  /** What is wrong with a result that is neither lost nor to be had: a class that nobody taught, say. */
  readonly #unreadable = new Map<number, unknown>();

  /** @param children of maps, as soon as they are known */
  constructor(
    run: string,
    graph: TaskGraph,
    nodes: NodeTable,
    failures: Failures,
    keeper: ResultKeeper,
    children: ReadonlyMap<number, readonly number[]>,
    resources: Pick<Resources, 'any' | 'isComing' | 'come'>,
    makeAnew: MakeAnew,
  ) {
    this.#resources = resources;
    this.#run = run;
    this.#graph = graph;
    this.#nodes = nodes;
    this.#failures = failures;
    this.#keeper = keeper;
    this.#children = children;
    this.#makeAnew = makeAnew;
  }

  /** Nodes come in order, so that the arrays stay dense whatever order they settle in. */
  add(): void {
    this.#values.push(undefined);
    this.#stored.push(undefined);
  }

  computed(node: number, value: unknown, kept: Kept | undefined): void {
    this.#put(node, value);
    if (kept) this.#stored[node] = storedAs(kept.artifacts);
  }

  reused(node: number, entry: CacheEntryRow): void {
    // What this run made itself is at hand, and perhaps not committed yet.
    this.#put(node, entry.run === this.#run ? this.#values[entry.index] : UNLOADED);
    this.#origins[node] = entry;
  }

  /**
   * A map has ended: its value is the list of what its children gave, put together when somebody asks. Where one gave nothing there is no
   * such list, but `successes()` and `states()` ask for the rest all the same.
   */
  ofChildren(node: number, children: readonly number[]): void {
    this.#put(node, UNLOADED);
    if (children.every((child) => this.isLoaded(child))) this.#putTogether(node, children);
  }

  #putTogether(node: number, children: readonly number[]): void {
    this.#put(
      node,
      children.map((child) => this.value(child)),
    );
  }

  #put(node: number, value: unknown): void {
    if (this.#values[node] === UNLOADED) this.#unread--;
    if (value === UNLOADED) this.#unread++;
    this.#values[node] = value;
  }

  /** What is known of it without its value; of a reused result nothing is looked at before somebody asks. */
  stored(node: number): Stored | undefined {
    const origin = this.#stored[node] === undefined ? this.#origins[node] : undefined;
    if (origin) this.#stored[node] = storedAs(origin.artifacts);
    return this.#stored[node];
  }

  /** Where a reused result comes from. */
  origin(node: number): CacheEntryRow | undefined {
    return this.#origins[node];
  }

  /** The node whose value counts: the node itself, or the one that computed it anew. */
  actual(node: number): number {
    let actual = node;
    for (let next = this.#madeAnew.get(actual); next !== undefined; next = this.#madeAnew.get(actual)) actual = next;
    return actual;
  }

  hasValue(node: number): boolean {
    return this.#endedWell(this.actual(node));
  }

  #endedWell(actual: number): boolean {
    const state = this.#nodes.state[actual];
    return state === SUCCESS || state === CACHED;
  }

  isLoaded(node: number): boolean {
    return this.#values[this.actual(node)] !== UNLOADED;
  }

  /** What a reference stands for. @throws NoValue when its node ended without one */
  valueNow(ref: Ref): unknown {
    if (ref instanceof Lineage) return ref.value;
    const node = this.actual(ref[NODE]);
    if (!this.#endedWell(node)) throw new NoValue([node]);
    const path = ref[PATH];
    return path === undefined ? this.#values[node] : project(this.#values[node], path);
  }

  value(node: number): unknown {
    return this.#values[this.actual(node)];
  }

  /** Some results are only addresses yet, those that are computed anew among them, or there are resources, which may not be set up. */
  get someAreToCome(): boolean {
    return this.#unread > 0 || this.#resources.any;
  }

  /** The inputs of a node that are only addresses yet, or being read, or resources that are not set up: those to `load`. */
  unloadedInputs(node: number): readonly number[] {
    if (!this.someAreToCome) return NONE;
    const unloaded = new Set<number>();
    for (const { from } of this.#graph.inputs(node)) {
      const waiting = this.#resources.isComing(from) ? from : this.#unloaded(from);
      if (waiting !== undefined) unloaded.add(waiting);
    }
    return [...unloaded];
  }

  /** Some results proved lost, and are, or were, computed anew. */
  get someAreRemade(): boolean {
    return this.#madeAnew.size > 0;
  }

  /** Those of the inputs of a node that are being computed anew: nobody knows yet what they will be. */
  remadeInputs(node: number): readonly number[] {
    return this.unloadedInputs(node).filter((from) => this.#madeAnew.has(from));
  }

  #unloaded(node: number): number | undefined {
    for (let at: number | undefined = node; at !== undefined; at = this.#madeAnew.get(at)) {
      if (this.#loading.has(at)) return at;
      if (this.#values[at] === UNLOADED && !this.#madeAnew.has(at)) return at;
    }
    return undefined;
  }

  /** As `loadAll`, for one. */
  load(node: number): Promise<void> {
    return this.loadAll([node]);
  }

  /** Reads reused results, or waits for the nodes that compute them anew. Rejects only when one cannot be had at all: the store cannot be used, say. */
  async loadAll(nodes: readonly number[]): Promise<void> {
    const reads = new Set<Promise<void>>();
    // In nobody's name: what a store reads is no input of the sub-flow whose body awaits it (S22b). Once for all: to leave a scope costs 10 µs.
    scopes.exit(() => {
      for (const node of nodes)
        reads.add(this.#resources.isComing(node) ? this.#resources.come(node) : (this.#loading.get(node) ?? this.#startReading(node)));
    });
    await Promise.all(reads);
    if (this.#unreadable.size > 0) for (const node of nodes) if (this.#unreadable.has(node)) throw this.#unreadable.get(node);
    if (this.#loading.size > 0) await Promise.all(nodes.map((node) => this.#loading.get(node)));
  }

  #startReading(node: number): Promise<void> {
    const reading = this.#origins[node]?.inRecord ? this.#gather(node) : this.#read(node).finally(() => this.#loading.delete(node));
    this.#loading.set(node, reading);
    return reading;
  }

  #gather(node: number): Promise<void> {
    this.#gathered.push(node);
    this.#reading ??= Promise.resolve().then(() => this.#readGathered());
    return this.#reading;
  }

  /** One that is lost is being computed anew when this resolves: others do not wait for it. */
  async #readGathered(): Promise<void> {
    const nodes = this.#gathered;
    this.#gathered = [];
    this.#reading = undefined;
    let loaded: readonly Loaded[];
    try {
      loaded = await this.#keeper.loadMany(nodes.map((node) => this.#request(node)));
    } finally {
      for (const node of nodes) this.#loading.delete(node);
    }
    for (let at = 0; at < nodes.length; at++) this.#arrived(nodes[at] as number, loaded[at] as Loaded);
  }

  #arrived(node: number, loaded: Loaded): void {
    if ('value' in loaded) this.#put(node, loaded.value);
    else if (!isLost(loaded.error)) this.#unreadable.set(node, loaded.error);
    else {
      const remaking = this.#remake(node, loaded.error).finally(() => this.#loading.delete(node));
      this.#loading.set(node, remaking);
    }
  }

  async #read(node: number): Promise<void> {
    const children = this.#children.get(node);
    if (children) {
      await this.loadAll(children.map((child) => this.#unloaded(child)).filter((child) => child !== undefined));
      return this.#putTogether(node, children);
    }
    const { artifacts, definition } = this.#request(node);
    try {
      this.#put(node, await this.#limit(() => this.#keeper.load(artifacts, definition)));
    } catch (error) {
      if (!isLost(error)) throw error;
      await this.#remake(node, error);
    }
  }

  #request(node: number): LoadRequest {
    const { artifacts } = (this.#stored[node] ?? this.#origins[node]) as Pick<Stored, 'artifacts'>;
    return { artifacts, definition: this.#graph.definitions[node] as TaskDefinition };
  }

  #remake(node: number, lost: LostResult): Promise<void> {
    const anew = this.#makeAnew(node, lost);
    this.#madeAnew.set(node, anew.node);
    return anew.ended;
  }

  /** The state a node ended in, as a value. Its result must be loaded. */
  finalState(node: number, path: Path | undefined): FinalState<unknown> {
    const actual = this.actual(node);
    const state = TASK_STATES[this.#nodes.state[actual] as number] as TaskState;
    if (state === 'success' || state === 'cached') {
      return { state, value: project(this.#values[actual], path), ...onlyArtifact(path === undefined ? this.stored(actual) : undefined) };
    }
    const error = this.#failures.error(actual);
    return { state: state as 'failed', ...(error ? { error } : {}) };
  }
}
