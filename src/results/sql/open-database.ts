import { MillraceError } from '../../base/error.js';
import type { SqlDatabase } from './sql-database.js';

const POSTGRES = /^postgres(?:ql)?:\/\//i;
const DUCKDB = /^duckdb:/i;
const SQLITE = /^sqlite:/i;

export function schemeOf(address: string): SqlDatabase['scheme'] {
  if (POSTGRES.test(address)) return 'postgres';
  return DUCKDB.test(address) ? 'duckdb' : 'sqlite';
}

/** An address without what nobody is to see: user, password and settings. */
export function shownDatabase(address: string): string {
  const scheme = schemeOf(address);
  if (scheme !== 'postgres') return `${scheme}:${pathOf(address)}`;
  return `postgres://${address
    .replace(POSTGRES, '')
    .replace(/[?#].*$/s, '')
    .replace(/^.*@/s, '')}`;
}

function pathOf(address: string): string {
  return address.replace(DUCKDB, '').replace(SQLITE, '');
}

/** Each database's driver is loaded when a table of it is used. @throws MillraceError `SQL_ADDRESS_INVALID`, `SQL_LIBRARY_MISSING` */
export async function openDatabase(address: string): Promise<SqlDatabase> {
  const scheme = schemeOf(address);
  const other = /^([a-z][a-z0-9+.-]+):\/\//i.exec(address)?.[1];
  if (scheme === 'sqlite' && other !== undefined) {
    throw new MillraceError('SQL_ADDRESS_INVALID', `expected a database of PostgreSQL, DuckDB or SQLite; got one of '${other}'`, {
      hint: 'Write postgres://…, duckdb:<path>, sqlite:<path>, or the path of an SQLite file.',
    });
  }
  if (scheme === 'postgres') return (await import('./postgres-database.js')).postgresDatabase(address, shownDatabase(address));
  if (scheme === 'duckdb') return (await import('./duckdb-database.js')).duckdbDatabase(pathOf(address));
  return (await import('./sqlite-database.js')).sqliteDatabase(pathOf(address));
}
