import type { ErrorInfo } from '../../model/event.js';
import { TASK_STATE_CODE } from '../../model/states.js';
import { releaseAllClaims } from './claims.js';
import type { SqliteConnection } from './connection.js';
import { lossIn, OWNER_COLUMNS, STILL_OPEN } from './leases.js';
import { countCrashed } from './task-counts.js';
import { NOT_FINAL } from './write-batch.js';

interface LostRun {
  readonly number: number;
  readonly epoch: number;
  readonly error: ErrorInfo;
}

/** Marks the runs whose process is gone, or has let its lease run out (S31). Costs one seek per unfinished state when there are none. */
export async function markGoneRuns(connection: SqliteConnection): Promise<void> {
  if ((await connection.read(() => lostRuns(connection))).length === 0) return;
  await connection.write(() => {
    // Looked up anew: a lease may have been renewed since.
    for (const run of lostRuns(connection)) crashRun(connection, run.number, run.epoch, run.error);
  });
}

function lostRuns(connection: SqliteConnection): readonly LostRun[] {
  const open = connection.prepare(`SELECT number, epoch, ${OWNER_COLUMNS} FROM run WHERE ${STILL_OPEN}`).all();
  return open.flatMap(([number, epoch, ...owner]) => {
    const error = lossIn(owner);
    return error === undefined ? [] : [{ number: number as number, epoch: epoch as number, error }];
  });
}

/** By id, for the process's own last words. Nothing happens when the run has ended or belongs to somebody else by now. */
export function crashRunById(connection: SqliteConnection, id: string, epoch: number, error: ErrorInfo): void {
  const found = connection.prepare('SELECT number FROM run WHERE id = ?').get([id]);
  if (found !== undefined) crashRun(connection, found[0] as number, epoch, error);
}

/** Inside a transaction. The epoch rises, so that an owner who was only thought dead is refused from now on. */
function crashRun(connection: SqliteConnection, run: number, epoch: number, error: ErrorInfo): void {
  const now = connection.clock.now();
  const { crashed } = TASK_STATE_CODE;
  const taken = connection
    .prepare(`UPDATE run SET state = 'crashed', epoch = epoch + 1, finished_at = ?, error = ? WHERE number = ? AND epoch = ? AND ${STILL_OPEN}`)
    .run([now, JSON.stringify(error), run, epoch]);
  if (taken === 0) return;
  releaseAllClaims(connection, run);
  connection.prepare(`UPDATE task_run SET state = ?, finished_at = ? WHERE run = ? AND ${NOT_FINAL}`).run([crashed, now, run]);
  connection
    .prepare(
      `UPDATE attempt SET state = ?, finished_at = ?, changes = changes || ' crashed@' || CAST(max(0, ? - started_at) AS INTEGER) WHERE run = ? AND ${NOT_FINAL}`,
    )
    .run([crashed, now, now, run]);
  connection.prepare('UPDATE run SET counts = ? WHERE number = ?').run([JSON.stringify(Object.fromEntries(countCrashed(connection, run))), run]);
}
