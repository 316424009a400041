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
