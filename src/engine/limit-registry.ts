import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { LimitExchange } from './limit-exchange.js';
import type { Ranked } from './rank-heap.js';
import { SharedLimit } from './shared-limit.js';

/** The named limits of a process, and the order in which nodes of all runs have come to wait. */
export class LimitRegistry {
  /** Through which other processes use them too; undefined where none does. */
  readonly #exchange: LimitExchange | undefined;
  readonly #limits = new Map<string, SharedLimit>();
  #arrivals = 0;
  #definitions = 0;
  /** The one that units are kept for: with more than one, each could keep what the other waits for. */
  keeping: Ranked | undefined;

  constructor(exchange?: LimitExchange) {
    this.#exchange = exchange;
  }

  /** A place among all arrivals. Where others are to compare it, a time: no two are the same. */
  arrival(): number {
    this.#arrivals = this.#after(this.#arrivals);
    return this.#arrivals;
  }

  /** A place among all meanings that were given to names, likewise. */
  definition(): number {
    this.#definitions = this.#after(this.#definitions);
    return this.#definitions;
  }

  /** What others in this process mean by this name now, if it is in use. */
  inUse(limit: ConcurrencyLimit, now: number): ConcurrencyLimit | undefined {
    const known = this.#limits.get(keyOf(limit));
    return known?.isUsed(now) ? known.meaning : undefined;
  }

  /** The limit of this name; it takes on this meaning unless it has a later one. */
  use(limit: ConcurrencyLimit, since: number, now: number): SharedLimit {
    const key = keyOf(limit);
    let shared = this.#limits.get(key);
    if (shared === undefined) {
      this.#sweep(now);
      shared = this.#exchange?.share(limit, since) ?? new SharedLimit(limit, since);
      this.#limits.set(key, shared);
    } else if (shared.isUsed(now)) shared.define(limit, since);
    else shared.redefine(limit, since);
    return shared;
  }

  /** Lets go of a limit that nobody uses. Rates are remembered for as long as their last starts count. */
  release(shared: SharedLimit, now: number): void {
    const key = keyOf(shared.meaning);
    if (this.#limits.get(key) === shared && !shared.isKnown(now)) this.#limits.delete(key);
  }

  #after(last: number): number {
    return this.#exchange === undefined ? last + 1 : Math.max(last + SMALLEST_STEP_MS, this.#exchange.now());
  }

  #sweep(now: number): void {
    for (const shared of this.#limits.values()) this.release(shared, now);
  }
}

/** A number at once and a number per period are counted each for itself, also under one name. */
function keyOf({ name, per }: ConcurrencyLimit): string {
  return `${per === undefined ? 'at once' : 'per period'} ${name}`;
}

/** Doubles of today's milliseconds can still be told apart. */
const SMALLEST_STEP_MS = 0.001;

const REGISTRY = Symbol.for('millrace.limits.2');

/** On globalThis, because a flow file and the command line may each load a copy of the package. */
export function processLimits(): LimitRegistry {
  const shared = globalThis as { [REGISTRY]?: LimitRegistry };
  shared[REGISTRY] ??= new LimitRegistry();
  return shared[REGISTRY];
}
