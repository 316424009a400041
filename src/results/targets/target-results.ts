import { dirname } from 'node:path';
import { sha256 } from '../../base/digest.js';
import { MillraceError } from '../../base/error.js';
import type { ArtifactRef } from '../../model/artifact.js';
import { canonicalDigest } from '../canonical-digest.js';
import { digestOfFile } from '../file-digest.js';
import { serializerFor } from '../formats/built-in.js';
import { decodeStored } from '../result-reader.js';
import type { ResultWriter, StoredPart } from '../result-writer.js';
import type { CustomPlace, FilePlace, TargetPlace } from './target-place.js';

/** Writes a result to the address its task chose, replacing what was there. What comes back is what will be read (S16). */
export async function writeTarget(place: TargetPlace, value: unknown, writer: ResultWriter): Promise<StoredPart> {
  if (place.kind === 'file') {
    const { store, key, serializer } = place;
    const path = store.localPath?.(key);
    return await writer.write(value, serializerFor(value, serializer), store, { key, folder: path === undefined ? undefined : dirname(path) });
  }
  await place.target.write(value);
  return customPart(place, await place.target.read());
}

/** Why there is nothing to be had, in words that end a sentence. */
export type TargetLook = { readonly found: StoredPart } | { readonly found: undefined; readonly why: string; readonly cause?: unknown };

/** What somebody else has left at an address: it must be there, and it must be possible to decode it. A server that does not answer is no such thing. */
export async function lookAtTarget(place: TargetPlace): Promise<TargetLook> {
  try {
    if (place.kind === 'custom') {
      if (!(await place.target.exists())) return { found: undefined, why: 'it is not there' };
      return { found: customPart(place, await place.target.read()) };
    }
    return { found: await filePart(place) };
  } catch (error) {
    const code = error instanceof MillraceError ? error.code : undefined;
    if (code === 'RESULT_MISSING') return { found: undefined, why: 'it is not there' };
    if (code === 'RESULT_UNREADABLE') return { found: undefined, why: 'it is there, and cannot be decoded', cause: error };
    throw error;
  }
}

/** Whether one of the recorded contents lies there: `changed` when it is something else, `missing` when nothing does (S26). */
export async function compareTarget(place: TargetPlace, recorded: readonly ArtifactRef[]): Promise<ArtifactRef | 'changed' | 'missing'> {
  if (place.kind === 'custom') return (await place.target.exists()) ? (recorded[0] ?? 'changed') : 'missing';
  const head = await place.store.head(place.key);
  if (head === undefined) return 'missing';
  const alike = recorded.filter(({ bytes }) => bytes === head.bytes);
  if (alike.length === 0) return 'changed';
  const digest = await digestAt(place);
  if (digest === undefined) return 'missing';
  return alike.find(({ contentDigest }) => contentDigest === digest) ?? 'changed';
}

async function digestAt({ store, key }: FilePlace): Promise<string | undefined> {
  try {
    const path = store.localPath?.(key);
    return path === undefined ? sha256(await store.read(key)) : await digestOfFile(path);
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'RESULT_MISSING') return undefined;
    throw error;
  }
}

async function filePart(place: FilePlace): Promise<StoredPart> {
  const { store, key, uri } = place;
  const bytes = await store.read(key);
  const serializer = serializerFor(undefined, place.serializer);
  const ref: ArtifactRef = { uri, key, contentDigest: sha256(bytes), valueDigest: '', bytes: bytes.length, format: serializer.name };
  const value = await decodeStored(ref, bytes, serializer);
  return { value, inline: undefined, ref: { ...ref, valueDigest: canonicalDigest(value) ?? ref.contentDigest.slice(0, 32) } };
}

/** The place alone knows its bytes: what is recorded is the value's digest. */
function customPart({ uri, target }: CustomPlace, value: unknown): StoredPart {
  const digest = canonicalDigest(value);
  if (digest === undefined) {
    throw new MillraceError('RESULT_NOT_STORABLE', `the target '${uri}' gave a value that has no digest`, {
      hint: 'Let its read() give plain data: rows, numbers, texts, dates, bytes.',
    });
  }
  const ref: ArtifactRef = { uri, key: uri, contentDigest: sha256(`${uri} ${digest}`), valueDigest: digest, bytes: 0, format: target.scheme };
  return { value, inline: undefined, ref };
}
