import type { Clock } from '../base/clock.js';
import { asError } from '../base/error.js';
import type { UntoldCrash } from '../runs/service/crashes.js';
import type { ServiceRecord } from '../runs/service/service-record.js';
import type { Definitions } from './servable-flow.js';
import type { TellService } from './service-event.js';

/** @param file where its flow is defined; undefined: in this process @throws Error when it cannot be told: it is tried again */
export type CrashTelling = (crash: UntoldCrash, file: string | undefined) => Promise<void>;

export interface CrashTellerOptions {
  readonly record: Pick<ServiceRecord, 'untoldCrashes'>;
  readonly definitions: Definitions;
  readonly clock: Clock;
  readonly tell: TellService;
  readonly tellCrash: CrashTelling;
}

/** What crashed longer ago, while no service ran, is no news any more. */
const NEWS_MS = 86_400_000;
/** Told at the same time: places to tell may be slow. */
const AT_ONCE = 2;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;

interface Failure {
  readonly times: number;
  readonly notBefore: number;
}

/**
 * Sees to it that those are told whom flows name for crashes: of runs whose process is gone, and so cannot tell. Beside the service's turns: whoever
 * is told may be slow. Who tells of a run claims it first, so that of many services one does.
 */
export class CrashTeller {
  readonly #options: CrashTellerOptions;
  readonly #going = new Set<string>();
  readonly #failures = new Map<string, Failure>();

  constructor(options: CrashTellerOptions) {
    this.#options = options;
  }

  /** Runs that somebody is being told of. */
  get count(): number {
    return this.#going.size;
  }

  /** @throws what the record throws */
  async look(now: number): Promise<void> {
    if (this.#going.size >= AT_ONCE) return;
    const { record, definitions } = this.#options;
    const flows = new Map(definitions.flows().map((flow) => [flow.data.name, flow]));
    const untold = await record.untoldCrashes(now - NEWS_MS);
    for (const run of this.#failures.keys()) if (!untold.some((crash) => crash.run === run)) this.#failures.delete(run);
    for (const crash of untold) {
      const flow = flows.get(crash.flow);
      if (flow === undefined || this.#going.has(crash.run) || now < (this.#failures.get(crash.run)?.notBefore ?? 0)) continue;
      void this.#tell(crash, flow.file);
      if (this.#going.size >= AT_ONCE) return;
    }
  }

  /** Never rejects. */
  async #tell(crash: UntoldCrash, file: string | undefined): Promise<void> {
    const { clock, tell, tellCrash } = this.#options;
    this.#going.add(crash.run);
    try {
      await tellCrash(crash, file);
      this.#failures.delete(crash.run);
    } catch (error) {
      const times = (this.#failures.get(crash.run)?.times ?? 0) + 1;
      this.#failures.set(crash.run, { times, notBefore: clock.now() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1)) });
      if (times === 1) tell({ type: 'trouble', step: `telling of the crash of run ${crash.run}`, error: asError(error).message });
    } finally {
      this.#going.delete(crash.run);
    }
  }
}
