import type { Clock } from '../../base/clock.js';
import type { HeartbeatTarget } from '../run-record.js';
import type { ServiceDatabase } from './database.js';

/** A connection of its own, beside that of the runs. @throws MillraceError what opening a record throws */
export async function openServiceDatabase(target: HeartbeatTarget, clock: Clock): Promise<ServiceDatabase> {
  if (target.kind === 'sqlite') return (await import('./sqlite-database.js')).openSqliteDatabase(target.address, clock);
  return (await import('./postgres-database.js')).openPostgresDatabase(target.address, clock);
}
