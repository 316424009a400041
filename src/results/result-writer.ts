import { sha256 } from '../base/digest.js';
import { asError, MillraceError } from '../base/error.js';
import { nameKind } from '../base/value-path.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { ResultStore } from '../model/result-store.js';
import type { Serializer } from '../model/serializer.js';
import { canonicalDigest, isConsumable } from './canonical-digest.js';
import { checkPiece, type Encoded, encodedBytes, encodeStream, encodeToFile } from './encoded.js';
import { fileFormatOf } from './formats/built-in.js';
import { isStreamFormat } from './formats/byte-stream.js';
import { isAltered, json } from './json.js';
import { openStored, quarantine, streamOf, streamOfBytes } from './result-reader.js';
import { artifactUri, contentAddress, recordUri } from './store-address.js';

/** One value, stored: what stands for it from now on (S16), and where it lies. */
export interface StoredPart {
  readonly value: unknown;
  readonly ref: ArtifactRef;
  /** The bytes, when they belong into the record. */
  readonly inline: Uint8Array | undefined;
}

export interface ResultWriter {
  /** Synchronous whenever encoding, decoding and storing are. `explicit`: the store the task asked for, never passed over; `chosen`: where in it. */
  write(value: unknown, serializer: Serializer, explicit: ResultStore | undefined, chosen?: ChosenAddress): StoredPart | Promise<StoredPart>;
}

/** An address that the user chose (S26): what lies there is replaced. */
export interface ChosenAddress {
  readonly key: string;
  /** The folder of the file, where a long stream may lie in the meantime. */
  readonly folder: string | undefined;
}

/** The first result of a serializer that says it is exact is decoded to see whether it is, when it is no larger than this. */
const PROBE_UP_TO = 1024 * 1024;

export function createResultWriter(store: ResultStore, inlineLimit: number): ResultWriter {
  /** The default serializer proves itself class by class (json-encode); others once. */
  const trusted = new WeakSet<Serializer>([json()]);

  return {
    write(value, serializer, explicit, chosen) {
      const encoded = encode(value, serializer, chosen === undefined ? (explicit ?? store).spoolFolder : chosen.folder);
      if (encoded instanceof Promise) return encoded.then((ready) => finish(value, serializer, explicit, ready, chosen));
      if (explicit === undefined && encoded.length <= inlineLimit && trusted.has(serializer) && isKeptAsIs(value, serializer, encoded)) {
        return inlinePart(value, serializer, encoded);
      }
      return finish(value, serializer, explicit, encoded, chosen);
    },
  };

  async function finish(
    value: unknown,
    serializer: Serializer,
    explicit: ResultStore | undefined,
    encoded: Encoded,
    chosen: ChosenAddress | undefined,
  ): Promise<StoredPart> {
    try {
      const streamed = isStreamFormat(serializer.name);
      const settled = streamed ? value : await settle(value, serializer, encoded);
      if (explicit === undefined && encoded.bytes !== undefined && encoded.length <= inlineLimit) {
        return inlinePart(streamed ? streamOfBytes(encoded.bytes) : settled, serializer, encoded);
      }
      const target = explicit ?? store;
      const key = chosen?.key ?? contentAddress(encoded.contentDigest, serializer.ext);
      const ref = refOf(settled, serializer, encoded, artifactUri(target, key), key);
      await (chosen === undefined ? writeOnce : replace)(target, ref, encoded);
      return { value: streamed ? streamOf(target, ref) : settled, ref, inline: undefined };
    } finally {
      await encoded.release();
    }
  }

  /** The value that downstream tasks get: equal to what will be read back (S16). */
  async function settle(value: unknown, serializer: Serializer, encoded: Encoded): Promise<unknown> {
    const probing = !trusted.has(serializer) && encoded.length <= PROBE_UP_TO;
    const isSame = isKeptAsIs(value, serializer, encoded);
    if (isSame && !probing) return value;
    const decoded = await decodeForKeeping(serializer, await encoded.whole());
    if (!isSame) return decoded;
    checkExactness(value, decoded, serializer);
    trusted.add(serializer);
    return value;
  }
}

function inlinePart(value: unknown, serializer: Serializer, encoded: Encoded): StoredPart {
  const ref = refOf(value, serializer, encoded, recordUri(encoded.contentDigest), encoded.contentDigest);
  return { value, ref, inline: encoded.bytes };
}

