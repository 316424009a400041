import type { CacheEntryRow } from '../../model/records.js';
import type { Claim } from '../run-record.js';

interface Held {
  readonly run: string;
  readonly until: number;
}

/** Who is computing a key, among the runs of this process; and what each of them has not been told yet that others have computed. */
export class MemoryClaims {
  readonly #held = new Map<string, Held>();
  readonly #untold = new Map<string, CacheEntryRow[]>();

  opened(run: string): void {
    this.#untold.set(run, []);
  }

  /** The run is over. */
  ended(run: string): void {
    this.#untold.delete(run);
    for (const [key, held] of this.#held) if (held.run === run) this.#held.delete(key);
  }

  written(entry: CacheEntryRow): void {
    for (const [run, untold] of this.#untold) if (run !== entry.run) untold.push(entry);
  }

  /** @returns by key, the run that is computing what could not be claimed */
  take(run: string, claims: readonly Claim[], now: number, leaseMs: number, isLost: (run: string) => boolean): ReadonlyMap<string, string> {
    const others = new Map<string, string>();
    for (const { key } of claims) {
      const held = this.#held.get(key);
      if (held !== undefined && held.run !== run && held.until > now && !isLost(held.run)) others.set(key, held.run);
      else this.#held.set(key, { run, until: now + leaseMs });
    }
    return others;
  }

  /** What others have written since the run was opened, or last asked. */
  news(run: string): readonly CacheEntryRow[] {
    return this.#untold.get(run)?.splice(0) ?? [];
  }

  /** @returns the keys that had been taken from the run meanwhile */
  release(run: string, keys: readonly string[]): ReadonlySet<string> {
    const taken = new Set<string>();
    for (const key of keys) {
      if (this.#held.get(key)?.run === run) this.#held.delete(key);
      else taken.add(key);
    }
    return taken;
  }

  clear(): void {
    this.#held.clear();
    this.#untold.clear();
  }
}
