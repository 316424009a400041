import { systemClock } from '../../base/clock.js';
import type { S3Objects } from './s3-client.js';
import { isConflict } from './s3-error.js';

const FIRST_DELAY_MS = 50;

/**
 * The bytes of an object. The SDK repeats requests that were not answered; an answer that breaks off in the middle is ours to mend: the rest
 * is asked for, of the same object (`If-Match`), so that what comes is never half of one version and half of another.
 */
export async function readObject(objects: S3Objects, name: string, maxAttempts: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const part = new PartialBody();
  for (let attempt = 1; ; attempt++) {
    try {
      const body = await objects.get(name, { from: part.length, etag: part.etag, signal });
      if (await part.take(body.pieces, body, signal)) return part.whole();
    } catch (error) {
      signal?.throwIfAborted();
      // It was replaced since; from the start, then.
      if (!isConflict(error) || part.length === 0) throw error;
      part.clear();
    }
    if (attempt >= maxAttempts) throw part.failure;
    await new Promise<void>((resolve) => void systemClock.schedule(FIRST_DELAY_MS * 2 ** (attempt - 1), resolve));
  }
}

/** What has arrived so far. */
class PartialBody {
  #pieces: Uint8Array[] = [];
  #length = 0;
  #etag: string | undefined;
  failure: unknown;

  get length(): number {
    return this.#length;
  }

  get etag(): string | undefined {
    return this.#etag;
  }

  /** @returns whether all of it is there */
  async take(
    pieces: AsyncIterable<Uint8Array>,
    { bytes, etag, partial }: { readonly bytes: number; readonly etag: string | undefined; readonly partial: boolean },
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    if (!partial) this.clear();
    this.#etag = etag;
    const expected = this.#length + bytes;
    try {
      for await (const piece of pieces) {
        this.#pieces.push(piece);
        this.#length += piece.length;
      }
      if (this.#length === expected) return true;
      this.failure = Object.assign(new Error(`the answer broke off after ${this.#length} of ${expected} bytes`), { code: 'ECONNRESET' });
    } catch (error) {
      signal?.throwIfAborted();
      this.failure = error;
    }
    // All of it came and was refused, by its checksum; or none of it can be trusted to be of one object.
    if (this.#length >= expected || this.#etag === undefined) this.clear();
    return false;
  }

  clear(): void {
    this.#pieces = [];
    this.#length = 0;
  }

  whole(): Uint8Array {
    const [first] = this.#pieces;
    // Small bodies come as parts of a pool that others use.
    return this.#pieces.length === 1 && first ? Uint8Array.from(first) : new Uint8Array(Buffer.concat(this.#pieces, this.#length));
  }
}
