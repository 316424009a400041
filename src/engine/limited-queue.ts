import type { Clock } from '../base/clock.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { OwnedRun } from '../runs/run-record.js';
import type { Lane } from './lane.js';
import { Lanes } from './lanes.js';
import type { GateKeeper, LimitGate } from './limit-gate.js';
import { type LimitMeaning, overruling } from './limit-meaning.js';
import type { LimitRegistry } from './limit-registry.js';
import { RankHeap } from './rank-heap.js';
import { RateTimer } from './rate-timer.js';

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
  readonly #lanes: Lanes;
  readonly #timer: RateTimer<LimitGate<Lane>>;
  /** What nodes that were handed out have to give back. */
  readonly #held = new Map<number, Held>();
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
  #now = 0;
  #size = 0;

  constructor(parts: LimitedQueueParts) {
    this.#parts = parts;
    this.#lanes = new Lanes(this, parts.warn);
    this.#timer = new RateTimer(parts.clock, () => this.#timeUp());
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

  overruled(gate: LimitGate<Lane>, other: LimitMeaning): void {
    this.#parts.warn?.(overruling(gate.limit, other, 'another process'));
  }

  /** @throws MillraceError `LIMIT_CONFLICT`, `PRIORITY_INVALID` */
  add(node: number, priority: number, limits: readonly ConcurrencyLimit[] | undefined): void {
    const lane = this.#lanes.laneOf(priority, limits);
    if (!this.#isClosed) for (const gate of lane.gates) if (gate.join() && !gate.isOfRun) this.#joined.push(gate);
    lane.push(node, this.registry.arrival());
    this.#size++;
    if (lane.size === 1) this.#openLane(lane);
  }

  next(): number | undefined {
    this.#resume();
    this.#isBusy = true;
    if (this.#lanes.haveRates) this.#passTime();
    const node = this.#take();
    this.#isBusy = false;
    if (this.#lanes.haveRates) this.#timer.set(this.#now);
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
    this.#timer.cancel();
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
    if (this.#lanes.haveRates) this.#now = this.now();
    for (const gate of gates) this.#attend(gate);
    if (this.#lanes.haveRates) this.#timer.set(this.#now);
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
    if (gate.isRate) this.#timer.note(gate, at);
  }

  /** Timers may be late, those of other runs too. */
  #passTime(): void {
    this.#now = this.now();
    if (this.#timer.isDue(this.#now)) this.#attendOpened();
    for (const gate of this.#lanes.rates) gate.settleIfOpen(this.#now);
  }

  #attendOpened(): void {
    for (const gate of this.#timer.opened(this.#now)) this.#tell(gate);
  }

  #timeUp(): void {
    this.#now = this.now();
    const before = this.#open.size;
    this.#isBusy = true;
    this.#attendOpened();
    this.#isBusy = false;
    this.#timer.set(this.#now);
    if (this.#open.size > before) this.#parts.wake();
  }
}
