import { describe, MillraceError } from '../base/error.js';

/** Where result bytes lie. A port of few methods; the contract suite is in `millrace/testing`. Keys are relative, `/`-separated. */
export interface ResultStore {
  /** The scheme of the uris of what it holds: `file`, `memory`, `s3`. */
  readonly scheme: string;
  /**
   * Where the store is, ending in a slash: `s3://bucket/prefix/`. The uri of a result is this and its key, percent-encoded, so that it is
   * found again by that. Left out where stores of a scheme cannot be told apart: then it is `scheme:key`.
   */
  readonly location?: string;
  head(key: string): Promise<{ bytes: number; etag?: string; modified: Date } | undefined>;
  /** @throws MillraceError `RESULT_MISSING` when nothing lies at `key` */
  read(key: string, options?: { signal?: AbortSignal }): Promise<Uint8Array>;
  /** Atomic: a reader sees the old bytes, the new bytes or nothing. With `ifAbsent` the first writer wins and later ones get `created: false`. */
  write(
    key: string,
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { ifAbsent?: boolean; meta?: Record<string, string> },
  ): Promise<{ created: boolean }>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  list(prefix: string): AsyncIterable<string>;
  /** The path of a value on this machine, for stores that have one. */
  localPath?(key: string): string | undefined;
  /** For stores in a folder of this machine: where files may lie that `adopt` shall take over. */
  readonly spoolFolder?: string;
  /** As `write`, of a file in `spoolFolder`, which is moved and not copied. With `ifAbsent`, one that comes too late is removed. */
  adopt?(path: string, key: string, options?: { ifAbsent?: boolean }): Promise<{ created: boolean }>;
}

/** @throws MillraceError with the code given, when what stands as the `store` of a task or flow is none */
export function checkResultStore(store: unknown, code: 'TASK_OPTION_INVALID' | 'FLOW_OPTION_INVALID', whose: string): void {
  if (store === undefined) return;
  const methods = ['head', 'read', 'write', 'delete', 'list'] as const;
  const isStore = typeof store === 'object' && store !== null && methods.every((name) => typeof (store as ResultStore)[name] === 'function');
  if (isStore) return;
  throw new MillraceError(code, `expected 'store'${whose} to be a store of results; got ${describe(store)}`, {
    hint: 'localStore(dir), memoryStore(), s3Store({ bucket }), or your own.',
  });
}
