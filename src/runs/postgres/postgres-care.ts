import { type Migrated, NOTHING_YET, type RecordCare, type RecordStatus } from '../record-status.js';
import { postgresAddress } from './address.js';
import { PostgresConnection } from './connection.js';
import { migrate, stateOf } from './migrations.js';
import { POSTGRES_MIGRATIONS } from './schema.js';

export function postgresCare(url: string): RecordCare {
  const on = async <T>(job: (connection: PostgresConnection) => Promise<T>): Promise<T> => {
    const connection = await PostgresConnection.open(postgresAddress(url));
    try {
      return await job(connection);
    } finally {
      await connection.finish();
    }
  };
  return {
    status: () => on(statusOf),
    migrate: () => on(async (connection): Promise<Migrated> => await migrate(connection)),
  };
}

async function statusOf(connection: PostgresConnection): Promise<RecordStatus> {
  const about = { location: connection.location, kind: 'postgres', newest: POSTGRES_MIGRATIONS.length } as const;
  const { version } = await connection.read((session) => stateOf(connection, session, about.newest));
  if (version === 0) return { ...about, ...NOTHING_YET };
  const answers = await connection.look([
    ['SELECT count(*) FROM run'],
    ['SELECT count(*) FROM task_run'],
    ['SELECT coalesce(sum(json_array_length(places::json)), 0) FROM reused'],
    [
      "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relnamespace = ?::regnamespace AND relkind = 'r'",
      connection.address.schema,
    ],
  ]);
  const [runs, written, packed, size] = answers.map(([row]) => row?.[0] as number) as [number, number, number, number];
  return { ...about, version, runs, taskRuns: written + packed, size };
}
