import pLimit from 'p-limit';
import type { ResultStore } from '../model/result-store.js';
import { rememberStore } from './known-stores.js';
import type { S3Access } from './s3/s3-access.js';
import { asS3Error, isAbsent, NotOfS3 } from './s3/s3-error.js';
import { REQUESTS_AT_ONCE, type S3Settings, type S3StoreOptions, s3Settings } from './s3/s3-options.js';
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

class S3Store implements ResultStore {
  readonly scheme = 's3';
  readonly location: string;
  readonly #settings: S3Settings;
  readonly #uploads: Limit;
  readonly #requests = pLimit(REQUESTS_AT_ONCE);
  #access: Promise<S3Access> | undefined;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.location = `s3://${settings.bucket}/${encodeKey(settings.prefix)}`;
    this.#uploads = pLimit(settings.uploads);
  }

  async head(key: string): Promise<{ bytes: number; etag?: string; modified: Date } | undefined> {
    const name = this.#nameOf(key);
    return await this.#use(this.#requests, async (access) => {
      const head = await access.head(name);
      return head && { bytes: head.bytes, modified: head.modified, ...(head.etag === undefined ? {} : { etag: head.etag }) };
    });
  }

  async read(key: string, { signal }: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const name = this.#nameOf(key);
    return await this.#use(this.#requests, async (access) => {
      try {
        return await access.read(name, signal);
      } catch (error) {
        if (signal?.aborted) throw new NotOfS3(signal.reason);
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
    return await this.#use(this.#uploads, async (access) => ({ created: await access.write(name, bytes, { ifAbsent, meta }) }));
  }

  async delete(key: string): Promise<void> {
    const name = this.#nameOf(key);
    await this.#use(this.#requests, (access) => access.delete(name));
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkStorePrefix(prefix);
    const start = this.#settings.prefix;
    let next: string | undefined;
    do {
      const page = await this.#use(this.#requests, (access) => access.page(start + prefix, next));
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

  async #use<T>(limit: Limit, work: (access: S3Access) => Promise<T>): Promise<T> {
    try {
      this.#access ??= this.#open();
      const access = await this.#access;
      return await limit(() => work(access));
    } catch (error) {
      throw asS3Error(error, this.#settings);
    }
  }

  async #open(): Promise<S3Access> {
    try {
      const { openS3Access } = await import('./s3/s3-access.js');
      return await openS3Access(this.#settings);
    } catch (error) {
      // Settings of the SDK that were missing may be there next time.
      this.#access = undefined;
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
