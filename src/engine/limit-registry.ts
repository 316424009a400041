import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import type { Ranked } from './rank-heap.js';
import { SharedLimit } from './shared-limit.js';

/** The named limits of a process, and the order in which nodes of all runs have come to wait. */
export class LimitRegistry {
  readonly #limits = new Map<string, SharedLimit>();
  #arrivals = 0;
  #definitions = 0;
  /** The one that units are kept for: with more than one, each could keep what the other waits for. */
  keeping: Ranked | undefined;

  /** A place among all arrivals. */
  arrival(): number {
    return this.#arrivals++;
  }

  /** A place among all meanings that were given to names. */
  definition(): number {
    return ++this.#definitions;
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
      shared = new SharedLimit(limit, since);
      this.#limits.set(key, shared);
    } else shared.define(limit, since);
    return shared;
  }

  /** Lets go of a limit that nobody uses. Rates are remembered for as long as their last starts count. */
  release(shared: SharedLimit, now: number): void {
    const key = keyOf(shared.meaning);
    if (this.#limits.get(key) === shared && !shared.isUsed(now)) this.#limits.delete(key);
  }

  #sweep(now: number): void {
    for (const shared of this.#limits.values()) this.release(shared, now);
  }
}

/** A number at once and a number per period are counted each for itself, also under one name. */
function keyOf({ name, per }: ConcurrencyLimit): string {
  return `${per === undefined ? 'at once' : 'per period'} ${name}`;
}

const REGISTRY = Symbol.for('millrace.limits');

/** On globalThis, because a flow file and the command line may each load a copy of the package. */
export function processLimits(): LimitRegistry {
  const shared = globalThis as { [REGISTRY]?: LimitRegistry };
  shared[REGISTRY] ??= new LimitRegistry();
  return shared[REGISTRY];
}
