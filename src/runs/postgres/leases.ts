import { bootTime } from '../../base/clock.js';
import type { ErrorInfo } from '../../model/event.js';
import type { Owner } from '../../model/records.js';
import { lossOf } from '../crash.js';
import type { OwnedRun } from '../run-record.js';
import { STILL_OPEN } from '../sqlite/leases.js';
import type { SqlRow } from '../sqlite/statement.js';
import type { Session, Sql } from './session.js';

/** Until when the owners of runs are believed to live (S31). Leases go by the server's clock: those of the machines need not agree. */

export const NOW = 'extract(epoch FROM clock_timestamp()) * 1000';

/** What `lossIn` reads. */
export const OWNER_COLUMNS = `run.owner, run.lease_until, run.lease_until_here, ${NOW}`;

/** Why a run is to be taken from its owner. @param columns those of `OWNER_COLUMNS` */
export function lossIn([owner, until, untilHere, now]: SqlRow): ErrorInfo | undefined {
  const lease = { until: (until as number | null) ?? undefined, untilHere: (untilHere as number | null) ?? undefined };
  return lossOf(JSON.parse(owner as string) as Owner, lease, now as number);
}

/** Inside a transaction: the lease of a run that was just opened. */
export function firstLease(run: string, leaseMs: number): Sql {
  return [`UPDATE run SET lease_until = ${NOW} + ? WHERE id = ?`, leaseMs, run];
}

/** Inside a transaction. A lease that has run out is renewed all the same, while nobody has taken the run. @returns the runs that are lost */
export async function renewLeases(session: Session, runs: readonly OwnedRun[], leaseMs: number): Promise<readonly string[]> {
  const renewed = await session.rows(
    `UPDATE run SET lease_until = ${NOW} + ?, lease_until_here = ? FROM unnest(?::text[], ?::bigint[]) AS owned (id, epoch)
    WHERE run.id = owned.id AND run.epoch = owned.epoch AND ${STILL_OPEN} RETURNING run.id`,
    leaseMs,
    bootTime() + leaseMs,
    runs.map(({ run }) => run),
    runs.map(({ epoch }) => epoch),
  );
  const kept = new Set(renewed.map(([id]) => id as string));
  return runs.map(({ run }) => run).filter((run) => !kept.has(run));
}

/** Of these runs, those that somebody has asked to end, with the reason. */
export async function findCancelAsked(session: Session, runs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const asked = await session.rows('SELECT id, cancel_asked FROM run WHERE id = ANY(?::text[]) AND cancel_asked IS NOT NULL', runs);
  return new Map(asked.map(([id, why]) => [id as string, why as string]));
}
