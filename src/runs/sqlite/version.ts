import { MillraceError } from '../../base/error.js';
import type { SqliteConnection } from './connection.js';

/** How many migrations there are: said apart from them, because a record that is up to date needs none of their SQL. */
export const NEWEST_VERSION = 13;

/** `MILL`: marks the file as a record, so that no tables are put into somebody else's database. */
export const APPLICATION_ID = 0x4d494c4c;

/** @throws MillraceError `RECORD_TOO_NEW`, `RECORD_NOT_OURS` */
export async function isUpToDate(connection: SqliteConnection): Promise<boolean> {
  return (await connection.read(() => checkedVersion(connection, NEWEST_VERSION))) === NEWEST_VERSION;
}

export function checkedVersion(connection: SqliteConnection, newest: number): number {
  const version = numberOf(connection, 'PRAGMA user_version');
  const mark = numberOf(connection, 'PRAGMA application_id');
  if (mark !== APPLICATION_ID && numberOf(connection, 'SELECT count(*) FROM sqlite_master') > 0) {
    throw new MillraceError('RECORD_NOT_OURS', `${connection.path} is a database, but no record of Millrace`, {
      hint: 'Choose another path for the record.',
    });
  }
  if (version > newest) {
    throw new MillraceError('RECORD_TOO_NEW', `the record ${connection.path} has version ${version}; this Millrace knows versions up to ${newest}`, {
      hint: 'A newer Millrace has written it: use that one, or choose another project folder.',
    });
  }
  return version;
}

function numberOf(connection: SqliteConnection, sql: string): number {
  return Number(connection.prepare(sql).get()?.[0] ?? 0);
}