function refOf(value: unknown, serializer: Serializer, encoded: Encoded, uri: string, key: string): ArtifactRef {
  const { contentDigest, length } = encoded;
  return { uri, key, contentDigest, valueDigest: canonicalDigest(value) ?? contentDigest.slice(0, 32), bytes: length, format: serializer.name };
}

function encode(value: unknown, serializer: Serializer, spoolFolder: string | undefined): Encoded | Promise<Encoded> {
  try {
    if (serializer.accepts !== undefined && !serializer.accepts(value)) {
      throw new MillraceError('RESULT_NOT_STORABLE', `serializer '${serializer.name}' does not accept ${nameKind(value)}`, {
        hint: 'Choose a serializer for this kind of value.',
      });
    }
    const refuse = (error: unknown) => Promise.reject(asEncodeError(serializer, error));
    const format = spoolFolder === undefined ? undefined : fileFormatOf(serializer);
    if (spoolFolder !== undefined && format?.takes(value) === true) return encodeToFile(format, value, spoolFolder).catch(refuse);
    const made: unknown = serializer.encode(value);
    if (made instanceof Uint8Array) return encodedBytes(made);
    return encodeLater(serializer, made, spoolFolder).catch(refuse);
  } catch (error) {
    throw asEncodeError(serializer, error);
  }
}

async function encodeLater(serializer: Serializer, made: unknown, spoolFolder: string | undefined): Promise<Encoded> {
  if (typeof made === 'object' && made !== null && Symbol.asyncIterator in made)
    return await encodeStream(serializer, made as AsyncIterable<Uint8Array>, spoolFolder);
  const bytes = await made;
  checkPiece(serializer, bytes);
  return encodedBytes(bytes);
}

async function decodeForKeeping(serializer: Serializer, bytes: Uint8Array): Promise<unknown> {
  try {
    return await serializer.decode(bytes, {});
  } catch (error) {
    throw new MillraceError('SERIALIZER_MISBEHAVED', `serializer '${serializer.name}' cannot decode what it encoded: ${asError(error).message}`, {
      cause: error,
    });
  }
}

/** Only values with a digest of their own can be compared; of others it is known at least that they decode. */
function checkExactness(value: unknown, decoded: unknown, serializer: Serializer): void {
  const expected = canonicalDigest(value);
  if (expected === undefined || expected === canonicalDigest(decoded)) return;
  throw new MillraceError('SERIALIZER_MISBEHAVED', `serializer '${serializer.name}' does not give back the value it was given`, {
    hint: 'Correct it, or declare exact: false, so that downstream tasks always get the decoded value.',
  });
}

/** What was given can stand for what was stored. */
function isKeptAsIs(value: unknown, serializer: Serializer, { bytes }: Encoded): boolean {
  return serializer.exact !== false && !isConsumable(value) && !(bytes !== undefined && isAltered(bytes));
}

/** The same content is written once. Bytes found there are trusted only when they match: otherwise a damaged file would outlive its repair. */
async function writeOnce(store: ResultStore, ref: ArtifactRef, encoded: Encoded): Promise<void> {
  const { key } = ref;
  if (encoded.path !== undefined && store.adopt !== undefined && store.spoolFolder !== undefined) return await adoptOnce(store, ref, encoded.path);
  const { created } = await store.write(key, encoded.content(), { ifAbsent: true });
  if (created) return;
  const found = await store.read(key).catch(() => undefined);
  if (found !== undefined && sha256(found) === encoded.contentDigest) return;
  if (found !== undefined) await quarantine(store, key, found);
  await store.write(key, encoded.content());
}

/** The same of a spooled file, which is moved; a file that is there already is read piece by piece. */
async function adoptOnce(store: ResultStore, ref: ArtifactRef, path: string): Promise<void> {
  const found = await store.head(ref.key);
  const whole = found !== undefined && (await openStored([store], ref).then(isDone, () => false));
  if (!whole) await store.adopt?.(path, ref.key);
}

/** Atomically: whoever reads meanwhile sees what was there before, or all of what is there now. */
async function replace(store: ResultStore, { key }: ArtifactRef, encoded: Encoded): Promise<void> {
  if (encoded.path !== undefined && store.adopt !== undefined) await store.adopt(encoded.path, key);
  else await store.write(key, encoded.content());
}

function isDone(): boolean {
  return true;
}

function asEncodeError(serializer: Serializer, error: unknown): unknown {
  if (error instanceof MillraceError) return error;
  return new MillraceError('RESULT_NOT_STORABLE', `serializer '${serializer.name}' could not encode the result: ${asError(error).message}`, {
    cause: error,
  });
}
