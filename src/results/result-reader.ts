import { createReadStream } from 'node:fs';
import { createHasher, sha256 } from '../base/digest.js';
import { asError, MillraceError } from '../base/error.js';
import { isThenable } from '../base/thenable.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { ResultStore } from '../model/result-store.js';
import type { Serializer } from '../model/serializer.js';
import { digestFile } from './file-digest.js';
import { builtInSerializer, fileFormatOf } from './formats/built-in.js';
import { ResultStream } from './formats/result-stream.js';
import { json } from './json.js';
import { readByPath } from './read-by-path.js';
import { isContentAddress, locationOf, quarantineAddress, ResultUnavailableError } from './store-address.js';

/**
 * The value of an artifact from the first of these stores that has it, its bytes verified in full (S21, S25). A damaged result of our own
 * making is moved aside, never deleted.
 * @throws ResultUnavailableError `RESULT_MISSING`, `RESULT_CORRUPTED`, and what `decodeStored` does; `STORE_UNKNOWN` when there is no store to
 * look in
 */
export async function loadStored(stores: readonly ResultStore[], ref: ArtifactRef, serializer: Serializer | undefined): Promise<unknown> {
  return await inFirstOf(stores, ref, async (store) => {
    const read = await loadByPath(store, ref, serializer);
    return read === undefined ? await decodeStored(ref, await readVerified(store, ref), serializer) : read.value;
  });
}

/** Smaller files are read faster than they are looked at. */
const BY_PATH_FROM = 256 * 1024;

/** Undefined where it is to be read as bytes. */
async function loadByPath(store: ResultStore, ref: ArtifactRef, serializer: Serializer | undefined): Promise<{ value: unknown } | undefined> {
  const format = ref.bytes < BY_PATH_FROM ? undefined : fileFormatOf(decoderOf(ref, serializer));
  const path = format === undefined ? undefined : store.localPath?.(ref.key);
  // The store looks whether the path leads out of it.
  if (format === undefined || path === undefined || (await store.head(ref.key))?.bytes !== ref.bytes) return undefined;
  const read = (from: string) => format.read(from).catch((error: unknown) => Promise.reject(asDecodeError(ref, error)));
  return await readByPath({ ...format, read }, path, () => verifyFile(store, ref, path));
}

function decoderOf(ref: ArtifactRef, serializer: Serializer | undefined): Serializer | undefined {
  return serializer?.name === ref.format ? serializer : builtInSerializer(ref.format);
}

async function inFirstOf<T>(stores: readonly ResultStore[], ref: ArtifactRef, read: (store: ResultStore) => Promise<T>): Promise<T> {
  let absence: unknown;
  for (const store of stores) {
    try {
      return await read(store);
    } catch (error) {
      if (!isMissing(error)) throw error;
      absence = error;
    }
  }
  throw absence === undefined ? storeUnknown(ref) : missing(ref, absence);
}

/** By its code alone: the store may be somebody's own, or come from another copy of the package. */
function isMissing(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 'RESULT_MISSING';
}

async function readVerified(store: ResultStore, ref: ArtifactRef): Promise<Uint8Array> {
  const bytes = await store.read(ref.key);
  if (sha256(bytes) === ref.contentDigest) return bytes;
  const moved = isContentAddress(ref.key) ? await quarantine(store, ref.key, bytes) : undefined;
  throw corrupted(ref, bytes.length, moved);
}

/** As `readStored`, for bytes from the record. */
export function checkInline(ref: ArtifactRef, bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw missing(ref);
  if (sha256(bytes) !== ref.contentDigest) throw corrupted(ref, bytes.length, undefined);
  return bytes;
}

/**
 * @returns where the bytes lie now; undefined when they could not be moved, on a full disk say: then they stay, and reading them fails again
 */
export async function quarantine(store: ResultStore, key: string, bytes: Uint8Array): Promise<string | undefined> {
  const address = quarantineAddress(key, sha256(bytes));
  try {
    await store.write(address, bytes, { ifAbsent: true });
    await store.delete(key);
    return address;
  } catch {
    return undefined;
  }
}

/**
 * Synchronous whenever the serializer is, also in what it throws.
 * @throws ResultUnavailableError `FORMAT_UNKNOWN`, `RESULT_UNREADABLE`; MillraceError `CLASS_UNKNOWN`, `FORMAT_LIBRARY_MISSING`
 */
export function decodeStored(ref: ArtifactRef, bytes: Uint8Array, serializer: Serializer | undefined): unknown {
  const decoder = decoderOf(ref, serializer);
  if (decoder === undefined) {
    throw new ResultUnavailableError(
      'FORMAT_UNKNOWN',
      `the result at '${ref.uri}' was written by serializer '${ref.format}', and the task has ${serializer === undefined ? 'none' : `'${serializer.name}'`}`,
      ref,
      {
        hint: `Give the task the serializer '${ref.format}', or run it again.`,
      },
    );
  }
  try {
    const decoded: unknown = decoder.decode(decoder === json() ? bytes : inBufferOfTheirOwn(bytes), {});
    return isThenable(decoded) ? Promise.resolve(decoded).catch((error) => Promise.reject(asDecodeError(ref, error))) : decoded;
  } catch (error) {
    throw asDecodeError(ref, error);
  }
}

