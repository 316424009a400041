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
  /** Those of them that a node gives back when it ends. */
  readonly held: readonly LimitGate<Lane>[];
  /** When the first node arrived, as a place among all arrivals; without meaning in an empty lane. */
  arrival = 0;
  /** How often the first node found one of its limits full when its turn had come. */
  misses = 0;
  readonly #nodes = new Fifo();
  /** Of all nodes but the first. */
  readonly #arrivals = new Fifo();

  constructor(priority: number, gates: readonly LimitGate<Lane>[]) {
    this.priority = priority;
    this.gates = gates;
    this.held = gates.filter(({ isRate }) => !isRate);
  }

  get size(): number {
    return this.#nodes.size;
  }

  push(node: number, arrival: number): void {
    if (this.#nodes.size === 0) this.arrival = arrival;
    else this.#arrivals.push(arrival);
    this.#nodes.push(node);
  }

  shift(): number {
    this.misses = 0;
    if (this.#arrivals.size > 0) this.arrival = this.#arrivals.shift();
    return this.#nodes.shift();
  }
}
