import { isSecret, type Secret, secretValue } from '../../model/secret.js';
import { openDatabase, shownDatabase } from './open-database.js';
import { asSqlError } from './sql-error.js';

/** How DuckDB says that another process writes to the file: it will let go of it. */
const LOCKED_ELSEWHERE = /Could not set lock on file|Conflicting lock is held/i;

/**
 * The first value of the first row that a query gives; null for NULL, undefined where it gives no row, or where the database is a file that is
 * not there yet or that another process has to itself. Nothing is changed by it. Numbers and booleans come as such.
 * @throws MillraceError `SQL_FAILED`, `SQL_LIBRARY_MISSING`, `SQL_ADDRESS_INVALID`, `SECRET_MISSING`
 */
export async function firstValue(db: string | Secret, query: string): Promise<unknown> {
  const address = isSecret(db) ? secretValue(db) : db;
  try {
    const database = await openDatabase(address);
    if (!database.isThere()) return undefined;
    return await database.inTransaction('look', (session) => session.first(query));
  } catch (error) {
    if (LOCKED_ELSEWHERE.test(String(error))) return undefined;
    throw asSqlError(error, isSecret(db) ? `query of $${db.name}` : `query of ${shownDatabase(address)}`, address);
  }
}
