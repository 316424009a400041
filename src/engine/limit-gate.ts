import { toMs } from '../base/duration.js';
import { type ConcurrencyLimit, isOfRun } from '../model/concurrency-limit.js';
import { LimitRegistry } from './limit-registry.js';
import { type Ranked, RankHeap } from './rank-heap.js';
import type { LimitUser, Offer, SharedLimit } from './shared-limit.js';

/** What a gate needs of the ready queue it stands in. */
export interface GateKeeper<Waiter extends Offer> {
  readonly registry: LimitRegistry;
  /** Its run has no slot. */
  readonly isFull: boolean;
  now(): number;
  roomAt(gate: LimitGate<Waiter>): void;
}

/** One named limit as one run sees it: who waits for it here, and who was told of room. What it allows is counted for all runs of the process. */
export class LimitGate<Waiter extends Offer> implements LimitUser {
  readonly limit: ConcurrencyLimit;
  /** Whether units come back by time instead of by `giveBack`. */
  readonly isRate: boolean;
  /** No other run can use it. */
  readonly isOfRun: boolean;
  readonly waiting = new RankHeap<Waiter>();
  /** The open lanes that need this limit. */
  readonly offers = new Set<Waiter>();
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

  attend(): void {
    this.#queue.roomAt(this);
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
    return this.#counted.openAt(waiter, this);
  }

  take(now: number): void {
    this.#counted.take(now);
  }

  giveBack(): void {
    this.#counted.giveBack();
  }

  keepFor(waiter: Waiter | undefined): void {
    this.#counted.keepFor(waiter, this);
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

  means(other: ConcurrencyLimit): boolean {
    const { max, per } = this.limit;
    if (max !== other.max || (per === undefined) !== (other.per === undefined)) return false;
    return per === undefined || other.per === undefined || toMs(per) === toMs(other.per);
  }

  get #counted(): SharedLimit {
    return this.#shared as SharedLimit;
  }
}
