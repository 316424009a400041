import { MillraceError } from '../../base/error.js';
import type { Submission, WireConnection } from './pipeline.js';

/** The little that is asked of `pg`. */
export interface Pg {
  readonly Client: new (options: object) => PgClient;
  readonly default?: Pg;
}

export interface PgClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  query(submission: Submission<WireConnection>): unknown;
  end(): Promise<void>;
  on(event: 'error' | 'end', listener: (error: unknown) => void): unknown;
  /** The server's process, as `pg_terminate_backend` knows it. */
  readonly processID?: number | null;
  ref?(): void;
  unref?(): void;
}

/** @throws MillraceError `RECORD_LIBRARY_MISSING` */
export async function loadPg(): Promise<Pg['Client']> {
  // A name the bundler does not see: the package must stay where the user put it.
  const name = 'pg';
  try {
    const pg = (await import(/* @vite-ignore */ name)) as Pg;
    return (pg.Client ?? pg.default?.Client) as Pg['Client'];
  } catch (error) {
    throw new MillraceError('RECORD_LIBRARY_MISSING', "the package 'pg' is needed for a record in PostgreSQL, and could not be loaded", {
      cause: error,
      hint: 'Install it: npm install pg',
    });
  }
}
