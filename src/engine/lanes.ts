import { describe, MillraceError } from '../base/error.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';
import { Lane } from './lane.js';
import { type GateKeeper, LimitGate } from './limit-gate.js';
import { limitConflict, overruling } from './limit-meaning.js';

/** A distinct set of limits, with a lane for each priority it came with. */
interface Combination {
  readonly gates: readonly LimitGate<Lane>[];
  /** Units of each. */
  readonly units: readonly number[];
  readonly lanes: Map<number, Lane>;
}

/** The lanes of a run, and the gates they lead through: which one a node belongs to, by its priority and its limits. */
export class Lanes {
  readonly #keeper: GateKeeper<Lane>;
  readonly #warn: ((text: string) => void) | undefined;
  readonly #unlimited: Combination = { gates: [], units: [], lanes: new Map() };
  /** By the list itself, which a task's calls share; it was checked when it was first seen. */
  readonly #byList = new WeakMap<readonly ConcurrencyLimit[], Combination>();
  readonly #byNames = new Map<string, Combination>();
  readonly #gates = new Map<string, LimitGate<Lane>>();
  readonly #rates: LimitGate<Lane>[] = [];

  constructor(keeper: GateKeeper<Lane>, warn: ((text: string) => void) | undefined) {
    this.#keeper = keeper;
    this.#warn = warn;
  }

  /** The gates of rate limits. */
  get rates(): readonly LimitGate<Lane>[] {
    return this.#rates;
  }

  /** Only then does time matter. */
  get haveRates(): boolean {
    return this.#rates.length > 0;
  }

  /** @throws MillraceError `LIMIT_CONFLICT`, `PRIORITY_INVALID` */
  laneOf(priority: number, limits: readonly ConcurrencyLimit[] | undefined): Lane {
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
      const gate = gates.get(limit.name) ?? this.#gates.get(limit.name) ?? new LimitGate<Lane>(limit, this.#keeper);
      if (!gate.means(limit)) throw limitConflict(gate.limit, limit);
      gates.set(limit.name, gate);
    }
    for (const [name, gate] of gates) if (!this.#gates.has(name)) this.#accept(name, gate);
    return [...gates.keys()].sort().map((name) => gates.get(name) as LimitGate<Lane>);
  }

  #accept(name: string, gate: LimitGate<Lane>): void {
    this.#gates.set(name, gate);
    if (gate.isRate) this.#rates.push(gate);
    const other = gate.otherMeaning;
    if (other !== undefined) this.#warn?.(overruling(gate.limit, other, 'another run of this process'));
  }
}
