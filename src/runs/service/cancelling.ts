import { STILL_OPEN } from '../sqlite/leases.js';
import type { ServiceSession } from './database.js';
import { nextTryOf } from './tries.js';

/**
 * What came of asking a run to end. `asked`: it goes on, and its owner will be told within a second or two; `withdrawn`: it was due and had not
 * begun, and now never will; `starting`: a service is just about to start it, so that there is nobody to be asked yet; `ended`: it had ended before.
 */
export type CancelAnswer = 'asked' | 'withdrawn' | 'starting' | 'ended' | 'unknown';

export const GOING_ON = `run.${STILL_OPEN}`;

/** Inside a transaction. Of two who ask, the first is the one whose reason counts. */
export async function askToCancel(session: ServiceSession, run: string, why: string): Promise<CancelAnswer> {
  if (await askRunToEnd(session, run, why)) return 'asked';
  const [begun] = await session.rows(`SELECT CASE WHEN ${GOING_ON} THEN 1 ELSE 0 END FROM run WHERE id = ?`, run);
  if (begun !== undefined) {
    if (begun[0] === 1) return 'asked';
    // With `retries` of the flow, whoever knows the run by its first try means the one that goes on.
    const next = await nextTryOf(session, run);
    return next === undefined ? 'ended' : await askToCancel(session, next, why);
  }
  const [withdrawn] = await session.rows(
    "UPDATE due_run SET state = 'skipped', why = ?, lease_until = NULL WHERE run = ? AND state = 'waiting' RETURNING run",
    why,
    run,
  );
  if (withdrawn !== undefined) return 'withdrawn';
  const [due] = await session.rows('SELECT state FROM due_run WHERE run = ?', run);
  if (due === undefined) return 'unknown';
  return due[0] === 'claimed' ? 'starting' : 'ended';
}

/** Inside a transaction. @returns whether it goes on and nobody had asked it before */
export async function askRunToEnd(session: ServiceSession, run: string, why: string): Promise<boolean> {
  const [asked] = await session.rows(`UPDATE run SET cancel_asked = ? WHERE id = ? AND cancel_asked IS NULL AND ${GOING_ON} RETURNING id`, why, run);
  return asked !== undefined;
}
