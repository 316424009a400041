import { Fifo } from '../base/fifo.js';
import type { LimitGate } from './limit-gate.js';
import type { Offer } from './shared-limit.js';

/**
 * The waiting nodes of one priority and one combination of limits, in order of arrival. What holds for the first holds for all behind it, so
 * a full limit stops a lane as a whole: nodes never leave their place, however many there are.
 */
export class Lane implements Offer {
  readonly priority: number;
  readonly gates: readonly LimitGate<Lane>[];
  /** Units that a node takes of each of them. */
  readonly units: readonly number[];
  /** Those of them that a node gives back when it ends. */
  readonly held: readonly LimitGate<Lane>[];
  /** The gate it waits at; undefined while it is open, or empty. */
  parkedAt: LimitGate<Lane> | undefined;
  /** When the first node arrived, as a place among all arrivals; without meaning in an empty lane. */
  arrival = 0;
  /** How often the first node found one of its limits full when its turn had come. */
  misses = 0;
  /** Those behind it leave its units of each limit free. */
  isKept = false;
  readonly #nodes = new Fifo();
  /** Of all nodes but the first. */
  readonly #arrivals = new Fifo();

  constructor(priority: number, gates: readonly LimitGate<Lane>[], units: readonly number[]) {
    this.priority = priority;
    this.gates = gates;
    this.units = units;
    this.held = gates.filter(({ isRate }) => !isRate);
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Units that each of its nodes takes. */
  unitsOf(gate: LimitGate<Lane>): number {
    return this.units[this.gates.indexOf(gate)] ?? 1;
  }

  /** Whether its first node would start, or look at a later gate, if this one had room: gates are looked at in order. */
  isHeldUpBy(gate: LimitGate<Lane>): boolean {
    return this.size > 0 && (this.isKept || this.parkedAt === undefined || this.gates.indexOf(gate) <= this.gates.indexOf(this.parkedAt));
  }

  /** It needs several things at once, which may never come free together. */
  get isHardToServe(): boolean {
    return this.gates.length > 1 || (this.units[0] ?? 1) > 1;
  }

  push(node: number, arrival: number): void {
    if (this.#nodes.size === 0) this.arrival = arrival;
    else this.#arrivals.push(arrival);
    this.#nodes.push(node);
  }

  /** Of a lane in which one waits. */
  shift(): number {
    this.misses = 0;
    this.arrival = this.#arrivals.shift() ?? this.arrival;
    return this.#nodes.shift() as number;
  }
}
