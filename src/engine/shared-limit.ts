import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import { meterOf } from './limit-meter.js';
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
  /** What this run is about to look at: others that go after it leave it that much. */
  readonly offers: ReadonlySet<Offer>;
  /** It has no slot: nothing is left or kept for it. */
  readonly isFull: boolean;
  /** There may be room: it tells its first, or notes when there will be. */
  attend(): void;
}

/**
 * One named limit, whoever uses it: the runs of a process share it (S14). What came free is offered to the first of all that wait, in whichever
 * run; until that run has looked at it, or has no slot for it, nobody who goes after it may take it.
 *
 * Runs made by another copy of the package use the same object: its methods are a contract among versions.
 */
export class SharedLimit {
  #meaning: ConcurrencyLimit;
  #since: number;
  #meter;
  readonly #users = new Set<LimitUser>();
  /** Who has been passed over too often, and in which run: those that go after it leave one unit free for it. */
  #kept: { readonly waiter: Ranked; readonly user: LimitUser } | undefined;

  /** @param since which definition of the process it is: of two meanings the later one counts */
  constructor(meaning: ConcurrencyLimit, since: number) {
    this.#meaning = meaning;
    this.#since = since;
    this.#meter = meterOf(meaning);
  }

  get meaning(): ConcurrencyLimit {
    return this.#meaning;
  }

  /** Takes on a later meaning, for all who use the limit. */
  define(meaning: ConcurrencyLimit, since: number): void {
    if (since <= this.#since) return;
    this.#since = since;
    this.#meaning = meaning;
    this.#meter = this.#meter.changed(meaning);
    this.settle();
  }

  join(user: LimitUser): void {
    this.#users.add(user);
  }

  leave(user: LimitUser): void {
    this.#users.delete(user);
  }

  isUsed(now: number): boolean {
    return this.#users.size > 0 || !this.#meter.isIdle(now);
  }

  /** Nobody else uses it, so there is nobody to tell of anything. */
  isAlone(user: LimitUser): boolean {
    return this.#users.size === 1 && this.#users.has(user);
  }

  /** From when on there is room for this one of this user; not after now when there is, Infinity when time alone does not help. */
  openAt(waiter: Ranked, user: LimitUser): number {
    let units = this.#isKeptFrom(waiter, user) ? 2 : 1;
    if (this.#users.size > 1) {
      for (const other of this.#users) {
        if (other === user || other.isFull) continue;
        for (const offer of other.offers) if (goesBefore(offer, waiter)) units += offer.size;
      }
    }
    return this.#meter.freeAt(units);
  }

  keepFor(waiter: Ranked | undefined, user: LimitUser): void {
    this.#kept = waiter && { waiter, user };
  }

  take(now: number): void {
    this.#meter.take(now);
  }

  giveBack(): void {
    this.#meter.giveBack();
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

  #isKeptFrom(waiter: Ranked, user: LimitUser): boolean {
    const kept = this.#kept;
    if (kept === undefined || kept.waiter === waiter || (kept.user.isFull && kept.user !== user)) return false;
    return goesBefore(kept.waiter, waiter);
  }
}
