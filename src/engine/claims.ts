import type { Clock } from '../base/clock.js';
import type { CacheEntryRow } from '../model/records.js';
import type { Claim, RunRecord } from '../runs/run-record.js';

/** A claim ends with its run, and when that is taken from its owner; a week is for what nobody has thought of. */
const LEASE_MS = 7 * 24 * 3_600_000;
/** How long to wait before asking again for what others compute: at first, and at most. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

export interface ClaimsParts {
  readonly record: RunRecord;
  readonly run: string;
  readonly epoch: number;
  readonly clock: Clock;
  /** Is told of what other runs have computed meanwhile. */
  readonly learn: (entries: readonly CacheEntryRow[]) => void;
}

interface Waiting {
  readonly claim: Claim;
  /** How many results of others were known for its key when it was last looked up. */
  readonly known: number;
  readonly resolve: (isOurs: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Among processes that share a record the same key is computed once (S24): before a run computes it, it claims it, and what others have
 * claimed it waits for. All that is asked for in one turn of the loop is one transaction.
 */
export class Claims {
  readonly #parts: ClaimsParts;
  readonly #held = new Set<string>();
  /** By key, how many results of other runs have become known since this one began. */
  readonly #learned = new Map<string, number>();
  #asked: Waiting[] = [];
  #isAsking = false;
  /** What others compute. */
  readonly #waiting = new Map<string, Waiting>();
  #pauseMs = FIRST_PAUSE_MS;
  #stopPause: (() => void) | undefined;
  #closed = false;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
  }

  /** True: it is this run's to compute. False: somebody has computed it, so the question is another one now. */
  take(claim: Claim): Promise<boolean> {
    if (this.#held.has(claim.key)) return Promise.resolve(true);
    return new Promise((resolve, reject) => {
      this.#asked.push({ claim, known: this.#learned.get(claim.key) ?? 0, resolve, reject });
      this.#askSoon();
    });
  }

  /** The key has been computed, or will not be. True: it was claimed, so the record is owed a word. */
  release(key: string): boolean {
    return this.#held.delete(key);
  }

  /** Nothing more is claimed; what is held goes with the end of the run. */
  close(): void {
    this.#closed = true;
    this.#stopPause?.();
    this.#waiting.clear();
  }

  /** When the code that now runs has asked for all it needs. */
  #askSoon(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    queueMicrotask(() => void this.#ask());
  }

  async #ask(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    this.#isAsking = false;
    const { record, run, epoch, learn } = this.#parts;
    try {
      const { held, entries } = await record.claim({ run, epoch, claims: asked.map(({ claim }) => claim), leaseMs: LEASE_MS });
      learn(entries);
      for (const { key } of entries) this.#learned.set(key, (this.#learned.get(key) ?? 0) + 1);
      for (const one of asked) this.#answer(one, held.has(one.claim.key));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    if (this.#closed) return;
    if (this.#waiting.size > 0) this.#askAgainLater();
  }

  #answer(one: Waiting, isHeld: boolean): void {
    const { key } = one.claim;
    const isAnswered = (this.#learned.get(key) ?? 0) > one.known;
    if (!isHeld) this.#held.add(key);
    else if (!isAnswered) return void this.#waiting.set(key, one);
    this.#pauseMs = FIRST_PAUSE_MS;
    one.resolve(!isAnswered);
  }

  #askAgainLater(): void {
    this.#stopPause ??= this.#parts.clock.schedule(this.#pauseMs, () => {
      this.#stopPause = undefined;
      this.#asked.push(...this.#waiting.values());
      this.#waiting.clear();
      this.#askSoon();
    });
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }
}
