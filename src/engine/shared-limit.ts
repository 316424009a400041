import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { Asked } from '../runs/limits/limit-request.js';
import type { OwnedRun } from '../runs/run-record.js';
import type { Allotment } from './allotment.js';
import type { LimitMeaning } from './limit-meaning.js';
import { type Meter, meterOf } from './limit-meter.js';
import { goesBefore, type Ranked } from './rank-heap.js';

/** Nodes of one rank that may start as far as their run knows. */
export interface Offer extends Ranked {
  /** How many. */
  readonly size: number;
}

/** A run that uses a limit. */
export interface LimitUser {
  /** What goes first of all that waits for the limit in this run. */
  readonly first: Ranked | undefined;
  /** It has no slot: nothing is left or kept for it. */
  readonly isFull: boolean;
  /** For whom it is used; undefined where nobody beyond this process shares it. */
  readonly owner: OwnedRun | undefined;
  /** Units for what this run is about to look at and that goes before this one: others leave it that much. */
  offeredBefore(waiter: Ranked): number;
  /** There may be room: it tells its first, or notes when there will be. */
  attend(): void;
  /** What would start if this limit had room: by rank, no more than the run has slots for. */
  demand(now: number): readonly Asked[];
  /** How many wait. */
  waits(): number;
  /** Ids of task runs that hold units; of many, the first. */
  holds(): readonly string[];
  /** Other processes meant something else by the name, until now. */
  tellMeaning(before: LimitMeaning): void;
}

/**
 * One named limit, whoever uses it: the runs of a process share it (S14). What came free is offered to the first of all that wait, in whichever
 * run; until that run has looked at it, or has no slot for it, nobody who goes after it may take it.
 *
 * Runs made by another copy of the package use the same object: its methods are a contract among versions.
 */
export class SharedLimit {
  /** The largest number of units that one may take: less than it asks for, when the limit was made smaller. */
  cap: number;
  readonly #allotment: Allotment | undefined;
  #meaning: ConcurrencyLimit;
  #since: number;
  #meter: Meter;
  readonly #users = new Set<LimitUser>();
  /** Units in use, by the run that has to give them back. */
  readonly #holders = new Map<LimitUser, number>();
  /** Runs that the record knows as users: only they may use what it has granted. */
  #known: ReadonlySet<string> = new Set();
  /** Who has been passed over too often, and in which run: those that go after it leave its units free for it. */
  #kept: { readonly waiter: Ranked; readonly user: LimitUser; readonly units: number } | undefined;

  /**
   * @param since which definition of the process it is: of two meanings the later one counts
   * @param allotment where other processes use it too
   */
  constructor(meaning: ConcurrencyLimit, since: number, allotment?: Allotment) {
    this.#meaning = meaning;
    this.cap = meaning.max;
    this.#since = since;
    this.#allotment = allotment;
    this.#meter = allotment ?? meterOf(meaning);
  }

  get meaning(): ConcurrencyLimit {
    return this.#meaning;
  }

  get since(): number {
    return this.#since;
  }

  /** Takes on a later meaning, for all who use the limit. */
  define(meaning: ConcurrencyLimit, since: number): void {
    if (since <= this.#since) return;
    this.redefine(meaning, since);
    this.settle();
  }

  /** The same, where nobody uses it. */
  redefine(meaning: ConcurrencyLimit, since: number): void {
    this.#since = since;
    this.#meaning = meaning;
    this.cap = meaning.max;
    this.#meter = this.#meter.changed(meaning);
  }

  join(user: LimitUser): void {
    this.#users.add(user);
  }

  leave(user: LimitUser): void {
    this.#users.delete(user);
  }

  /** It is to be remembered. */
  isKnown(now: number): boolean {
    return this.#users.size > 0 || !this.#meter.isIdle(now);
  }

  /** Somebody waits, has units, or has started what still counts: what they mean by it is not to be changed behind their back. */
  isUsed(now: number): boolean {
    if (this.#allotment) return this.#users.size > 0 || this.#allotment.inUse > 0;
    return this.isKnown(now);
  }

  /** Nobody else uses it, so there is nobody to tell of anything. */
  isAlone(user: LimitUser): boolean {
    return this.#users.size === 1 && this.#users.has(user);
  }

  /** Those who wait, and those who have units. */
  get users(): ReadonlySet<LimitUser> {
    return new Set([...this.#users, ...this.#holders.keys()]);
  }

  /** The record has been told of them. */
  know(runs: ReadonlySet<string>): void {
    this.#known = runs;
  }

  knows(run: string): boolean {
    return this.#known.has(run);
  }

  /** From when on there is room for so many units for this one of this user; not after now when there is, Infinity when time alone does not help. */
  openAt(waiter: Ranked, units: number, user: LimitUser): number {
    let needed = units + this.#keptFrom(waiter, user);
    if (this.#users.size > 1) for (const other of this.#users) if (other !== user && !other.isFull) needed += other.offeredBefore(waiter);
    if (this.#allotment && user.owner && !this.knows(user.owner.run)) return this.#meter.freeAt(Number.POSITIVE_INFINITY);
    return this.#meter.freeAt(needed);
  }

  keepFor(waiter: Ranked | undefined, user: LimitUser, units: number): void {
    this.#kept = waiter && { waiter, user, units };
  }

  take(now: number, units: number, user: LimitUser): void {
    this.#meter.take(now, units);
    if (this.#meaning.per === undefined) this.#holders.set(user, (this.#holders.get(user) ?? 0) + units);
  }

  giveBack(units: number, user: LimitUser): void {
    const left = (this.#holders.get(user) ?? 0) - units;
    if (left > 0) this.#holders.set(user, left);
    else this.#holders.delete(user);
    this.#meter.giveBack(units);
  }

  /** There may be room: whoever waits is told, the first of all first. */
  settle(): void {
    const waiting = [...this.#users].filter(({ first }) => first !== undefined);
    if (waiting.length > 1) waiting.sort((one, other) => (goesBefore(one.first as Ranked, other.first as Ranked) ? -1 : 1));
    for (const user of waiting) {
      // Where units come back by time, each has to know when.
      if (this.#meaning.per === undefined && this.#meter.freeAt(1) === Number.POSITIVE_INFINITY) return;
      user.attend();
    }
  }

  /** As `settle`, where somebody waits and may have overslept. */
  settleIfOpen(now: number): void {
    if (this.#users.size > 1 && this.#meter.freeAt(1) <= now) this.settle();
  }

  #keptFrom(waiter: Ranked, user: LimitUser): number {
    const kept = this.#kept;
    if (kept === undefined || kept.waiter === waiter || (kept.user.isFull && kept.user !== user)) return 0;
    return goesBefore(kept.waiter, waiter) ? Math.min(kept.units, this.cap) : 0;
  }
}
