import { sha256 } from '../base/digest.js';
import { describe, MillraceError } from '../base/error.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { ResultStore } from '../model/result-store.js';
import type { Serializer } from '../model/serializer.js';
import { serializerForExtension } from './formats/built-in.js';
import { json } from './json.js';
import { corrupted, decodeStored } from './result-reader.js';
import { contentDigestOf, isInline, ResultUnavailableError } from './store-address.js';

/**
 * Reads a result or target of any flow by its address: the `uri` that `millrace inspect --json` shows, or the key inside its store. A result
 * that lies under its digest is verified in full; of a file at an address of the user's choice nothing is known but that it can be decoded.
 * Nothing is written or moved.
 * @param serializer what wrote it; may be left out where the extension tells: `.json`, `.csv`, `.parquet` … or there is none: then it is JSON
 * @throws MillraceError `ADDRESS_INVALID` when the address is not one of this store; `STORE_KEY_INVALID`, `CLASS_UNKNOWN`, and what the store
 * throws; ResultUnavailableError `RESULT_MISSING`, `RESULT_CORRUPTED`, `FORMAT_UNKNOWN`, `RESULT_UNREADABLE`
 */
export async function load<T>(store: ResultStore, address: string, serializer?: Serializer<T>): Promise<T> {
  const key = keyAt(store, address);
  const bytes = await store.read(key);
  const contentDigest = sha256(bytes);
  const extension = /\.([^./]+)$/.exec(key)?.[1] ?? '';
  // Without an extension a target is JSON.
  const chosen = serializer ?? (extension === '' ? json() : serializerForExtension(`.${extension}`));
  const expected = contentDigestOf(key);
  const ref: ArtifactRef = {
    uri: address,
    key,
    contentDigest: expected ?? contentDigest,
    valueDigest: '',
    bytes: bytes.length,
    format: chosen?.name ?? extension,
  };
  if (expected !== undefined && expected !== contentDigest) throw corrupted(ref, bytes.length, undefined);
  if (chosen === undefined || (expected !== undefined && extension !== chosen.ext)) throw formatUnknown(ref, extension, serializer);
  return (await decodeStored(ref, bytes, chosen)) as T;
}

/** @throws MillraceError `ADDRESS_INVALID` */
function keyAt({ location, scheme }: ResultStore, address: string): string {
  if (typeof address !== 'string') throw invalid(`expected an address; got ${describe(address)}`, 'millrace inspect <run>/<task> --json shows it.');
  const start = location ?? `${scheme}:`;
  if (address.startsWith(start)) return location === undefined ? address.slice(start.length) : decodePath(address.slice(start.length), address);
  if (!/^[a-z][a-z0-9+.-]+:/i.test(address)) return address;
  if (isInline({ uri: address })) {
    throw invalid(
      `the result at '${address}' is a small one, which lies in the project's record and not in a store`,
      'Read it with flow.latest(), or give its task a store: then every result of it goes there.',
    );
  }
  throw invalid(`expected an address in ${start}; got '${address}'`, 'Load it from the store that it names.');
}

function decodePath(path: string, address: string): string {
  try {
    return path.split('/').map(decodeURIComponent).join('/');
  } catch (error) {
    throw invalid(`expected an address; the percent signs of '${address}' encode no text`, 'Take it as millrace inspect --json shows it.', error);
  }
}

function invalid(message: string, hint: string, cause?: unknown): MillraceError {
  return new MillraceError('ADDRESS_INVALID', message, { cause, hint });
}

function formatUnknown(ref: ArtifactRef, extension: string, serializer: Serializer | undefined): ResultUnavailableError {
  const given = serializer === undefined ? 'no serializer was given' : `serializer '${serializer.name}' writes '.${serializer.ext}'`;
  return new ResultUnavailableError(
    'FORMAT_UNKNOWN',
    `the result at '${ref.uri}' is ${extension ? `of format '.${extension}'` : 'of no known format'}; ${given}`,
    ref,
    {
      hint: 'Give load the serializer that its task has: load(store, address, serializer).',
    },
  );
}
