import type { Clock } from '../base/clock.js';
import { describe, MillraceError } from '../base/error.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { OwnedRun } from '../runs/run-record.js';
import { Lane } from './lane.js';
import { type GateKeeper, LimitGate } from './limit-gate.js';
import type { LimitRegistry } from './limit-registry.js';
import { RankHeap } from './rank-heap.js';

export interface LimitedQueueParts {
  readonly clock: Clock;
  /** Called from a timer when a rate limit has let go of a node. */
  readonly wake: () => void;
  /** How often a node of several limits finds one of them full before the last unit of each is kept for it. */
  readonly patience: number;
  readonly registry: LimitRegistry;
  readonly warn: ((text: string) => void) | undefined;
  /** Slots that are free. */
  readonly room: () => number;
  /** The run, where other processes share its limits. */
  readonly owner: OwnedRun | undefined;
  /** The id of a node, for people. */
  readonly nameOf: (node: number) => string;
}

/** What a node gives back when it ends. */
interface Held {
  readonly lane: Lane;
  /** Of the gates that hold, in their order. */
  readonly units: readonly number[];
}

/** A distinct set of limits, with a lane for each priority it came with. */
interface Combination {
  readonly gates: readonly LimitGate<Lane>[];
  /** Units of each. */
  readonly units: readonly number[];
  readonly lanes: Map<number, Lane>;
}

/** `setTimeout` fires at once beyond this; an early timer looks again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Of task runs that hold a limit, so many are named. */
const SHOWN_HOLDERS = 20;

/**
 * The ready queue of a run in which priorities or limits are used. A lane is either open, in one heap, or waits in the heap of one full
 * limit. What keeps it right:
 *
 * > Whenever the first lane waiting at a gate has room there, a lane of that gate that goes before it is open.
 *
 * So the first open lane whose gates all have room is the first of all that may start. `#attend` restores this for one gate by opening its
 * first lane; it is called for each gate that gained room, and for each gate of a lane that has had its turn. Opening one lane at a time
 * keeps the cost of a start at the logarithm of the number of lanes, however many of them wait.
 *
 * Other runs use the same limits. They leave room for the open lanes of this one, which will have their turn soon; not while it has no slot.
 * When a lane gives up its place, as when something is given back, all runs are asked, the one whose first goes before all others first.
 */
export class LimitedQueue implements GateKeeper<Lane> {
  readonly #parts: LimitedQueueParts;
  readonly #open = new RankHeap<Lane>();
  readonly #unlimited: Combination = { gates: [], units: [], lanes: new Map() };
  /** By the list itself, which a task's calls share; it was checked when it was first seen. */
  readonly #byList = new WeakMap<readonly ConcurrencyLimit[], Combination>();
  readonly #byNames = new Map<string, Combination>();
  readonly #gates = new Map<string, LimitGate<Lane>>();
  /** What nodes that were handed out have to give back. */
  readonly #held = new Map<number, Held>();
  /** Rate gates that somebody waits at, with the moment they open. */
  readonly #opening = new Map<LimitGate<Lane>, number>();
  /** The earliest of them; the timer is set for it. */
  #opensAt = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  /** The lane of this run that units are kept for, in all runs. */
  #kept: Lane | undefined;
  /** Gates that other runs know this one by. */
  readonly #joined: LimitGate<Lane>[] = [];
  /** The run has no slot: it is offered nothing. What came free meanwhile is looked at when it has one. */
  #isFull = false;
  readonly #missed = new Set<LimitGate<Lane>>();
  /** It asks all runs, and so itself, in the middle of something. */
  #isBusy = false;
  #isClosed = false;
  readonly #rates: LimitGate<Lane>[] = [];
  #now = 0;
  #size = 0;

