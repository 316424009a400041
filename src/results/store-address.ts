import { pathToFileURL } from 'node:url';
import { MillraceError } from '../base/error.js';
import { knowError } from '../base/error-class.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { ResultStore } from '../model/result-store.js';

/** Small results live in the record's database; their uri has this scheme and their digest is their address. */
const RECORD_SCHEME = 'record:';

export function recordUri(contentDigest: string): string {
  return `${RECORD_SCHEME}${contentDigest}`;
}

export function isInline(ref: Pick<ArtifactRef, 'uri'>): boolean {
  return ref.uri.startsWith(RECORD_SCHEME);
}

/** `file:///…` where the store has a path on this machine, else in the store's location, else `scheme:key`. */
export function artifactUri(store: ResultStore, key: string): string {
  const path = store.localPath?.(key);
  if (path !== undefined) return pathToFileURL(path).href;
  return store.location === undefined ? `${store.scheme}:${key}` : store.location + encodeKey(key);
}

/** A key as part of a uri. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

/** The location of the store that wrote a result; undefined where it has none. */
export function locationOf({ uri, key }: Pick<ArtifactRef, 'uri' | 'key'>): string | undefined {
  const encoded = encodeKey(key);
  return uri.endsWith(`/${encoded}`) ? uri.slice(0, -encoded.length) : undefined;
}

const CONTENT_FOLDER = 'results/';

/** Where a result lies when nobody chose its address: found by its content, spread over 256 folders. */
export function contentAddress(contentDigest: string, ext: string): string {
  return `${CONTENT_FOLDER}${contentDigest.slice(0, 2)}/${contentDigest.slice(2)}.${ext}`;
}

/** True for addresses of our own making: only those may be moved or quarantined (S26). */
export function isContentAddress(key: string): boolean {
  return /^results\/[0-9a-f]{2}\/[0-9a-f]{62}\./.test(key);
}

/** Whether the address of a result was chosen by the user (S26). */
export function isChosen(ref: Pick<ArtifactRef, 'uri' | 'key'>): boolean {
  return !isInline(ref) && !isContentAddress(ref.key);
}

/** The digest that an address of our own making tells; undefined for other addresses. */
export function contentDigestOf(key: string): string | undefined {
  return isContentAddress(key) ? key.slice(CONTENT_FOLDER.length, CONTENT_FOLDER.length + 65).replace('/', '') : undefined;
}

/** Where bytes go that do not match their digest: one place for each kind of damage, so that nothing is overwritten. */
export function quarantineAddress(key: string, foundDigest: string): string {
  return `quarantine/${key.slice(CONTENT_FOLDER.length)}.${foundDigest.slice(0, 16)}`;
}

/** A result's bytes are gone, damaged, in a store that this process does not have, or in a format nobody here can read. `ref` says which result; the engine takes it for a miss (S25). */
export class ResultUnavailableError extends MillraceError {
  readonly ref: ArtifactRef;

  constructor(
    code: 'RESULT_MISSING' | 'RESULT_ELSEWHERE' | 'RESULT_CORRUPTED' | 'STORE_UNKNOWN' | 'FORMAT_UNKNOWN' | 'RESULT_UNREADABLE',
    message: string,
    ref: ArtifactRef,
    options?: { cause?: unknown; hint?: string },
  ) {
    super(code, message, options);
    this.ref = ref;
  }
}

knowError('ResultUnavailableError', ResultUnavailableError);

/** What every store throws when nothing lies at a key. */
export function nothingAt(store: Pick<ResultStore, 'scheme'>, key: string, cause?: unknown): MillraceError {
  return new MillraceError('RESULT_MISSING', `nothing is stored at '${key}' in the ${store.scheme} store`, { cause });
}
