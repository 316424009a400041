import type { CodeRow } from '../../model/records.js';
import { digestBytes } from '../digests.js';
import type { SqliteConnection } from './connection.js';
import { insertInto, insertRows } from './insert.js';
import { CONTENT_COLUMNS } from './rows.js';

/** What code runs had: packages of source files, each kept once. */

export const CODE_COLUMNS = ['package', 'content_digest'];
/** With the digest of the package, the number of the run, and the digest again. */
export const POINT = 'UPDATE run SET code_package = ? WHERE number = ? AND EXISTS (SELECT 1 FROM code_part WHERE package = ?)';
export const IS_KNOWN = 'SELECT 1 FROM code_part WHERE package = ? LIMIT 1';

const PARTS = insertInto('code_part', CODE_COLUMNS, 'DO NOTHING');
const CONTENTS = insertInto('content', CONTENT_COLUMNS, 'DO NOTHING');

/** Inside a transaction. @throws MillraceError `DIGEST_INVALID` */
export function writeCode(connection: SqliteConnection, run: number, { digest, contents = [] }: CodeRow): void {
  const all = digestBytes('contentDigest', digest);
  if (contents.length > 0 && connection.prepare(IS_KNOWN).get([all]) === undefined) {
    insertRows(connection, CONTENTS, contents, (into, one) => into.push(digestBytes('contentDigest', one.digest), one.bytes));
    insertRows(connection, PARTS, contents, (into, one) => into.push(all, digestBytes('contentDigest', one.digest)));
  }
  connection.prepare(POINT).run([all, run, all]);
}

/** Of the package of a run, given three times by its number, when no other run has it. */
const OF_THIS_ALONE =
  'package = (SELECT code_package FROM run WHERE number = ?) AND ' +
  'NOT EXISTS (SELECT 1 FROM run WHERE code_package = (SELECT code_package FROM run WHERE number = ?) AND number <> ?)';

/** Each with the number of a run three times, before its row goes: what nobody has any more is looked for as results are. */
export const CODE_LOST: readonly string[] = [
  `INSERT INTO garbage (digest, address, bytes) SELECT content_digest, '', 0 FROM code_part WHERE ${OF_THIS_ALONE} ON CONFLICT DO NOTHING`,
  `DELETE FROM code_part WHERE ${OF_THIS_ALONE}`,
];
