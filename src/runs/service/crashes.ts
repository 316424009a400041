import type { ServiceSession } from './database.js';

/** A run that crashed, and of which nobody has been told yet. */
export interface UntoldCrash {
  readonly run: string;
  readonly flow: string;
}

/** Those that were found crashed at or after `since`, the oldest first; at most 100. */
export async function untoldCrashes(session: ServiceSession, since: number): Promise<readonly UntoldCrash[]> {
  const rows = await session.rows(
    "SELECT id, flow FROM run WHERE state = 'crashed' AND crash_told IS NULL AND finished_at >= ? ORDER BY finished_at, id LIMIT 100",
    since,
  );
  return rows.map(([run, flow]) => ({ run: run as string, flow: flow as string }));
}

/** Inside a transaction: whoever claims it tells of it, and nobody else ever does. @returns whether it was there to be claimed */
export async function claimCrash(session: ServiceSession, run: string, at: number): Promise<boolean> {
  const rows = await session.rows("UPDATE run SET crash_told = ? WHERE id = ? AND state = 'crashed' AND crash_told IS NULL RETURNING id", at, run);
  return rows.length > 0;
}
