import { renameSync, rmSync } from 'node:fs';
import { MillraceError } from '../../base/error.js';
import { faultPoint } from '../../base/fault-point.js';
import { SqliteConnection } from './connection.js';
import { SCHEMA_11 } from './schema/limits.js';
import { SCHEMA_1, SCHEMA_2, SCHEMA_3, SCHEMA_4, SCHEMA_7, SCHEMA_9, SCHEMA_10, SCHEMA_13 } from './schema/runs-and-results.js';
import { SCHEMA_8 } from './schema/services.js';
import { SCHEMA_5, SCHEMA_6 } from './schema/side-outputs.js';
import { SCHEMA_12 } from './schema/triggers.js';
import { APPLICATION_ID, checkedVersion } from './version.js';

/** The SQL that leads from version n to n + 1, at place n. Published ones never change: only ever append. `schema/` has them by theme. */
export const MIGRATIONS: readonly string[] = [
  SCHEMA_1,
  SCHEMA_2,
  SCHEMA_3,
  SCHEMA_4,
  SCHEMA_5,
  SCHEMA_6,
  SCHEMA_7,
  SCHEMA_8,
  SCHEMA_9,
  SCHEMA_10,
  SCHEMA_11,
  SCHEMA_12,
  SCHEMA_13,
];

/**
 * Brings the database to the newest version, forward only. One that holds runs is copied first, beside the file, as `<file>.v<version>.bak`.
 * @throws MillraceError `RECORD_TOO_NEW`, `RECORD_TOO_OLD` when opened read-only, `RECORD_NOT_OURS`
 */
export async function migrate(connection: SqliteConnection, migrations: readonly string[] = MIGRATIONS): Promise<void> {
  if ((await connection.read(() => checkedVersion(connection, migrations.length))) === migrations.length) return;
  if (connection.readOnly) {
    throw new MillraceError('RECORD_TOO_OLD', `the record ${connection.path} is older than this Millrace and was opened read-only`, {
      hint: 'Open it once for writing, for example with any `millrace run`; that brings it up to date.',
    });
  }
  const reader = await SqliteConnection.open({ path: connection.path, readOnly: true, clock: connection.clock });
  try {
    await connection.write(() => {
      const version = checkedVersion(connection, migrations.length);
      // By the second connection, while the first holds the write lock: what is copied is what will be migrated, whoever else comes along.
      if (version > 0 && version < migrations.length && holdsRuns(connection)) copyAside(reader, version);
      for (const sql of migrations.slice(version)) connection.exec(sql);
      connection.exec(`PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${migrations.length}`);
    });
  } finally {
    reader.close();
  }
}

function holdsRuns(connection: SqliteConnection): boolean {
  return connection.prepare('SELECT 1 FROM run LIMIT 1').get() !== undefined;
}

/** Where a record is kept as it was before it was brought on from this version. */
export function backupOf(path: string, version: number): string {
  return `${path}.v${version}.bak`;
}

function copyAside(reader: SqliteConnection, version: number): void {
  const copy = backupOf(reader.path, version);
  const unfinished = `${copy}.tmp`;
  rmSync(unfinished, { force: true });
  faultPoint('record.copy');
  reader.prepare('VACUUM INTO ?').run([unfinished]);
  faultPoint('record.rename-copy');
  renameSync(unfinished, copy);
}
