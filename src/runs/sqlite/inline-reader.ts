import type { SqliteConnection } from './connection.js';
import { findInline } from './look-ups.js';

interface Asked {
  readonly digests: readonly string[];
  readonly answer: (found: ReadonlyMap<string, Uint8Array>) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Reads small results. Each is asked for by itself, many in one turn of the event loop: those are looked up together, since a transaction
 * of its own costs each one three times what its look-up does.
 */
export class InlineReader {
  readonly #connection: SqliteConnection;
  #asked: Asked[] = [];

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  read(digests: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    return new Promise((answer, fail) => {
      this.#asked.push({ digests, answer, fail });
      if (this.#asked.length === 1) queueMicrotask(() => void this.#readAll());
    });
  }

  async #readAll(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    try {
      const found = await this.#connection.read(() => findInline(this.#connection, new Set(asked.flatMap(({ digests }) => digests))));
      for (const { digests, answer } of asked) answer(pick(found, digests));
    } catch (error) {
      // One digest that is none must not spoil the look-ups of others.
      if (asked.length > 1) for (const one of asked) void this.#readOne(one);
      else asked[0]?.fail(error);
    }
  }

  async #readOne({ digests, answer, fail }: Asked): Promise<void> {
    try {
      answer(await this.#connection.read(() => findInline(this.#connection, new Set(digests))));
    } catch (error) {
      fail(error);
    }
  }
}

function pick(found: ReadonlyMap<string, Uint8Array>, digests: readonly string[]): ReadonlyMap<string, Uint8Array> {
  const picked = new Map<string, Uint8Array>();
  for (const digest of digests) {
    const bytes = found.get(digest);
    if (bytes !== undefined) picked.set(digest, bytes);
  }
  return picked;
}
