/** What a record says of itself. */
export interface RecordStatus {
  /** For people, without credentials. */
  readonly location: string;
  readonly kind: 'sqlite' | 'postgres';
  /** 0: there is none yet; the first run makes it. */
  readonly version: number;
  /** What this Millrace would bring it to. */
  readonly newest: number;
  readonly runs: number;
  readonly taskRuns: number;
  /** Of the database, in bytes. */
  readonly size: number;
}

/** What a migration did. */
export interface Migrated {
  readonly from: number;
  readonly to: number;
  /** Where the record is kept as it was: a file, or a schema of the same database. */
  readonly backup: string | undefined;
}

/** The record in one place, for whoever looks after it. */
export interface RecordCare {
  /** @throws MillraceError as opening the record does, but leaves it as it is */
  status(): Promise<RecordStatus>;
  /** Makes the tables where there are none. */
  migrate(): Promise<Migrated>;
}

export const NOTHING_YET = { version: 0, runs: 0, taskRuns: 0, size: 0 } as const;
