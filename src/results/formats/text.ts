import { isUtf8 } from 'node:buffer';
import { MillraceError } from '../../base/error.js';
import { nameKind } from '../../base/value-path.js';
import { isWellFormed } from '../../base/well-formed.js';
import type { Serializer } from '../../model/serializer.js';
import { notStorable } from '../json-encode.js';

/**
 * A string as UTF-8 and nothing else: reports, HTML, SQL. A task may also return a stream of strings or bytes; see `bytes`.
 *
 * `encode` throws MillraceError `RESULT_NOT_STORABLE` for what is no string, or one with half a surrogate pair; `decode` throws
 * `RESULT_UNREADABLE` for bytes that are no UTF-8.
 */
// biome-ignore lint/suspicious/noExplicitAny: which of them it is, the task says
export function text<T extends string | AsyncIterable<string | Uint8Array> = any>(): Serializer<T> {
  return TEXT as Serializer;
}

const TEXT: Serializer<string> = Object.freeze({
  exact: true,
  name: 'text',
  ext: 'txt',
  contentType: 'text/plain; charset=utf-8',
  encode: (value: string) => {
    if (typeof value !== 'string') throw notStorable('', `is ${nameKind(value)}; 'text' takes a string`);
    if (!isWellFormed(value)) throw notStorable('', 'has half a surrogate pair in it, which UTF-8 cannot say');
    return Buffer.from(value);
  },
  decode: (bytes: Uint8Array) => {
    if (!isUtf8(bytes)) throw new MillraceError('RESULT_UNREADABLE', 'the stored bytes are no UTF-8');
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  },
});
