import { asError } from '../base/error.js';
import type { TellService } from './service-event.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

interface Trouble {
  readonly times: number;
  readonly notBefore: number;
}

/**
 * Keeps a service going when a step of it fails: a database that is away, a full disk. What fails is told once, tried again after ever longer pauses,
 * and told once more when it is over.
 */
export class Troubles {
  readonly #tell: TellService;
  readonly #troubles = new Map<string, Trouble>();

  constructor(tell: TellService) {
    this.#tell = tell;
  }

  /** @returns what the job gave; undefined where it failed, or is not to be tried again yet */
  async attempt<T>(step: string, now: number, job: () => Promise<T>): Promise<T | undefined> {
    const before = this.#troubles.get(step);
    // A clock that was set back does not make the pause longer than it is.
    if (before !== undefined && now < before.notBefore && before.notBefore - now <= LONGEST_PAUSE_MS) return undefined;
    try {
      const result = await job();
      if (this.#troubles.delete(step)) this.#tell({ type: 'trouble-over', step });
      return result;
    } catch (error) {
      const times = (before?.times ?? 0) + 1;
      this.#troubles.set(step, { times, notBefore: now + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1)) });
      if (times === 1) this.#tell({ type: 'trouble', step, error: asError(error).message });
      return undefined;
    }
  }
}
