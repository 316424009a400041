import { types } from 'node:util';
import type { Serializer } from '../../model/serializer.js';
import { isTargetExtension, type TargetExtension } from '../../model/target-template.js';
import { json } from '../json.js';
import { arrow } from './arrow.js';
import { BYTE_STREAM, isStream, TEXT_STREAM } from './byte-stream.js';
import { BUFFER, bytes } from './bytes.js';
import { csv, csvNamed } from './csv.js';
import type { FileFormat } from './file-format.js';
import { parquet } from './parquet.js';
import { POLARS_FILES } from './polars-file.js';
import { frameKind } from './table-kind.js';
import { text } from './text.js';
import { v8 } from './v8.js';

const BUILT_IN: ReadonlyMap<string, Serializer> = new Map(
  [json(), parquet(), arrow(), text(), bytes(), v8(), BUFFER, BYTE_STREAM, TEXT_STREAM].map((serializer) => [serializer.name, serializer]),
);

/** Every format of Millrace's own is readable by its name alone, whatever serializer the task has got since. */
export function builtInSerializer(name: string): Serializer | undefined {
  return BUILT_IN.get(name) ?? csvNamed(name);
}

/** For serializers that have to do with a library that writes and reads files by itself. */
export function fileFormatOf(serializer: Serializer | undefined): FileFormat | undefined {
  return serializer === parquet() ? POLARS_FILES : undefined;
}

const BY_EXTENSION: Readonly<Record<TargetExtension, () => Serializer>> = {
  '.json': json,
  '.csv': csv,
  '.tsv': () => csv({ delimiter: '\t' }),
  '.parquet': parquet,
  '.arrow': arrow,
  '.feather': arrow,
  '.txt': text,
  '.md': text,
  '.html': text,
  '.svg': text,
  '.sql': text,
  '.v8': v8,
  '.bin': bytes,
};

/**
 * The serializer that a file's extension asks for.
 * @param extension with its dot, in upper or lower case: `.csv`
 */
export function serializerForExtension(extension: string): Serializer | undefined {
  const name = extension.toLowerCase();
  return isTargetExtension(name) ? BY_EXTENSION[name]() : undefined;
}

/**
 * The serializer for a result: the one its task asks for, else by the value. DataFrames and arquero tables become Parquet, Arrow tables
 * Arrow files, bytes and streams of bytes what they are, everything else JSON.
 */
export function serializerFor(value: unknown, declared: Serializer | undefined): Serializer {
  if (declared === undefined) return byValue(value) ?? json();
  if (declared === bytes()) return isStream(value) ? BYTE_STREAM : Buffer.isBuffer(value) ? BUFFER : declared;
  return declared === text() && isStream(value) ? TEXT_STREAM : declared;
}

function byValue(value: unknown): Serializer | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (isStream(value)) return BYTE_STREAM;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A DataFrame of polars is a proxy of a plain object.
  if (prototype === Object.prototype && !types.isProxy(value)) return undefined;
  if (prototype === Uint8Array.prototype) return bytes();
  if (prototype === Buffer.prototype) return BUFFER;
  const frame = frameKind(value);
  return frame === undefined ? undefined : frame === 'arrow' ? arrow() : parquet();
}
