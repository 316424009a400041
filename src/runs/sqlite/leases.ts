import { bootTime, wallTime } from '../../base/clock.js';
import type { ErrorInfo } from '../../model/event.js';
import type { Owner } from '../../model/records.js';
import { lossOf, UNFINISHED } from '../crash.js';
import type { OwnedRun } from '../run-record.js';
import type { SqliteConnection } from './connection.js';
import type { SqlRow } from './statement.js';

/** Until when the owners of runs are believed to live (S31). */

export const STILL_OPEN = `state IN (${UNFINISHED.map((state) => `'${state}'`).join(', ')})`;

/** What `lossIn` reads. */
export const OWNER_COLUMNS = 'owner, lease_until, lease_until_here';

/** Why a run is to be taken from its owner. @param columns those of `OWNER_COLUMNS` */
export function lossIn([owner, until, untilHere]: SqlRow): ErrorInfo | undefined {
  const lease = { until: (until as number | null) ?? undefined, untilHere: (untilHere as number | null) ?? undefined };
  return lossOf(JSON.parse(owner as string) as Owner, lease);
}

/** Inside a transaction: the lease of a run that was just opened. */
export function firstLease(connection: SqliteConnection, run: string, leaseMs: number): void {
  connection.prepare('UPDATE run SET lease_until = ? WHERE id = ?').run([wallTime() + leaseMs, run]);
}

/** Inside a transaction. A lease that has run out is renewed all the same, while nobody has taken the run. @returns the runs that are lost */
export function renewLeases(connection: SqliteConnection, runs: readonly OwnedRun[], leaseMs: number): readonly string[] {
  const renew = connection.prepare(`UPDATE run SET lease_until = ?, lease_until_here = ? WHERE id = ? AND epoch = ? AND ${STILL_OPEN}`);
  const [until, untilHere] = [wallTime() + leaseMs, bootTime() + leaseMs];
  return runs.filter(({ run, epoch }) => renew.run([until, untilHere, run, epoch]) === 0).map(({ run }) => run);
}

/** Of these runs, those that somebody has asked to end, with the reason. */
export function findCancelAsked(connection: SqliteConnection, runs: readonly string[]): ReadonlyMap<string, string> {
  const asked = connection
    .prepare('SELECT id, cancel_asked FROM run WHERE id IN (SELECT value FROM json_each(?)) AND cancel_asked IS NOT NULL')
    .all([JSON.stringify(runs)]);
  return new Map(asked.map(([id, why]) => [id as string, why as string]));
}
