import type { Column, ColumnKind } from './sql-columns.js';

/** A table of a database. */
export interface TableAddress {
  readonly schema: string | undefined;
  readonly table: string;
}

export type AccessMode = 'look' | 'read' | 'write';

/** What tells one database from another; all else is the same SQL. */
export interface SqlDatabase {
  readonly scheme: 'sqlite' | 'postgres' | 'duckdb';
  /** For people and records, without credentials. */
  readonly shown: string;
  /** Whether tables lie in schemas. */
  readonly hasSchemas: boolean;
  /** The types that columns are made with. */
  readonly types: Readonly<Record<ColumnKind, string>>;
  /** False: it is a file, and not there. */
  isThere(): boolean;
  /**
   * Opens a connection, and runs `job` in one transaction of it: when it throws, nothing has happened. To `look` changes nothing, whatever the job
   * says, and is in nobody's way.
   */
  inTransaction<T>(mode: AccessMode, job: (session: SqlSession) => Promise<T>): Promise<T>;
}

export interface SqlSession {
  run(sql: string): Promise<void>;
  /** The first value of the first row, numbers and booleans as such; undefined: no row. */
  first(sql: string): Promise<unknown>;
  /** Undefined: there is no such table. */
  columns(of: TableAddress): Promise<readonly Column[] | undefined>;
  /** @param conflict what follows the values */
  insert(into: TableAddress, columns: readonly Column[], rows: readonly (readonly unknown[])[], conflict: string): Promise<void>;
  /** Rows by place of the columns, as the values they were. @param order SQL, or the order in which they were written */
  select(from: TableAddress, columns: readonly Column[], order: string | undefined): Promise<readonly (readonly unknown[])[]>;
}