  constructor(parts: LimitedQueueParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get registry(): LimitRegistry {
    return this.#parts.registry;
  }

  get room(): number {
    return this.#parts.room();
  }

  get owner(): OwnedRun | undefined {
    return this.#parts.owner;
  }

  now(): number {
    return this.#parts.clock.now();
  }

  missed(gate: LimitGate<Lane>): void {
    if (!this.#isClosed) this.#missed.add(gate);
  }

  holdersOf(gate: LimitGate<Lane>): readonly string[] {
    const ids: string[] = [];
    for (const [node, { lane }] of this.#held) {
      if (lane.held.includes(gate)) ids.push(this.#parts.nameOf(node));
      if (ids.length === SHOWN_HOLDERS) break;
    }
    return ids;
  }

  overruled(gate: LimitGate<Lane>, other: Pick<ConcurrencyLimit, 'max' | 'per'>): void {
    this.#warnOf(gate.limit, other, 'another process');
  }

  /** @throws MillraceError `LIMIT_CONFLICT`, `PRIORITY_INVALID` */
  add(node: number, priority: number, limits: readonly ConcurrencyLimit[] | undefined): void {
    const lane = this.#lane(priority, limits);
    if (!this.#isClosed) for (const gate of lane.gates) if (gate.join() && !gate.isOfRun) this.#joined.push(gate);
    lane.push(node, this.registry.arrival());
    this.#size++;
    if (lane.size === 1) this.#openLane(lane);
  }

  next(): number | undefined {
    this.#resume();
    this.#isBusy = true;
    if (this.#rates.length > 0) this.#passTime();
    const node = this.#take();
    this.#isBusy = false;
    if (this.#rates.length > 0) this.#setTimer();
    if (this.#size === 0) this.#leave();
    return node;
  }

  release(node: number): void {
    this.#resume();
    const held = this.#held.get(node);
    if (held === undefined) return;
    this.#held.delete(node);
    for (const [at, gate] of held.lane.held.entries()) {
      gate.giveBack(held.units[at] as number);
      this.#tell(gate);
    }
  }

  /** The run has no slot: what was left for it goes to others. */
  decline(): undefined {
    if (this.#isFull) return;
    this.#isFull = true;
    for (const gate of this.#joined) if (!gate.isAlone && (gate.offers.size > 0 || this.#kept?.gates.includes(gate))) gate.settle();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#kept) this.#keepFor(undefined);
    const left = [...this.#joined];
    this.#leave();
    for (const gate of left) gate.settle();
  }

  /** Another run has left room, or has been asked to. */
  roomAt(gate: LimitGate<Lane>): void {
    if (this.#isFull) return this.missed(gate);
    if (this.#isBusy) return this.#attend(gate);
    const before = this.#open.size;
    this.#attendNow([gate]);
    if (this.#open.size > before) this.#parts.wake();
  }

  #resume(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    if (this.#missed.size === 0) return;
    const missed = [...this.#missed];
    this.#missed.clear();
    if (!this.#isClosed) this.#attendNow(missed);
  }

  #attendNow(gates: readonly LimitGate<Lane>[]): void {
    if (this.#rates.length > 0) this.#now = this.now();
    for (const gate of gates) this.#attend(gate);
    if (this.#rates.length > 0) this.#setTimer();
  }

  #take(): number | undefined {
    for (let lane = this.#open.pop(); lane !== undefined; lane = this.#open.pop()) {
      const full = this.#fullGate(lane);
      const wasKept = lane === this.#kept;
      const node = full === undefined ? this.#start(lane) : this.#park(lane, full);
      if (node === undefined || lane.size === 0) for (const gate of lane.gates) gate.offers.delete(lane);
      const isYielding = node === undefined || (wasKept && this.#kept === undefined);
      for (const gate of lane.gates) {
        if (isYielding || gate.isRate) this.#tell(gate);
        else this.#attend(gate);
      }
      if (node !== undefined) return node;
    }
    return undefined;
  }

  #start(lane: Lane): number {
    const node = lane.shift();
    this.#size--;
    const units: number[] = [];
    for (const gate of lane.gates) {
      const taken = gate.take(this.#now, lane);
      if (!gate.isRate) units.push(taken);
    }
    if (lane === this.#kept) this.#keepFor(undefined);
    if (units.length > 0) this.#held.set(node, { lane, units });
    if (lane.size > 0) this.#open.push(lane);
    return node;
  }

  /**
   * Nodes behind it go on. But a node that needs two busy limits, or several units of one, may never meet them all free when others take each as
   * it comes: after some misses, those behind leave it what it needs. Nodes of a higher priority do not: they go first.
   */
  #park(lane: Lane, full: LimitGate<Lane>): undefined {
    full.waiting.push(lane);
    lane.parkedAt = full;
    this.#miss(lane);
  }

  #miss(lane: Lane): void {
    lane.misses++;
    if (lane.isHardToServe && lane.misses > this.#parts.patience && this.registry.keeping === undefined) this.#keepFor(lane);
  }

  #keepFor(lane: Lane | undefined): void {
    for (const gate of (lane ?? this.#kept)?.gates ?? []) gate.keepFor(lane);
    if (this.#kept) this.#kept.isKept = false;
    if (lane) lane.isKept = true;
    this.registry.keeping = lane;
    this.#kept = lane;
  }

  #fullGate(lane: Lane): LimitGate<Lane> | undefined {
    for (const gate of lane.gates) if (gate.openAt(lane) > this.#now) return gate;
    return undefined;
  }

  /** Room at a gate that others may have been waiting for. */
  #tell(gate: LimitGate<Lane>): void {
    if (gate.isAlone) this.#attend(gate);
    else gate.settle();
  }

  /** Opens the first lane that waits at this gate when there is room for it, or notes when there will be. */
  #attend(gate: LimitGate<Lane>): void {
    const { first } = gate.waiting;
    if (first === undefined) return this.#noteOpening(gate, Number.POSITIVE_INFINITY);
    const opensAt = gate.openAt(first);
    if (opensAt > this.#now) {
      // There may be room for those that take less, and so it has its turn and misses it.
      if (first.unitsOf(gate) > 1) this.#miss(first);
      return this.#noteOpening(gate, opensAt);
    }
    gate.waiting.pop();
    this.#openLane(first);
    this.#noteOpening(gate, Number.POSITIVE_INFINITY);
  }

  #openLane(lane: Lane): void {
    this.#open.push(lane);
    lane.parkedAt = undefined;
    for (const gate of lane.gates) gate.offers.add(lane);
  }

  /** Nobody of this run waits for any limit: others need not know of it. */
  #leave(): void {
    for (const gate of this.#joined) gate.leave();
    this.#joined.length = 0;
    this.#missed.clear();
  }

  // ── the passing of time, which concerns rate limits only ──

  #noteOpening(gate: LimitGate<Lane>, at: number): void {
    if (!gate.isRate) return;
    if (at === Number.POSITIVE_INFINITY) this.#opening.delete(gate);
    else this.#opening.set(gate, at);
  }

  /** Timers may be late, those of other runs too. */
  #passTime(): void {
    this.#now = this.now();
    if (this.#now >= this.#opensAt) this.#attendOpened();
    for (const gate of this.#rates) gate.settleIfOpen(this.#now);
  }

  #attendOpened(): void {
    for (const [gate, at] of [...this.#opening]) if (at <= this.#now) this.#tell(gate);
  }

  #setTimer(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const at of this.#opening.values()) if (at < earliest) earliest = at;
    if (earliest === this.#opensAt) return;
    this.#opensAt = earliest;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (earliest === Number.POSITIVE_INFINITY) return;
    // Timers count whole milliseconds and may be early by a fraction of one.
    const ms = Math.min(Math.max(Math.ceil(earliest - this.#now), 1), LONGEST_TIMER_MS);
    this.#cancelTimer = this.#parts.clock.schedule(ms, () => this.#timeUp());
  }

  #timeUp(): void {
    this.#cancelTimer = undefined;
    this.#opensAt = Number.POSITIVE_INFINITY;
    this.#now = this.now();
    const before = this.#open.size;
    this.#isBusy = true;
    this.#attendOpened();
    this.#isBusy = false;
    this.#setTimer();
    if (this.#open.size > before) this.#parts.wake();
  }

  // ── which lane a node belongs to ──

  #lane(priority: number, limits: readonly ConcurrencyLimit[] | undefined): Lane {
    const { gates, units, lanes } = limits === undefined || limits.length === 0 ? this.#unlimited : this.#combination(limits);
    let lane = lanes.get(priority);
    if (lane === undefined) {
      if (typeof priority !== 'number' || Number.isNaN(priority))
        throw new MillraceError('PRIORITY_INVALID', `expected a number as priority; got ${describe(priority)}`);
      lane = new Lane(priority, gates, units);
      for (const gate of gates) gate.lanes.add(lane);
      lanes.set(priority, lane);
    }
    return lane;
  }

  #combination(limits: readonly ConcurrencyLimit[]): Combination {
    const known = this.#byList.get(limits);
    if (known) return known;
    const gates = this.#gatesOf(limits);
    const units = gates.map(({ limit }) => Math.max(...limits.filter(({ name }) => name === limit.name).map(({ slots = 1 }) => slots)));
    const key = JSON.stringify(gates.map(({ limit }, at) => [limit.name, units[at]]));
    let combination = this.#byNames.get(key);
    if (combination === undefined) {
      combination = { gates, units, lanes: new Map() };
      this.#byNames.set(key, combination);
    }
    this.#byList.set(limits, combination);
    return combination;
  }

  /** Sorted by name, each once. Nothing is kept of a list that is refused. */
  #gatesOf(limits: readonly ConcurrencyLimit[]): LimitGate<Lane>[] {
    const gates = new Map<string, LimitGate<Lane>>();
    for (const limit of limits) {
      const gate = gates.get(limit.name) ?? this.#gates.get(limit.name) ?? new LimitGate<Lane>(limit, this);
      if (!gate.means(limit)) throw conflict(gate.limit, limit);
      gates.set(limit.name, gate);
    }
    for (const [name, gate] of gates) if (!this.#gates.has(name)) this.#accept(name, gate);
    return [...gates.keys()].sort().map((name) => gates.get(name) as LimitGate<Lane>);
  }

  #accept(name: string, gate: LimitGate<Lane>): void {
    this.#gates.set(name, gate);
    if (gate.isRate) this.#rates.push(gate);
    const other = gate.otherMeaning;
    if (other === undefined) return;
    this.#warnOf(gate.limit, other, 'another run of this process');
  }

  #warnOf(limit: ConcurrencyLimit, other: Pick<ConcurrencyLimit, 'max' | 'per'>, whose: string): void {
    const here = meaning(limit);
    this.#parts.warn?.(`limit '${limit.name}' is ${meaning(other)} for ${whose}, and ${here} here: from now on it is ${here} for both`);
  }
}

function conflict(first: ConcurrencyLimit, second: ConcurrencyLimit): MillraceError {
  return new MillraceError('LIMIT_CONFLICT', `limit '${first.name}' has two meanings in this run: ${meaning(first)}, and ${meaning(second)}`, {
    hint: 'Make the limit once and share it, or give the two different names.',
  });
}

function meaning({ max, per }: Pick<ConcurrencyLimit, 'max' | 'per'>): string {
  return per === undefined ? `${max} at once` : `${max} per ${typeof per === 'number' ? `${per} ms` : per}`;
}
