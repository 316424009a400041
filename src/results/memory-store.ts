import { createRequire } from 'node:module';
import type NodeCache from 'node-cache';
import { describe, MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';
import type { ResultStore } from '../model/result-store.js';
import { nothingAt } from './store-address.js';
import { checkStoreKey, checkStorePrefix } from './store-key.js';

export interface MemoryStoreOptions {
  /** When more than this is held, the oldest results go. @default 268435456 (256 MiB) */
  readonly maxBytes?: number;
  /** Results older than this many milliseconds are gone. @default no limit */
  readonly ttlMs?: number;
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly modified: Date;
}

/**
 * Results in the memory of this process: for tests, and for values worth less than the disk they would take. What was evicted counts as
 * missing and is computed again when needed.
 *
 * Throws MillraceError `STORE_KEY_INVALID`, `RESULT_MISSING`, `RESULT_TOO_LARGE`, and `OPTION_INVALID` when made.
 */
export function memoryStore(options: MemoryStoreOptions = {}): ResultStore {
  refuseOtherOptions(options, ['maxBytes', 'ttlMs'], 'OPTION_INVALID', ' of memoryStore()');
  return new MemoryStore(options.maxBytes ?? 256 * 1024 * 1024, options.ttlMs);
}

/** Loaded with the first result that is kept in memory: most programs keep none, and keeping one begins synchronously. */
function loadNodeCache(): typeof NodeCache {
  return createRequire(import.meta.url)('node-cache') as typeof NodeCache;
}

/** Keeps the names of keys apart from those of `Object.prototype`, and from numbers, which objects do not list by age. */
const NAME = 'key:';

class MemoryStore implements ResultStore {
  readonly scheme = 'memory';
  readonly #maxBytes: number;
  readonly #ttlMs: number | undefined;
  #made: NodeCache | undefined;
  #bytes = 0;

  constructor(maxBytes: number, ttlMs: number | undefined) {
    if (!(maxBytes > 0)) throw invalid('maxBytes', maxBytes);
    if (ttlMs !== undefined && !(ttlMs > 0 && Number.isFinite(ttlMs))) throw invalid('ttlMs', ttlMs);
    this.#maxBytes = maxBytes;
    this.#ttlMs = ttlMs;
  }

  /** Made with the first result: a run in memory often keeps none. */
  get #cache(): NodeCache {
    this.#made ??= this.#make();
    return this.#made;
  }

  #make(): NodeCache {
    const made = new (loadNodeCache())({
      // Clones cost much and gain nothing here: bytes are copied on the way in and out.
      useClones: false,
      stdTTL: this.#ttlMs === undefined ? 0 : this.#ttlMs / 1_000,
      checkperiod: this.#ttlMs === undefined ? 0 : 60,
    });
    made.on('del', (_name: string, entry: Entry) => {
      this.#bytes -= entry.bytes.length;
    });
    return made;
  }

  async head(key: string): Promise<{ bytes: number; modified: Date } | undefined> {
    const entry = this.#find(key);
    return entry === undefined ? undefined : { bytes: entry.bytes.length, modified: entry.modified };
  }

  async read(key: string, options: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const entry = this.#find(key);
    if (entry === undefined) throw nothingAt(this, key);
    return Uint8Array.from(entry.bytes);
  }

  async write(key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>, options: { ifAbsent?: boolean } = {}): Promise<{ created: boolean }> {
    checkStoreKey(key);
    const copy = bytes instanceof Uint8Array ? Uint8Array.from(bytes) : await collect(bytes);
    if (copy.length > this.#maxBytes) {
      throw new MillraceError('RESULT_TOO_LARGE', `the memory store holds at most ${this.#maxBytes} bytes; '${key}' has ${copy.length}`, {
        hint: 'Raise maxBytes, or give the task a store on disk: localStore(dir).',
      });
    }
    // Nothing is awaited from here on: looking and writing are one step for every other writer.
    if (options.ifAbsent === true && this.#find(key) !== undefined) return { created: false };
    this.#cache.del(NAME + key);
    this.#makeRoom(copy.length);
    this.#bytes += copy.length;
    this.#cache.set<Entry>(NAME + key, { bytes: copy, modified: new Date() });
    return { created: true };
  }

  async delete(key: string): Promise<void> {
    checkStoreKey(key);
    this.#cache.del(NAME + key);
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkStorePrefix(prefix);
    for (const name of this.#cache.keys().sort()) {
      const key = name.slice(NAME.length);
      if (key.startsWith(prefix) && this.#cache.has(name)) yield key;
    }
  }

  #find(key: string): Entry | undefined {
    checkStoreKey(key);
    return this.#cache.get<Entry>(NAME + key);
  }

  /** node-cache refuses when it is full and never evicts; its keys come by age, since a key written anew is deleted first. */
  #makeRoom(needed: number): void {
    if (this.#bytes + needed <= this.#maxBytes) return;
    for (const name of this.#cache.keys()) {
      this.#cache.del(name);
      if (this.#bytes + needed <= this.#maxBytes) return;
    }
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const collected: Uint8Array[] = [];
  for await (const piece of pieces) collected.push(Uint8Array.from(piece));
  return Buffer.concat(collected);
}

function invalid(option: string, got: unknown): MillraceError {
  return new MillraceError('OPTION_INVALID', `memoryStore expected '${option}' to be a number above 0; got ${describe(got)}`);
}
