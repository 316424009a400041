import { systemClock } from '../base/clock.js';
import { LimitExchange } from '../engine/limit-exchange.js';
import { LimitRegistry } from '../engine/limit-registry.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import type { RunRecord } from '../runs/run-record.js';

/** The named limits of a project whose record other processes share (S14). */
export class SharedLimits {
  readonly registry: LimitRegistry;
  readonly #exchange: LimitExchange;

  private constructor(exchange: LimitExchange) {
    this.#exchange = exchange;
    this.registry = new LimitRegistry(exchange);
  }

  /** Undefined where the record goes with the process, or cannot be written: then limits are those of the process. */
  static of(record: RunRecord): SharedLimits | undefined {
    const { heartbeat: target } = record;
    if (target === undefined) return undefined;
    const connect = async () => await (await import('../runs/limits/limit-record.js')).LimitRecord.open(target);
    const look = async (runs: readonly string[]): Promise<boolean> => {
      // Whoever looks marks those whose owner is gone.
      const found = await Promise.all(runs.map((run) => record.run(run)));
      return found.some((run) => run === undefined || FINAL_RUN_STATES.has(run.state));
    };
    return new SharedLimits(new LimitExchange({ connect, look, clock: systemClock, random: Math.random }));
  }

  async close(): Promise<void> {
    await this.#exchange.close();
  }
}
