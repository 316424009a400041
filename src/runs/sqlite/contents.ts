import { checkDigests, digestBytes } from '../digests.js';
import type { SqliteConnection } from './connection.js';
import { discardEntries } from './entries.js';

/** Bytes of small results. */

/** A small result may have some 32 KB, so a statement gives some 8 MB at most. */
const DIGESTS_AT_ONCE = 256;

/**
 * All that is found comes as one: a blob costs the driver 4 µs, whatever its size. SQLite's text is bytes, and joining them changes none.
 * CROSS: each digest is looked up, rather than the whole table.
 */
const FIND =
  "SELECT group_concat(wanted.key), group_concat(length(content.bytes)), CAST(group_concat(content.bytes, '') AS BLOB) " +
  'FROM json_each(?) wanted CROSS JOIN content ON content.digest = unhex(wanted.value)';

/** Each is a view of a larger buffer. @throws MillraceError `DIGEST_INVALID` */
export function findInline(connection: SqliteConnection, contentDigests: readonly string[]): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (let from = 0; from < contentDigests.length; from += DIGESTS_AT_ONCE) {
    const wanted = contentDigests.slice(from, from + DIGESTS_AT_ONCE);
    checkDigests('contentDigest', wanted);
    const [places, lengths, joined] = connection.prepare(FIND).get([JSON.stringify(wanted)]) ?? [];
    if (typeof places !== 'string') continue;
    const asked = places.split(',');
    const sizes = (lengths as string).split(',');
    const all = joined as Uint8Array;
    let start = 0;
    for (let at = 0; at < asked.length; at += 1) {
      const size = Number(sizes[at]);
      found.set(wanted[Number(asked[at])] as string, new Uint8Array(all.buffer, all.byteOffset + start, size));
      start += size;
    }
  }
  return found;
}

/** Inside a transaction. @throws MillraceError `DIGEST_INVALID` */
export function discardContents(connection: SqliteConnection, contentDigests: readonly string[]): void {
  const contents = connection.prepare('DELETE FROM content WHERE digest = ?');
  for (const digest of contentDigests) contents.run([digestBytes('contentDigest', digest)]);
  discardEntries(connection, contentDigests);
}
