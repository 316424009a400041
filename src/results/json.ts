import { asError, MillraceError } from '../base/error.js';
import type { Serializer } from '../model/serializer.js';
import { revive } from './json-decode.js';
import { notStorable, toPlain } from './json-encode.js';
import { ESCAPE_MARK } from './json-escape.js';

/**
 * The default serializer: JSON that people can read, and that gives back exactly what was put in. Plain data looks as it always does; dates,
 * maps, sets, typed arrays, big integers, errors, `undefined`, `NaN`, `-0` and taught classes are written as marked objects. An error of a class
 * that it does not know comes back as one of the nearest class it knows, under its own name; what depends on it gets that at once (S16).
 *
 * `encode` throws MillraceError `RESULT_NOT_STORABLE`, with the path inside the value, for what would not come back equal;
 * `decode` throws `RESULT_UNREADABLE` and `CLASS_UNKNOWN`.
 */
// biome-ignore lint/suspicious/noExplicitAny: as the port, it serves values of every type
export function json<T = any>(): Serializer<T> {
  return FAITHFUL_JSON;
}

const FAITHFUL_JSON: Serializer & { encode(value: unknown): Uint8Array } = Object.freeze({
  exact: true,
  name: 'json',
  ext: 'json',
  contentType: 'application/json',
  encode: encodeBytes,
  decode: (bytes: Uint8Array) => decodeText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()),
});

/** Bytes of values that come back as something a little different: see `Plain.isAltered`. */
const altered = new WeakSet<Uint8Array>();

/** Whether what these bytes were encoded of differs from what they decode to, so that downstream tasks must get the latter (S16). */
export function isAltered(bytes: Uint8Array): boolean {
  return altered.has(bytes);
}

function encodeBytes(value: unknown): Uint8Array {
  const plain = plainText(value);
  const bytes = Buffer.from(plain.text);
  if (plain.isAltered) altered.add(bytes);
  return bytes;
}

/** The default serializer where its results are wanted as text: parameters in a row, arguments in a message. Throws as `json()` does. */
export function encodeText(value: unknown): string {
  return plainText(value).text;
}

function plainText(value: unknown): { readonly text: string; readonly isAltered: boolean } {
  try {
    const { tree, isAltered } = toPlain(value);
    return { text: JSON.stringify(tree), isAltered };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    if (/call stack/i.test(error.message)) throw notStorable('', 'nests deeper than the stack allows', error);
    throw new MillraceError('RESULT_NOT_STORABLE', 'the result is too large for one JSON text (about 512 MB)', {
      cause: error,
      hint: 'Give the task a serializer that streams, or split the result into several outputs.',
    });
  }
}

/** The value that `encodeText` wrote. */
export function decodeText(text: string): unknown {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch (error) {
    throw new MillraceError('RESULT_UNREADABLE', `the stored bytes are no JSON: ${asError(error).message}`, { cause: error });
  }
  return text.includes(ESCAPE_MARK) ? revive(tree) : tree;
}
