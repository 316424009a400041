/** Where result bytes lie. A port of few methods; the contract suite is in `millrace/testing`. Keys are relative, `/`-separated. */
export interface ResultStore {
  /** The scheme of the uris of what it holds: `file`, `memory`, `s3`. */
  readonly scheme: string;
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
