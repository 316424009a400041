import type { SqlRow, SqlValue } from '../sqlite/statement.js';

/**
 * The record's database as services use it: rarely and in small steps, so that one text of SQL can serve both kinds. `?` stands for parameters and
 * nowhere else; text is what both understand.
 */
export interface ServiceSession {
  rows(sql: string, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** Until the transaction ends, nobody else has the lock of this name. */
  lock(name: string): Promise<void>;
  /** By the record's clock, in milliseconds since the epoch: a server's own, for SQLite that of the one machine. */
  now(): Promise<number>;
}

export interface ServiceDatabase {
  /** For people: a path or a server. */
  readonly location: string;
  read<T>(job: (session: ServiceSession) => Promise<T>): Promise<T>;
  /** In a transaction of its own, after all earlier ones. It may be run a second time, when the server went in the middle. */
  write<T>(job: (session: ServiceSession) => Promise<T>): Promise<T>;
  /** As `write`, but a power cut may undo it: for what is worth nothing once this process is gone. Others see it at once all the same. */
  writeInPassing<T>(job: (session: ServiceSession) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
