import type { Clock } from '../../base/clock.js';
import { postgresAddress } from '../postgres/address.js';
import { PostgresConnection } from '../postgres/connection.js';
import type { Session } from '../postgres/session.js';
import type { ServiceDatabase, ServiceSession } from './database.js';

export async function openPostgresDatabase(url: string, clock: Clock): Promise<ServiceDatabase> {
  const connection = await PostgresConnection.open(postgresAddress(url), { clock });
  return {
    location: connection.location,
    read: (job) => connection.read((session) => job(over(session))),
    write: (job) => connection.write((session) => job(over(session))),
    writeInPassing: (job) => connection.writeInPassing((session) => job(over(session))),
    close: () => connection.finish(),
  };
}

function over(session: Session): ServiceSession {
  return {
    rows: (sql, ...values) => session.rows(sql, ...values),
    lock: async (name) => {
      await session.rows('SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended(?, 0))) held', name);
    },
    now: async () => {
      const [row] = await session.rows('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::double precision');
      return row?.[0] as number;
    },
  };
}
