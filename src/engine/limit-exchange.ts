import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { LimitRecord } from '../runs/limits/limit-record.js';
import type { Asked, LimitAnswer, LimitMeaning, LimitRequest, LimitUse } from '../runs/limits/limit-request.js';
import { Allotment, HAND_ON_MS } from './allotment.js';
import { SharedLimit } from './shared-limit.js';

export interface LimitExchangeParts {
  /** Opened when the first limit is used. */
  readonly connect: () => Promise<Pick<LimitRecord, 'exchange' | 'leave'> & AsyncDisposable>;
  /** Looks at runs, so that those whose owner is gone are marked (S31). @returns whether one of them is over */
  readonly look: (runs: readonly string[]) => Promise<boolean>;
  readonly clock: Clock;
  /** From 0 to below 1: spreads who asks when. */
  readonly random: () => number;
}

/** How long to wait before asking again: at first, and at most; for who is next, not so long. In milliseconds. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;
const LONGEST_PAUSE_OF_NEXT_MS = 50;
/** How often the owners of what is waited for are looked up. */
const LOOK_EVERY_MS = 500;
/** Nothing but the time lets a rate go on; all the same, now and then somebody looks. */
const LONGEST_SLEEP_MS = 60_000;

/** One limit on its way between this process and the record. */
interface Shared {
  readonly limit: SharedLimit;
  readonly allotment: Allotment;
  isAsking: boolean;
  /** Meanwhile somebody found no room, or gave something back. */
  again: 'no' | 'more' | 'gift';
  pauseMs: number;
  /** What waits although the record was told of it. */
  waiting: readonly Asked[];
  lookedAt: number;
  stopTimer: (() => void) | undefined;
}

/**
 * Named limits that other processes use too (S14). For each limit it tells the record what this process has and what waits here, and hands out what
 * it is given. It asks when somebody finds no room, and again with growing pauses while somebody waits; and once more when what it has been given has
 * been handed on for a while. A process that nobody competes with asks a few times in a second, however many tasks go by.
 */
export class LimitExchange {
  readonly #parts: LimitExchangeParts;
  readonly #holder = randomUUID();
  readonly #shared = new Set<Shared>();
  readonly #asking = new Set<Promise<void>>();
  #record: ReturnType<LimitExchangeParts['connect']> | undefined;
  #closed = false;

  constructor(parts: LimitExchangeParts) {
    this.#parts = parts;
  }

  now(): number {
    return this.#parts.clock.now();
  }

  share(meaning: ConcurrencyLimit, since: number): SharedLimit {
    const allotment = new Allotment(
      meaning,
      () => this.now(),
      (isGift) => this.#askSoon(shared, isGift),
    );
    const limit = new SharedLimit(meaning, since, allotment);
    const lookedAt = Number.NEGATIVE_INFINITY;
    const shared: Shared = { limit, allotment, isAsking: false, again: 'no', pauseMs: FIRST_PAUSE_MS, waiting: [], lookedAt, stopTimer: undefined };
    return limit;
  }

  /** All runs have ended: what this process had is anybody's. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { stopTimer } of this.#shared) stopTimer?.();
    await Promise.all(this.#asking);
    if (this.#record === undefined) return;
    try {
      const record = await this.#record;
      await record.leave(this.#holder);
      await record[Symbol.asyncDispose]();
    } catch {
      // What cannot be given back goes with the runs, which have ended.
    }
  }

  /** When the code that now runs has asked for all it needs. */
  #askSoon(shared: Shared, isGift: boolean): void {
    if (this.#closed) return;
    const isPlanned = shared.again !== 'no' || shared.isAsking;
    if (shared.again !== 'gift') shared.again = isGift ? 'gift' : 'more';
    if (!isPlanned) queueMicrotask(() => this.#turn(shared));
  }

  #turn(shared: Shared): void {
    const { again } = shared;
    shared.again = 'no';
    if (this.#closed || again === 'no' || (again === 'more' && !this.#isWorthAsking(shared))) return;
    this.#stopTimer(shared);
    shared.isAsking = true;
    const asking = this.#ask(shared).finally(() => this.#asking.delete(asking));
    this.#asking.add(asking);
  }

  /** Who waits already is heard in turn, unless somebody more important has come. What is free is kept from some of this process by others of it. */
  #isWorthAsking({ limit, allotment, waiting }: Shared): boolean {
    const now = this.now();
    const users = [...limit.users];
    const demand = users.flatMap((user) => user.demand(now));
    if (waiting.length > 0) return highest(demand) > highest(waiting);
    return unitsOf(demand, limit.cap) > allotment.free || (demand.length > 0 && users.some(({ owner }) => owner && !limit.knows(owner.run)));
  }

