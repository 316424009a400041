import { checkDigest, digestBytes } from '../digests.js';
import { discardEntries } from './entries.js';
import type { Session } from './session.js';

/** Bytes of small results. */

/** A small result may have some 32 KB, so a statement gives some 8 MB at most. */
const DIGESTS_AT_ONCE = 256;

/** @throws MillraceError `DIGEST_INVALID` */
export async function findInline(session: Session, contentDigests: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
  for (const digest of contentDigests) checkDigest('contentDigest', digest);
  const bytes = new Map<string, Uint8Array>();
  for (let from = 0; from < contentDigests.length; from += DIGESTS_AT_ONCE) {
    const wanted = contentDigests.slice(from, from + DIGESTS_AT_ONCE).map((digest) => digestBytes('contentDigest', digest));
    const found = await session.rows("SELECT encode(digest, 'hex'), bytes FROM content WHERE digest = ANY(?::bytea[])", wanted);
    for (const [digest, content] of found) bytes.set(digest as string, plain(content as Uint8Array));
  }
  // In the order in which they were asked for.
  return new Map(contentDigests.flatMap((digest) => (bytes.has(digest) ? [[digest, bytes.get(digest) as Uint8Array] as const] : [])));
}

/** Inside a transaction. @throws MillraceError `DIGEST_INVALID` */
export async function discardContents(session: Session, contentDigests: readonly string[]): Promise<void> {
  const digests = contentDigests.map((digest) => digestBytes('contentDigest', digest));
  await session.rows('DELETE FROM content WHERE digest = ANY(?::bytea[])', digests);
  await discardEntries(session, contentDigests);
}

/** As from SQLite: no `Buffer`, whose methods differ. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
