import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { asWriteError, temporaryPath } from '../base/atomic-file.js';
import { createHasher, sha256 } from '../base/digest.js';
import { describe, MillraceError } from '../base/error.js';
import { faultPoint } from '../base/fault-point.js';
import type { Serializer } from '../model/serializer.js';
import { digestFile } from './file-digest.js';
import type { FileFormat } from './formats/file-format.js';

/** What a serializer made of a value: in memory, or spooled to a temporary file when it came as a stream too long to hold. */
export interface Encoded {
  readonly contentDigest: string;
  readonly length: number;
  /** Undefined when spooled. */
  readonly bytes: Uint8Array | undefined;
  /** The temporary file, when spooled. */
  readonly path: string | undefined;
  /** To be written somewhere; may be called again. */
  content(): Uint8Array | AsyncIterable<Uint8Array>;
  /** All of it in memory, for a serializer that decodes. */
  whole(): Promise<Uint8Array>;
  /** Removes the temporary file. */
  release(): Promise<void>;
}

export function encodedBytes(bytes: Uint8Array): Encoded {
  return {
    contentDigest: sha256(bytes),
    length: bytes.length,
    bytes,
    path: undefined,
    content: () => bytes,
    whole: async () => bytes,
    release: async () => undefined,
  };
}

/** Streams up to this many bytes stay in memory. */
const SPOOL_ABOVE = 1024 * 1024;

/**
 * The digest, and so the address, is known only at the end: until then a long stream lies in a temporary file.
 * @param folder where the file shall lie, so that it can be moved to its address
 */
export async function encodeStream(serializer: Serializer, pieces: AsyncIterable<Uint8Array>, folder = tmpdir()): Promise<Encoded> {
  const held: Uint8Array[] = [];
  let length = 0;
  const iterator = pieces[Symbol.asyncIterator]();
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    checkPiece(serializer, next.value);
    // A copy: who sends pieces may use their memory again.
    held.push(new Uint8Array(next.value));
    length += next.value.length;
    if (length > SPOOL_ABOVE) return await spool(serializer, held, iterator, folder);
  }
  return encodedBytes(Buffer.concat(held));
}

/** As `encodeStream`, of a value that a library writes to a file by itself. */
export async function encodeToFile(format: FileFormat, value: unknown, folder: string): Promise<Encoded> {
  const encoded = await spooled(folder, async (path) => {
    faultPoint('spool.write');
    format.write(value, path);
    return await digestFile(path);
  });
  if (encoded.length > SPOOL_ABOVE) return encoded;
  return await encoded.whole().then(encodedBytes).finally(encoded.release);
}

/** @throws MillraceError `SERIALIZER_MISBEHAVED` */
export function checkPiece(serializer: Serializer, piece: unknown): asserts piece is Uint8Array {
  if (piece instanceof Uint8Array) return;
  throw new MillraceError(
    'SERIALIZER_MISBEHAVED',
    `encode of serializer '${serializer.name}' was expected to give a Uint8Array, a promise or a stream of them; it gave ${describe(piece)}`,
  );
}

async function spool(serializer: Serializer, held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>, folder: string): Promise<Encoded> {
  try {
    return await spooled(folder, (path) => writeSpool(path, serializer, held, rest));
  } catch (error) {
    await rest.return?.();
    throw error;
  }
}

type Written = Pick<Encoded, 'contentDigest' | 'length'>;

async function spooled(folder: string, write: (path: string) => Promise<Written>): Promise<Encoded> {
  const path = temporaryPath(folder);
  const release = async () => await rm(path, { force: true });
  try {
    await mkdir(folder, { recursive: true });
    const { contentDigest, length } = await write(path);
    return { contentDigest, length, bytes: undefined, path, content: () => readLazily(path), whole: () => readFile(path), release };
  } catch (error) {
    await release();
    throw asWriteError(error, path);
  }
}

async function writeSpool(path: string, serializer: Serializer, held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): Promise<Written> {
  const hasher = createHasher();
  let length = 0;
  const file = await open(path, 'wx');
  const add = async (piece: Uint8Array) => {
    hasher.update(piece);
    length += piece.length;
    faultPoint('spool.write');
    await file.writeFile(piece);
  };
  try {
    for (const piece of held) await add(piece);
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      checkPiece(serializer, next.value);
      await add(next.value);
    }
  } finally {
    await file.close();
  }
  return { contentDigest: hasher.sha256(), length };
}

/** A read stream opens its file at once; a writer that has no need of it would leave it open. */
async function* readLazily(path: string): AsyncIterable<Uint8Array> {
  yield* createReadStream(path);
}
