import pLimit from 'p-limit';
import type { ResultStore } from '../model/result-store.js';
import { rememberStore } from './known-stores.js';
import type { S3Objects } from './s3/s3-client.js';
import { asS3Error, isAbsent } from './s3/s3-error.js';
import { REQUESTS_AT_ONCE, type S3Settings, type S3StoreOptions, s3Settings } from './s3/s3-options.js';
import { readObject } from './s3/s3-read.js';
import { createS3Writer, type S3Writer, SourceFailed } from './s3/s3-write.js';
import { encodeKey, nothingAt } from './store-address.js';
import { checkStoreKey, checkStorePrefix, invalidKey } from './store-key.js';

export type { S3StoreOptions } from './s3/s3-options.js';

/**
 * Results as objects in a bucket of Amazon S3, or of any server that speaks its protocol. Making one loads nothing and connects to nothing.
 *
 * Throws MillraceError `OPTION_INVALID` when made; `STORE_KEY_INVALID`, `RESULT_MISSING`, `STORE_BUCKET_MISSING`, `STORE_NO_CREDENTIALS`,
 * `STORE_CREDENTIALS_REFUSED`, `STORE_ACCESS_DENIED`, `STORE_REGION_WRONG`, `STORE_NO_REGION`, `STORE_UNREACHABLE` and `STORE_FAILED` when used.
 */
export function s3Store(options: S3StoreOptions): ResultStore {
  return rememberStore(new S3Store(s3Settings(options)));
}

/** What S3 takes as the name of an object, in bytes of UTF-8. */
const LONGEST_NAME = 1_024;

type Limit = ReturnType<typeof pLimit>;

interface Opened {
  readonly objects: S3Objects;
  readonly writer: S3Writer;
}

class S3Store implements ResultStore {
  readonly scheme = 's3';
  readonly location: string;
  readonly #settings: S3Settings;
  readonly #uploads: Limit;
  readonly #requests = pLimit(REQUESTS_AT_ONCE);
  #opened: Promise<Opened> | undefined;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.location = `s3://${settings.bucket}/${encodeKey(settings.prefix)}`;
    this.#uploads = pLimit(settings.uploads);
  }

  async head(key: string): Promise<{ bytes: number; etag?: string; modified: Date } | undefined> {
    const name = this.#nameOf(key);
    return await this.#use(this.#requests, async ({ objects }) => {
      const head = await objects.head(name);
      return head && { bytes: head.bytes, modified: head.modified, ...(head.etag === undefined ? {} : { etag: head.etag }) };
    });
  }

  async read(key: string, { signal }: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const name = this.#nameOf(key);
    return await this.#use(this.#requests, async ({ objects }) => {
      try {
        return await readObject(objects, name, this.#settings.maxAttempts, signal);
      } catch (error) {
        if (signal?.aborted) throw new SourceFailed(signal.reason);
        throw isAbsent(error) ? nothingAt(this, key) : error;
      }
    });
  }

  async write(
    key: string,
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
    { ifAbsent = false, meta = {} }: { ifAbsent?: boolean; meta?: Record<string, string> } = {},
  ): Promise<{ created: boolean }> {
    const name = this.#nameOf(key);
    return await this.#use(this.#uploads, async ({ writer }) => ({ created: await writer.write(name, bytes, { ifAbsent, meta }) }));
  }

  async delete(key: string): Promise<void> {
    const name = this.#nameOf(key);
    await this.#use(this.#requests, ({ objects }) => objects.delete(name));
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkStorePrefix(prefix);
    const start = this.#settings.prefix;
    let next: string | undefined;
    do {
      const page = await this.#use(this.#requests, ({ objects }) => objects.page(start + prefix, next));
      for (const name of page.names) {
        const key = name.slice(start.length);
        if (isKey(key)) yield key;
      }
      next = page.next;
    } while (next !== undefined);
  }

  #nameOf(key: string): string {
    checkStoreKey(key);
    const name = this.#settings.prefix + key;
    if (Buffer.byteLength(name) > LONGEST_NAME) throw invalidKey(key, `is longer than ${LONGEST_NAME} bytes with the store's prefix`);
    return name;
  }

  async #use<T>(limit: Limit, work: (opened: Opened) => Promise<T>): Promise<T> {
    try {
      this.#opened ??= this.#open();
      const opened = await this.#opened;
      return await limit(() => work(opened));
    } catch (error) {
      if (error instanceof SourceFailed) throw error.thrown;
      throw asS3Error(error, this.#settings);
    }
  }

  async #open(): Promise<Opened> {
    try {
      const { openS3 } = await import('./s3/s3-client.js');
      const objects = await openS3(this.#settings);
      return { objects, writer: createS3Writer(objects, this.#settings) };
    } catch (error) {
      // Settings of the SDK that were missing may be there next time.
      this.#opened = undefined;
      throw error;
    }
  }
}

/** What other programs put into the bucket may have names that are no keys, such as the marks of folders in a web console. */
function isKey(key: string): boolean {
  try {
    checkStoreKey(key);
    return true;
  } catch {
    return false;
  }
}
