import type { ServiceSession } from './database.js';

/**
 * A flow with `retries` is tried again by runs of their own, each of which goes on with the one before (S30). The due run stands for all of them: they
 * have its cause, and no row of their own among those that are due.
 */

/** Of a row of `run`. */
export const IS_LATER_TRY = 'run.cause IS NOT NULL AND NOT EXISTS (SELECT 1 FROM due_run own WHERE own.run = run.id)';

/** Of a row of `run` that stands for a time: nobody has gone on with it. A run that does has its flow, and stands for the same time. */
export const IS_LAST_TRY =
  'NOT EXISTS (SELECT 1 FROM run later WHERE later.flow = run.flow AND later.scheduled_at = run.scheduled_at AND later.origin_run = run.id)';

/** More tries than anybody asks for; a chain that is longer leads nowhere. */
const MOST_TRIES = 1_000;

export interface TryOf {
  /** The id of the due run. */
  readonly due: string;
  /** Which try it is, from 1. */
  readonly count: number;
}

/** The due run that this run was to be, or one that it tries again; undefined where there was none. */
export async function tryOf(session: ServiceSession, run: string): Promise<TryOf | undefined> {
  let id = run;
  for (let count = 1; count < MOST_TRIES; count++) {
    const [row] = await session.rows(
      'SELECT due_run.run, run.origin_run, run.cause FROM run LEFT JOIN due_run ON due_run.run = run.id WHERE run.id = ?',
      id,
    );
    if (row === undefined) return undefined;
    const [due, origin, cause] = row as readonly (string | null)[];
    if (due != null) return { due, count };
    if (origin == null || cause == null) return undefined;
    id = origin;
  }
  return undefined;
}

/** The run that tries this one again, where there is one. */
export async function nextTryOf(session: ServiceSession, run: string): Promise<string | undefined> {
  const [next] = await session.rows(
    `SELECT run.id FROM run before JOIN run ON run.flow = before.flow AND run.created_at >= before.created_at AND run.origin_run = before.id
WHERE before.id = ? AND ${IS_LATER_TRY} ORDER BY run.created_at LIMIT 1`,
    run,
  );
  return next?.[0] as string | undefined;
}
