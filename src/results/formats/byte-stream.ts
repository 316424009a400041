import { nameKind } from '../../base/value-path.js';
import type { Serializer } from '../../model/serializer.js';
import { notStorable } from '../json-encode.js';

/** A stream of bytes, as a task returned it. What comes after gets a `ResultStream`, which the keeper makes: nobody decodes the whole. */
export interface StreamSerializer extends Serializer {
  encode(value: AsyncIterable<unknown>): AsyncIterable<Uint8Array>;
}

export const BYTE_STREAM: StreamSerializer = streamSerializer('bytes.stream', 'bin', 'application/octet-stream', false);
export const TEXT_STREAM: StreamSerializer = streamSerializer('text.stream', 'txt', 'text/plain; charset=utf-8', true);

/** The names of the formats that are read as a `ResultStream`. */
export function isStreamFormat(format: string): boolean {
  return format === BYTE_STREAM.name || format === TEXT_STREAM.name;
}

/** A web stream, a Node stream, or anything else that is read with `for await`. */
export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function streamSerializer(name: string, ext: string, contentType: string, takesText: boolean): StreamSerializer {
  return Object.freeze({
    name,
    ext,
    contentType,
    encode: (value: AsyncIterable<unknown>) => pieces(value, takesText),
    decode: (bytes: Uint8Array) => bytes,
  });
}

async function* pieces(stream: AsyncIterable<unknown>, takesText: boolean): AsyncIterable<Uint8Array> {
  let count = 0;
  for await (const piece of stream) {
    if (piece instanceof Uint8Array) yield piece;
    else if (takesText && typeof piece === 'string') yield Buffer.from(piece);
    else
      throw notStorable(
        '',
        `is a stream whose piece ${count} is ${nameKind(piece)}; expected ${takesText ? 'strings or Uint8Arrays' : 'Uint8Arrays'}`,
      );
    count++;
  }
}
