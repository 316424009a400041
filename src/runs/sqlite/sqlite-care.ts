import { existsSync } from 'node:fs';
import { type Migrated, NOTHING_YET, type RecordCare, type RecordStatus } from '../record-status.js';
import { SqliteConnection } from './connection.js';
import { backupOf, MIGRATIONS, migrate } from './migrations.js';
import { checkedVersion } from './version.js';

export function sqliteCare(path: string): RecordCare {
  const about = { location: path, kind: 'sqlite', newest: MIGRATIONS.length } as const;
  const status = async (): Promise<RecordStatus> => {
    if (!existsSync(path)) return { ...about, ...NOTHING_YET };
    const connection = await SqliteConnection.open({ path, readOnly: true });
    try {
      return await connection.read(() => ({ ...about, ...countsOf(connection) }));
    } finally {
      connection.close();
    }
  };
  return {
    status,
    async migrate(): Promise<Migrated> {
      const { version: from } = await status();
      const connection = await SqliteConnection.open({ path });
      try {
        await migrate(connection);
      } finally {
        connection.close();
      }
      const backup = backupOf(path, from);
      return { from, to: MIGRATIONS.length, backup: from > 0 && from < MIGRATIONS.length && existsSync(backup) ? backup : undefined };
    },
  };
}

function countsOf(connection: SqliteConnection): Pick<RecordStatus, 'version' | 'runs' | 'taskRuns' | 'size'> {
  const one = (sql: string): number => Number(connection.prepare(sql).get()?.[0] ?? 0);
  const version = checkedVersion(connection, MIGRATIONS.length);
  if (version === 0) return NOTHING_YET;
  return {
    version,
    runs: one('SELECT count(*) FROM run'),
    taskRuns: one('SELECT count(*) FROM task_run') + one('SELECT sum(json_array_length(places)) FROM reused'),
    size: one('PRAGMA page_count') * one('PRAGMA page_size'),
  };
}