  async #ask(shared: Shared): Promise<void> {
    const askedAt = this.now();
    const request = this.#requestOf(shared, askedAt);
    const answer = await this.#answerTo(request);
    if (answer !== undefined) this.#take(shared, request, answer);
    else {
      shared.allotment.takeBack(request.started.map((ago) => askedAt - ago));
      shared.waiting = request.demand;
      this.#askIn(shared, LONGEST_PAUSE_MS);
    }
    shared.isAsking = false;
    if (shared.again !== 'no') queueMicrotask(() => this.#turn(shared));
  }

  /** Undefined when the database has a hiccup: of one that is gone, the runs themselves will tell. */
  async #answerTo(request: LimitRequest): Promise<LimitAnswer | undefined> {
    try {
      this.#record ??= this.#connect();
      return await (await this.#record).exchange(this.#holder, request);
    } catch {
      return undefined;
    }
  }

  #connect(): ReturnType<LimitExchangeParts['connect']> {
    const record = this.#parts.connect();
    record.catch(() => {
      this.#record = undefined;
    });
    return record;
  }

  #requestOf({ limit, allotment }: Shared, now: number): LimitRequest {
    const demand: Asked[] = [];
    const uses: LimitUse[] = [];
    for (const user of limit.users) {
      const asked = user.demand(now);
      demand.push(...asked);
      if (user.owner === undefined) continue;
      const { priority = 0, agoMs = 0 } = asked[0] ?? {};
      uses.push({ ...user.owner, holds: user.holds(), waits: user.waits(), priority, agoMs });
    }
    const { inUse, started } = allotment.handOver();
    return { meaning: allotment.meaning, saidAgoMs: now - limit.since, inUse, started: started.map((at) => now - at), demand, uses };
  }

  #take(shared: Shared, request: LimitRequest, answer: LimitAnswer): void {
    const { limit, allotment } = shared;
    allotment.grant(answer);
    limit.cap = answer.meaning.max;
    const runs = new Set(request.uses.map(({ run }) => run));
    const isNews = answer.granted > 0 || [...runs].some((run) => !limit.knows(run));
    limit.know(runs);
    if (answer.changedFrom) this.#tellMeaning(shared, answer.changedFrom);
    shared.waiting = answer.granted < unitsOf(request.demand, limit.cap) ? request.demand : [];
    if (shared.waiting.length === 0 || answer.granted > 0) shared.pauseMs = FIRST_PAUSE_MS;
    this.#plan(shared, answer);
    if (isNews) limit.settle();
  }

  /** When to ask again, if nothing happens before. */
  #plan(shared: Shared, { isContended, isNext, opensIn, heldBy }: LimitAnswer): void {
    const isAlone = !isContended && heldBy.length === 0;
    if (shared.waiting.length === 0 || (isAlone && opensIn === 0)) return this.#askIn(shared, HAND_ON_MS);
    const now = this.now();
    if (heldBy.length > 0 && now - shared.lookedAt >= LOOK_EVERY_MS) {
      shared.lookedAt = now;
      this.#parts.look([...new Set(heldBy)]).then(
        (isOver) => isOver && this.#askSoon(shared, true),
        () => {},
      );
    }
    if (opensIn > 0) return this.#askIn(shared, Math.min(Math.max(Math.ceil(opensIn), 1), LONGEST_SLEEP_MS));
    const pauseMs = Math.min(shared.pauseMs, isNext ? LONGEST_PAUSE_OF_NEXT_MS : LONGEST_PAUSE_MS);
    shared.pauseMs = Math.min(2 * shared.pauseMs, LONGEST_PAUSE_MS);
    this.#askIn(shared, pauseMs * (0.75 + this.#parts.random() / 4));
  }

  /** Where nobody waits for it, the process is not held for it. */
  #askIn(shared: Shared, ms: number): void {
    this.#stopTimer(shared);
    if (this.#closed) return;
    const isWaiting = shared.waiting.length > 0;
    const again = (): void => {
      this.#stopTimer(shared);
      if (isWaiting || shared.allotment.hasNews) this.#askSoon(shared, true);
    };
    this.#shared.add(shared);
    shared.stopTimer = this.#parts.clock.schedule(ms, again, { idle: !isWaiting });
  }

  #stopTimer(shared: Shared): void {
    shared.stopTimer?.();
    shared.stopTimer = undefined;
    this.#shared.delete(shared);
  }

  #tellMeaning({ limit }: Shared, { max, periodMs }: LimitMeaning): void {
    for (const user of limit.users) user.tellMeaning(periodMs === undefined ? { max } : { max, per: periodMs });
  }
}

function highest(demand: readonly Asked[]): number {
  return demand.reduce((most, { priority }) => Math.max(most, priority), Number.NEGATIVE_INFINITY);
}

function unitsOf(demand: readonly Asked[], cap: number): number {
  return demand.reduce((sum, { count, units }) => sum + count * Math.min(units, cap), 0);
}
