/** The entry `millrace/postgres`: the record over PostgreSQL alone, for programs that look runs up, and for contract tests. */
export { openPostgresRecord as postgresRecord, type PostgresRecordOptions } from './runs/postgres/postgres-record.js';
export type { RunRecord } from './runs/run-record.js';
