import { toMs } from '../base/duration.js';
import { type ConcurrencyLimit, isOfRun } from '../model/concurrency-limit.js';
import type { Asked } from '../runs/limits/limit-request.js';
import type { OwnedRun } from '../runs/run-record.js';
import type { LimitMeaning } from './limit-meaning.js';
import { LimitRegistry } from './limit-registry.js';
import { goesBefore, type Ranked, RankHeap } from './rank-heap.js';
import type { LimitUser, Offer, SharedLimit } from './shared-limit.js';

/** What waits at gates: nodes of one rank that need the same of each of several limits. */
export interface GateWaiter extends Offer {
  /** Units that each of its nodes takes of a limit. */
  unitsOf(gate: unknown): number;
  /** Room at this gate would bring its first node on. */
  isHeldUpBy(gate: unknown): boolean;
}

/** What a gate needs of the ready queue it stands in. */
export interface GateKeeper<Waiter extends GateWaiter> {
  readonly registry: LimitRegistry;
  /** Its run has no slot. */
  readonly isFull: boolean;
  /** Slots of its run that are free. */
  readonly room: number;
  /** Its run, where other processes use the same limits. */
  readonly owner: OwnedRun | undefined;
  now(): number;
  roomAt(gate: LimitGate<Waiter>): void;
  /** It is to be looked at when the run has a slot again. */
  missed(gate: LimitGate<Waiter>): void;
  /** Ids of task runs that have units of it to give back; of many, the first. */
  holdersOf(gate: LimitGate<Waiter>): readonly string[];
  /** Others meant this by its name, and go by what is meant here from now on. */
  overruled(gate: LimitGate<Waiter>, other: LimitMeaning): void;
}

/** One named limit as one run sees it: who waits for it here, and who was told of room. What it allows is counted for all runs of the process. */
export class LimitGate<Waiter extends GateWaiter> implements LimitUser {
  readonly limit: ConcurrencyLimit;
  /** Whether units come back by time instead of by `giveBack`. */
  readonly isRate: boolean;
  /** No other run can use it. */
  readonly isOfRun: boolean;
  readonly waiting = new RankHeap<Waiter>();
  /** The open lanes that need this limit. */
  readonly offers = new Set<Waiter>();
  /** All lanes that ever needed it. */
  readonly lanes = new Set<Waiter>();
  readonly #queue: GateKeeper<Waiter>;
  readonly #registry: LimitRegistry;
  readonly #since: number;
  #shared: SharedLimit | undefined;
  #isJoined = false;

  constructor(limit: ConcurrencyLimit, queue: GateKeeper<Waiter>) {
    this.limit = limit;
    this.isRate = limit.per !== undefined;
    this.#queue = queue;
    this.isOfRun = isOfRun(limit);
    this.#registry = this.isOfRun ? new LimitRegistry() : queue.registry;
    this.#since = this.#registry.definition();
  }

  get first(): Ranked | undefined {
    return this.waiting.first;
  }

  get isFull(): boolean {
    return this.#queue.isFull;
  }

  get owner(): OwnedRun | undefined {
    return this.#queue.owner;
  }

  attend(): void {
    this.#queue.roomAt(this);
  }

  offeredBefore(waiter: Ranked): number {
    let units = 0;
    for (const offer of this.offers) if (goesBefore(offer, waiter)) units += offer.size * this.#unitsOf(offer);
    return units;
  }

  demand(now: number): readonly Asked[] {
    if (!this.#isJoined) return [];
    let room = this.isFull ? 0 : this.#queue.room;
    const lanes = [...this.lanes].filter((lane) => lane.isHeldUpBy(this)).sort((one, other) => (goesBefore(one, other) ? -1 : 1));
    const asked: Asked[] = [];
    // What is not asked for now is when the run has a slot again.
    if (lanes.length > 0 && room === 0) this.#queue.missed(this);
    for (const lane of lanes) {
      const count = Math.min(lane.size, room, this.limit.max);
      if (count <= 0) break;
      room -= count;
      asked.push({ priority: lane.priority, agoMs: now - lane.arrival, count, units: this.#unitsOf(lane) });
    }
    return asked;
  }

  waits(): number {
    let count = 0;
    if (this.#isJoined) for (const lane of this.lanes) count += lane.size;
    return count;
  }

  holds(): readonly string[] {
    return this.#queue.holdersOf(this);
  }

  tellMeaning(before: LimitMeaning): void {
    this.#queue.overruled(this, before);
  }

  /** Another meaning that others in this process go by, until this gate is joined. */
  get otherMeaning(): ConcurrencyLimit | undefined {
    const used = this.#registry.inUse(this.limit, this.#queue.now());
    return used === undefined || this.means(used) ? undefined : used;
  }

  /** Somebody of this run is about to wait. False: somebody does already. */
  join(): boolean {
    if (this.#isJoined) return false;
    this.#isJoined = true;
    this.#shared = this.#registry.use(this.limit, this.#since, this.#queue.now());
    this.#shared.join(this);
    return true;
  }

  /** Nobody of this run waits any more; what it holds it may still give back. */
  leave(): void {
    this.#isJoined = false;
    this.offers.clear();
    this.#counted.leave(this);
    this.#registry.release(this.#counted, this.#queue.now());
  }

  /** No other run waits here. */
  get isAlone(): boolean {
    return this.#counted.isAlone(this);
  }

  /** From when on there is room for this one; not after now when there is, Infinity when time alone does not help. */
  openAt(waiter: Waiter): number {
    return this.#counted.openAt(waiter, this.#unitsOf(waiter), this);
  }

  /** @returns the units that are to be given back */
  take(now: number, waiter: Waiter): number {
    const units = this.#unitsOf(waiter);
    this.#counted.take(now, units, this);
    return units;
  }

  giveBack(units: number): void {
    this.#counted.giveBack(units, this);
  }

  keepFor(waiter: Waiter | undefined): void {
    this.#counted.keepFor(waiter, this, waiter === undefined ? 0 : waiter.unitsOf(this));
  }

  /** Tells all who wait, in whichever run. */
  settle(): void {
    this.#counted.settle();
    if (!this.#isJoined) this.#registry.release(this.#counted, this.#queue.now());
  }

  /** Those of other runs go first where they came first, also when their timers are late. */
  settleIfOpen(now: number): void {
    if (this.#isJoined) this.#counted.settleIfOpen(now);
  }

  means(other: LimitMeaning): boolean {
    const { max, per } = this.limit;
    if (max !== other.max || (per === undefined) !== (other.per === undefined)) return false;
    return per === undefined || other.per === undefined || toMs(per) === toMs(other.per);
  }

  #unitsOf(waiter: Waiter): number {
    return Math.min(waiter.unitsOf(this), this.#counted.cap);
  }

  get #counted(): SharedLimit {
    return this.#shared as SharedLimit;
  }
}
