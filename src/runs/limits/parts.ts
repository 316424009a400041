import type { OwnedRun } from '../run-record.js';
import type { ServiceSession } from '../service/database.js';
import { STILL_OPEN } from '../sqlite/leases.js';
import type { LimitMeaning, LimitUse } from './limit-request.js';
import type { Demand } from './share.js';

/** A use as it is recorded: `at` instead of how long ago. */
export type RecordedUse = Omit<LimitUse, 'agoMs'> & { readonly at: number };

/** One process's part of one limit, as it is recorded. */
export interface Part {
  readonly holder: string;
  readonly held: number;
  readonly demand: readonly Demand[];
  readonly uses: readonly RecordedUse[];
  readonly seenAt: number;
}

export interface KeyedPart extends Part {
  readonly name: string;
  readonly kind: string;
}

/** Who waits asks again and again; who has not for so long is not waited for, until it does. */
export const FRESH_MS = 1_000;

type UseText = readonly [run: string, epoch: number, holds: readonly string[], waits: number, priority: number, at: number];

const COLUMNS = 'name, kind, holder, held, demand, users, seen_at';

/** The kind of a limit whose units are given back. */
export const AT_ONCE = 'at once';

export function kindOf({ periodMs }: Pick<LimitMeaning, 'periodMs'>): string {
  return periodMs === undefined ? AT_ONCE : 'per period';
}

export async function findParts(session: ServiceSession, limit?: { readonly name: string; readonly kind: string }): Promise<readonly KeyedPart[]> {
  const rows =
    limit === undefined
      ? await session.rows(`SELECT ${COLUMNS} FROM slot ORDER BY name, kind, holder`)
      : await session.rows(`SELECT ${COLUMNS} FROM slot WHERE name = ? AND kind = ? ORDER BY holder`, limit.name, limit.kind);
  return rows.map(([name, kind, holder, held, demand, users, seenAt]) => ({
    name: name as string,
    kind: kind as string,
    holder: holder as string,
    held: held as number,
    demand: (JSON.parse(demand as string) as readonly [number, number, number, number][]).map(([priority, at, count, units]) => ({
      priority,
      at,
      count,
      units,
    })),
    uses: (JSON.parse(users as string) as readonly UseText[]).map(([run, epoch, holds, waits, priority, at]) => ({
      run,
      epoch,
      holds,
      waits,
      priority,
      at,
    })),
    seenAt: seenAt as number,
  }));
}

export async function writePart(session: ServiceSession, name: string, kind: string, part: Part): Promise<void> {
  await session.rows(
    `INSERT INTO slot (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, kind, holder) DO UPDATE SET ` +
      'held = excluded.held, demand = excluded.demand, users = excluded.users, seen_at = excluded.seen_at',
    name,
    kind,
    part.holder,
    part.held,
    JSON.stringify(part.demand.map(({ priority, at, count, units }) => [priority, at, count, units])),
    JSON.stringify(part.uses.map(({ run, epoch, holds, waits, priority, at }) => [run, epoch, holds, waits, priority, at] satisfies UseText)),
    part.seenAt,
  );
}

export async function removePart(session: ServiceSession, name: string, kind: string, holder: string): Promise<void> {
  await session.rows('DELETE FROM slot WHERE name = ? AND kind = ? AND holder = ?', name, kind, holder);
}

/**
 * Whether somebody owns this run as it was recorded: it goes on, and was not taken from its owner (S31). Only who is looked up is marked as crashed, so
 * who waits for a run's units has to look at it.
 */
export async function openUses(session: ServiceSession, uses: readonly OwnedRun[]): Promise<(use: OwnedRun) => boolean> {
  const runs = [...new Set(uses.map(({ run }) => run))];
  if (runs.length === 0) return () => false;
  const rows = await session.rows(`SELECT id, epoch FROM run WHERE id IN (${runs.map(() => '?').join(', ')}) AND ${STILL_OPEN}`, ...runs);
  const epochs = new Map(rows.map(([id, epoch]) => [id as string, epoch as number]));
  return ({ run, epoch }) => epochs.get(run) === epoch;
}
