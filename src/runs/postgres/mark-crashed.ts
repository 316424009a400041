import type { ErrorInfo } from '../../model/event.js';
import { TASK_STATE_CODE } from '../../model/states.js';
import { STILL_OPEN } from '../sqlite/leases.js';
import { countsOf } from '../sqlite/task-counts.js';
import { NOT_FINAL } from '../sqlite/write-batch.js';
import { releaseAll } from './claims.js';
import type { PostgresConnection } from './connection.js';
import { lossIn, OWNER_COLUMNS } from './leases.js';
import { countCrashed } from './reused.js';
import type { Session } from './session.js';

interface LostRun {
  readonly number: number;
  readonly epoch: number;
  readonly error: ErrorInfo;
}

/** Marks the runs whose process is gone, or has let its lease run out (S31). One round trip when there are none. */
export async function markGoneRuns(connection: PostgresConnection): Promise<void> {
  if ((await connection.read(lostRuns)).length === 0) return;
  await connection.write(async (session) => {
    // Looked up anew: a lease may have been renewed since.
    for (const { number, epoch, error } of await lostRuns(session)) await crashRun(session, number, epoch, error, connection.clock.now());
  });
}

async function lostRuns(session: Session): Promise<readonly LostRun[]> {
  const open = await session.rows(`SELECT number, epoch, ${OWNER_COLUMNS} FROM run WHERE ${STILL_OPEN} ORDER BY number`);
  return open.flatMap(([number, epoch, ...owner]) => {
    const error = lossIn(owner);
    return error === undefined ? [] : [{ number: number as number, epoch: epoch as number, error }];
  });
}

/** By id, for the process's own last words. Nothing happens when the run has ended or belongs to somebody else by now. */
export async function crashRunById(session: Session, id: string, epoch: number, error: ErrorInfo, now: number): Promise<void> {
  const [found] = await session.rows('SELECT number FROM run WHERE id = ?', id);
  if (found !== undefined) await crashRun(session, found[0] as number, epoch, error, now);
}

/** Inside a transaction. The epoch rises, so that an owner who was only thought dead is refused from now on. */
async function crashRun(session: Session, run: number, epoch: number, error: ErrorInfo, now: number): Promise<void> {
  const { crashed } = TASK_STATE_CODE;
  const taken = await session.rows(
    `UPDATE run SET state = 'crashed', epoch = epoch + 1, finished_at = ?, error = ? WHERE number = ? AND epoch = ? AND ${STILL_OPEN} RETURNING number`,
    now,
    JSON.stringify(error),
    run,
    epoch,
  );
  if (taken.length === 0) return;
  const attempts = `UPDATE attempt SET state = ?, finished_at = ?, changes = changes || ' crashed@' || trunc(greatest(0, ? - started_at))::bigint WHERE run = ? AND ${NOT_FINAL}`;
  const [, , , counted = []] = await session.all([
    releaseAll(run),
    [`UPDATE task_run SET state = ?, finished_at = ? WHERE run = ? AND ${NOT_FINAL}`, crashed, now, run],
    [attempts, crashed, now, now, run],
    countCrashed(run),
  ]);
  await session.rows('UPDATE run SET counts = ? WHERE number = ?', JSON.stringify(Object.fromEntries(countsOf(counted))), run);
}
