import type { ServiceSession } from '../service/database.js';
import { findMeaning } from './exchange-units.js';
import type { LimitInUse } from './limit-request.js';
import { AT_ONCE, findParts, openUses, removePart } from './parts.js';
import { startsIn, withStarts } from './window.js';

/** Inside a transaction. What it was allowed to start in a period counts until that is over, and stays: whoever asks next sees that it has gone. */
export async function removeHolder(session: ServiceSession, holder: string): Promise<void> {
  for (const { name, kind, holder: whose } of await findParts(session))
    if (whose === holder && kind === AT_ONCE) await removePart(session, name, kind, holder);
}

/** By name: what is held, and by whom, and who waits. */
export async function findLimits(session: ServiceSession, now: number): Promise<readonly LimitInUse[]> {
  const parts = await findParts(session);
  const isOpen = await openUses(
    session,
    parts.flatMap(({ uses }) => uses),
  );
  const live = parts.filter(({ uses }) => uses.some(isOpen));
  const limits: LimitInUse[] = [];
  const rows = await session.rows('SELECT name, kind FROM named_limit ORDER BY name, kind');
  for (const [name, kind] of rows as readonly (readonly [string, string])[]) {
    const known = await findMeaning(session, name, kind);
    if (known === undefined) continue;
    const { periodMs } = known.meaning;
    const own = live.filter((part) => part.name === name && part.kind === kind);
    const started = periodMs === undefined ? 0 : startsIn(withStarts(known.starts, [], periodMs, now));
    if (own.length === 0 && started === 0) continue;
    limits.push({
      ...known.meaning,
      used: periodMs === undefined ? own.reduce((sum, { held }) => sum + held, 0) : started,
      holders: own.flatMap(({ uses }) => uses.filter(({ holds }) => holds.length > 0).map(({ run, holds }) => ({ run, taskRuns: holds }))),
      waiting: own
        .flatMap(({ uses }) => uses.filter(({ waits }) => waits > 0))
        .map(({ run, waits, priority, at }) => ({ run, count: waits, priority, since: at }))
        .sort((one, other) => other.priority - one.priority || one.since - other.since),
    });
  }
  return limits;
}
