import { describe, MillraceError } from '../base/error.js';

/** Turns values into bytes and back. Ported to any format; the contract suite is in `millrace/testing`. */
// biome-ignore lint/suspicious/noExplicitAny: a serializer of anything must accept a serializer of something
export interface Serializer<T = any> {
  /**
   * True: what is decoded equals what was encoded. When it is not exact (CSV), downstream gets `decode(encode(value))`,
   * computed or reused alike (S16).
   * @default true
   */
  readonly exact?: boolean;
  /** Recorded with each artifact; names the decoder for ever. */
  readonly name: string;
  /** File extension without the dot. */
  readonly ext: string;
  readonly contentType?: string;
  accepts?(value: unknown): value is T;
  encode(value: T): Uint8Array | Promise<Uint8Array> | AsyncIterable<Uint8Array>;
  decode(bytes: Uint8Array, meta: Record<string, string>): T | Promise<T>;
}

/** @throws MillraceError `TASK_OPTION_INVALID` when what stands as a serializer is none. @param what the option, as text */
export function checkSerializer(serializer: unknown, what: string): void {
  if (serializer === undefined) return;
  const { name, ext, encode, decode } = Object(serializer) as Partial<Serializer>;
  if (typeof name === 'string' && typeof ext === 'string' && typeof encode === 'function' && typeof decode === 'function') return;
  throw new MillraceError('TASK_OPTION_INVALID', `expected ${what} to be a serializer; got ${describe(serializer)}`, {
    hint:
      typeof serializer === 'function' ? `Call it: ${serializer.name || 'serializer'}().` : 'json(), parquet(), csv(), text(), bytes(), or your own.',
  });
}