/** Small results come many in one buffer; a serializer may make a typed array of what lies beneath its bytes, and keep it. */
function inBufferOfTheirOwn(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function asDecodeError(ref: ArtifactRef, error: unknown): unknown {
  if (error instanceof MillraceError && (error.code === 'CLASS_UNKNOWN' || error.code === 'FORMAT_LIBRARY_MISSING')) return error;
  return new ResultUnavailableError(
    'RESULT_UNREADABLE',
    `the result at '${ref.uri}' is whole, but serializer '${ref.format}' cannot read it: ${asError(error).message}`,
    ref,
    { cause: error },
  );
}

/** A stream of an artifact that was just written, or verified. Every reading of it is verified anew. */
export function streamOf(store: ResultStore, ref: ArtifactRef): ResultStream {
  return new ResultStream(ref.bytes, () => readPieces(store, ref));
}

/** As `streamOf`, of bytes from the record. */
export function streamOfBytes(bytes: Uint8Array): ResultStream {
  return new ResultStream(bytes.length, async function* () {
    if (bytes.length > 0) yield new Uint8Array(bytes);
  });
}

/**
 * A stream of a stored artifact, verified in full before anybody reads of it (S21, S25), and never whole in memory where the store has files
 * on this machine.
 * @throws ResultUnavailableError `RESULT_MISSING`, `RESULT_CORRUPTED`; `STORE_UNKNOWN` when there is no store to look in
 */
export async function openStored(stores: readonly ResultStore[], ref: ArtifactRef): Promise<ResultStream> {
  return await inFirstOf(stores, ref, async (store) => {
    const path = store.localPath?.(ref.key);
    if (path === undefined) await readVerified(store, ref);
    else await verifyFile(store, ref, path);
    return streamOf(store, ref);
  });
}

async function verifyFile(store: ResultStore, ref: ArtifactRef, path: string): Promise<void> {
  // The store looks whether the path leads out of it.
  if ((await store.head(ref.key)) === undefined) throw missing(ref);
  const { contentDigest, length } = await digestFile(path);
  if (contentDigest === ref.contentDigest) return;
  throw corrupted(ref, length, isContentAddress(ref.key) ? await moveAside(store, ref.key, path, contentDigest) : undefined);
}

/** As `quarantine`, without reading the file. */
async function moveAside(store: ResultStore, key: string, path: string, digest: string): Promise<string | undefined> {
  const address = quarantineAddress(key, digest);
  try {
    await store.adopt?.(path, address, { ifAbsent: true });
    return store.adopt === undefined ? undefined : address;
  } catch {
    return undefined;
  }
}

async function* readPieces(store: ResultStore, ref: ArtifactRef): AsyncIterable<Uint8Array> {
  const path = store.localPath?.(ref.key);
  if (path === undefined) {
    yield await readVerified(store, ref);
    return;
  }
  const hasher = createHasher();
  let length = 0;
  for await (const piece of readFilePieces(store, ref, path)) {
    hasher.update(piece);
    length += piece.length;
    yield piece;
  }
  if (hasher.sha256() !== ref.contentDigest) throw corrupted(ref, length, undefined);
}

const PIECE = 256 * 1024;

async function* readFilePieces(store: ResultStore, ref: ArtifactRef, path: string): AsyncIterable<Uint8Array> {
  // The store looks whether the path leads out of it.
  if ((await store.head(ref.key)) === undefined) throw missing(ref);
  yield* createReadStream(path, { highWaterMark: PIECE }) as AsyncIterable<Buffer>;
}

function missing(ref: ArtifactRef, cause?: unknown): ResultUnavailableError {
  return new ResultUnavailableError('RESULT_MISSING', `the result at '${ref.uri}' is gone`, ref, {
    cause,
    hint: 'Run the task again: what is missing is computed anew.',
  });
}

function storeUnknown(ref: ArtifactRef): ResultUnavailableError {
  const place = locationOf(ref) ?? `a '${ref.uri.slice(0, ref.uri.indexOf(':'))}' store`;
  return new ResultUnavailableError('STORE_UNKNOWN', `the result at '${ref.uri}' lies in ${place}, a store that this process does not have`, ref, {
    hint: `Give its task or flow that store again (store: …), or run the task again to have the result elsewhere.`,
  });
}

/** Of bytes found under the address of others. @param length of what was found */
export function corrupted(ref: ArtifactRef, length: number, moved: string | undefined): ResultUnavailableError {
  const found = length === ref.bytes ? 'other content' : `${length} bytes instead of ${ref.bytes}`;
  return new ResultUnavailableError('RESULT_CORRUPTED', `the result at '${ref.uri}' does not match its digest: it has ${found}`, ref, {
    hint: moved === undefined ? 'Run the task again.' : `Run the task again; the damaged bytes were moved to '${moved}'.`,
  });
}
