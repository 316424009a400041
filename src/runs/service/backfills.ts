import type { SqlRow } from '../sqlite/statement.js';
import type { ServiceSession } from './database.js';

export type Reprocess = 'none' | 'failed' | 'all';
export type BackfillState = 'active' | 'paused' | 'done' | 'cancelled';

/** A past range of a schedule that is filled with runs (S36). */
export interface Backfill {
  readonly id: string;
  readonly flow: string;
  /** Of the flow's schedules, the one that is followed, as text. */
  readonly schedule: string;
  /** Instants from here, included. Milliseconds since the epoch, as all times here. */
  readonly from: number;
  /** Up to here, included. */
  readonly to: number;
  /** By name, as `RunRow.params` has them. */
  readonly params: Readonly<Record<string, string>>;
  /** Which instants that have had a run are run again. */
  readonly reprocess: Reprocess;
  readonly direction: 'forward' | 'backward';
  /** Runs at the same time. */
  readonly maxActive: number;
  /** The flow's file, relative to the project's root, where that is known. */
  readonly file?: string;
  readonly state: BackfillState;
  readonly createdAt: number;
  /** When its last run had been added to those that are due: until then there are more to come. */
  readonly filledAt: number | undefined;
  readonly finishedAt: number | undefined;
}

const COLUMNS = 'id, flow, schedule, from_at, to_at, params, reprocess, direction, max_active, file, state, created_at, filled_at, finished_at';

/** Inside a transaction. */
export async function addBackfill(session: ServiceSession, row: Backfill): Promise<void> {
  await session.rows(
    `INSERT INTO backfill (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    row.flow,
    row.schedule,
    row.from,
    row.to,
    JSON.stringify(row.params),
    row.reprocess,
    row.direction,
    row.maxActive,
    row.file ?? null,
    row.state,
    row.createdAt,
    row.filledAt ?? null,
    row.finishedAt ?? null,
  );
}

export interface BackfillFilter {
  readonly id?: string;
  readonly flow?: string;
  readonly state?: BackfillState;
}

/** Newest first. */
export async function findBackfills(session: ServiceSession, filter: BackfillFilter = {}): Promise<readonly Backfill[]> {
  const wanted = (['id', 'flow', 'state'] as const).filter((column) => filter[column] !== undefined);
  const where = wanted.length === 0 ? '' : ` WHERE ${wanted.map((column) => `${column} = ?`).join(' AND ')}`;
  const values = wanted.map((column) => filter[column] as string);
  return (await session.rows(`SELECT ${COLUMNS} FROM backfill${where} ORDER BY created_at DESC, id`, ...values)).map(backfillOf);
}

/** Inside a transaction. One that has ended stays as it is, but for one that is done and gone on with. @returns whether that changed anything */
export async function moveBackfill(session: ServiceSession, id: string, state: BackfillState, at: number): Promise<boolean> {
  const hasEnded = state === 'done' || state === 'cancelled';
  const moved = await session.rows(
    `UPDATE backfill SET state = ?, finished_at = ? WHERE id = ? AND state IN ('active', 'paused'${state === 'active' ? ", 'done'" : ''}) AND state <> ? RETURNING id`,
    state,
    hasEnded ? at : null,
    id,
    state,
  );
  return moved.length > 0;
}

/** What became of an instant that has had runs: the best of them counts. */
export interface InstantOutcome {
  readonly at: number;
  readonly outcome: 'success' | 'waiting' | 'running' | 'failed';
}

/** Of the instants of a flow in a range, those that have had a run, or are to have one: by schedule, backfill or by hand. */
export async function outcomesBetween(session: ServiceSession, flow: string, from: number, to: number): Promise<readonly InstantOutcome[]> {
  const rows = await session.rows(
    `SELECT scheduled_at, min(CASE state WHEN 'success' THEN 0 WHEN 'running' THEN 1 WHEN 'pending' THEN 1 WHEN 'paused' THEN 1 ELSE 3 END) FROM run
WHERE flow = ? AND scheduled_at >= ? AND scheduled_at <= ? GROUP BY scheduled_at
UNION ALL
SELECT scheduled_at, 2 FROM due_run WHERE flow = ? AND scheduled_at >= ? AND scheduled_at <= ? AND state IN ('waiting', 'claimed')`,
    flow,
    from,
    to,
    flow,
    from,
    to,
  );
  const best = new Map<number, number>();
  for (const [at, rank] of rows as readonly (readonly [number, number])[]) best.set(at, Math.min(best.get(at) ?? 9, rank));
  const names = ['success', 'running', 'waiting', 'failed'] as const;
  return [...best].sort(([a], [b]) => a - b).map(([at, rank]) => ({ at, outcome: names[rank] ?? 'failed' }));
}

function backfillOf([
  id,
  flow,
  schedule,
  from,
  to,
  params,
  reprocess,
  direction,
  maxActive,
  file,
  state,
  createdAt,
  filledAt,
  finishedAt,
]: SqlRow): Backfill {
  return {
    id: id as string,
    flow: flow as string,
    schedule: schedule as string,
    from: from as number,
    to: to as number,
    params: JSON.parse(params as string),
    reprocess: reprocess as Reprocess,
    direction: direction as 'forward' | 'backward',
    maxActive: maxActive as number,
    ...(file === null ? undefined : { file: file as string }),
    state: state as BackfillState,
    createdAt: createdAt as number,
    filledAt: (filledAt ?? undefined) as number | undefined,
    finishedAt: (finishedAt ?? undefined) as number | undefined,
  };
}
