import { nameKind } from '../../base/value-path.js';
import type { Serializer } from '../../model/serializer.js';
import { notStorable } from '../json-encode.js';

/**
 * Bytes as they are: images, archives, models of other programs. A Uint8Array comes back as one, a Buffer as a Buffer.
 *
 * A task may also return a `ReadableStream`, a Node `Readable` or an async iterable of Uint8Arrays: it goes to the store piece by piece,
 * never whole in memory, and what comes after gets a `ResultStream`, which can be read again and again.
 *
 * `encode` throws MillraceError `RESULT_NOT_STORABLE` for anything else.
 */
// biome-ignore lint/suspicious/noExplicitAny: which of them it is, the task says
export function bytes<T extends Uint8Array | AsyncIterable<Uint8Array> = any>(): Serializer<T> {
  return BYTES as Serializer;
}

const BYTES: Serializer<Uint8Array> = Object.freeze({
  exact: true,
  name: 'bytes',
  ext: 'bin',
  contentType: 'application/octet-stream',
  encode: asBytes,
  decode: (stored: Uint8Array) => new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength),
});

/** What `bytes` does with a Buffer; of a name of its own, so that it comes back as one. */
export const BUFFER: Serializer<Uint8Array> = Object.freeze({
  ...BYTES,
  name: 'buffer',
  decode: (stored: Uint8Array) => Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength),
});

function asBytes(value: unknown): Uint8Array {
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (prototype === Uint8Array.prototype || prototype === Buffer.prototype) return value as Uint8Array;
  throw notStorable('', `is ${nameKind(value)}; 'bytes' takes a Uint8Array, a Buffer or a stream of them`);
}
