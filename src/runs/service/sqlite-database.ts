import { type Clock, wallTime } from '../../base/clock.js';
import { SqliteConnection } from '../sqlite/connection.js';
import type { ServiceDatabase, ServiceSession } from './database.js';

/** The driver has another way for the others. */
const GIVES_ROWS = /^SELECT|\bRETURNING\b/;

/** Every job is a transaction that is begun as a writer's, so its locks are all one: SQLite has one writer at a time. */
export async function openSqliteDatabase(path: string, clock: Clock): Promise<ServiceDatabase> {
  const connection = await SqliteConnection.open({ path, clock });
  const session: ServiceSession = {
    rows: async (sql, ...values) => {
      const statement = connection.prepare(sql);
      if (GIVES_ROWS.test(sql)) return statement.all(values);
      statement.run(values);
      return [];
    },
    lock: async () => {},
    now: async () => wallTime(),
  };
  return {
    location: connection.path,
    read: (job) => connection.readInSteps(() => job(session)),
    write: (job) => connection.writeInSteps(() => job(session)),
    writeInPassing: (job) => connection.writeInStepsInPassing(() => job(session)),
    close: () => connection.finish(),
  };
}
