import type { DueRun, DueState, NewDueRun, RunCause } from '../../model/due-run.js';
import type { SqlRow } from '../sqlite/statement.js';
import { type ActiveRun, type Admission, type AdmissionState, admit, type FlowPolicy } from './admission.js';
import { askRunToEnd, GOING_ON } from './cancelling.js';
import type { ServiceSession } from './database.js';
import { nextTryOf, type TryOf, tryOf } from './tries.js';

/** Which runs are due, and who starts them (S35): each row is claimed by one service at a time, and started once. */

const COLUMNS =
  'flow, key, run, cause, schedule, backfill, params, tags, resumes, again, triggers, scheduled_at, scheduled_from, due_at, created_at, state, why, service'.split(
    ', ',
  );
const SELECTION = COLUMNS.map((column) => `due_run.${column}`).join(', ');
const ADD = `INSERT INTO due_run (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING RETURNING run`;
/** The next try of a run begins at once; where it has not by then, its process has gone. */
const BETWEEN_TRIES_MS = 5_000;
/** More are looked at in the next turn. */
const AT_ONCE = 1_000;

export interface ClaimDueRequest {
  readonly service: string;
  /** The flows it can start. */
  readonly flows: readonly FlowPolicy[];
  readonly now: number;
  /** How long the service has to start them: after that they are anybody's. In milliseconds. */
  readonly leaseMs: number;
  /** Only runs of this backfill. */
  readonly backfill?: string;
  /** Runs that it has room for; what else is due stays for a later turn, or for others. @default no bound */
  readonly limit?: number;
}

/** What is to be done now: the rest has been written down. */
export interface ClaimedRuns {
  readonly start: readonly DueRun[];
  readonly skipped: readonly { readonly due: DueRun; readonly why: string }[];
  /** Runs that were asked to end, since a later one is due. */
  readonly cancelled: readonly string[];
}

export interface DueFilter {
  /** By the id of the run. */
  readonly run?: string;
  readonly flow?: string;
  readonly backfill?: string;
  readonly states?: readonly DueState[];
  /** Due before. */
  readonly until?: number;
  /** @default 1000 */
  readonly limit?: number;
}

/** Inside a transaction. @returns the runs of those that were not there yet */
export async function addDue(session: ServiceSession, rows: readonly NewDueRun[]): Promise<readonly string[]> {
  const added: string[] = [];
  for (const row of rows) {
    const [found] = await session.rows(
      ADD,
      row.flow,
      row.key,
      row.run,
      row.cause,
      row.schedule ?? null,
      row.backfill ?? null,
      JSON.stringify(row.params),
      JSON.stringify(row.tags),
      row.resumes ?? null,
      row.again === undefined ? null : JSON.stringify(row.again),
      row.triggers === undefined ? null : JSON.stringify(row.triggers),
      row.scheduled?.at ?? null,
      row.scheduled?.from ?? null,
      row.dueAt,
      row.createdAt,
      'waiting',
      null,
      null,
    );
    if (found) added.push(found[0] as string);
  }
  return added;
}

/** By when they are due. */
export async function findDue(session: ServiceSession, filter: DueFilter): Promise<readonly DueRun[]> {
  const { run, flow, backfill, states, until, limit = AT_ONCE } = filter;
  const where: string[] = [];
  const values: (string | number)[] = [];
  const only = (condition: string, ...given: (string | number)[]): void => {
    where.push(condition);
    values.push(...given);
  };
  if (run !== undefined) only('run = ?', run);
  if (flow !== undefined) only('flow = ?', flow);
  if (backfill !== undefined) only('backfill = ?', backfill);
  if (states !== undefined) only(`state IN (${states.map(() => '?').join(', ')})`, ...states);
  if (until !== undefined) only('due_at < ?', until);
  const rows = await session.rows(
    `SELECT ${SELECTION} FROM due_run ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY due_at, number LIMIT ?`,
    ...values,
    limit,
  );
  return rows.map(dueOf);
}

const OPEN = "(state = 'waiting' OR (state = 'claimed' AND lease_until <= ?))";

/** Flows that may have something due now: what waits of backfills is not looked through. */
export async function flowsWithDue(session: ServiceSession, now: number): Promise<ReadonlySet<string>> {
  const rows = await session.rows(
    `SELECT DISTINCT flow FROM due_run WHERE backfill IS NULL AND state IN ('waiting', 'claimed') AND due_at <= ? AND ${OPEN}
UNION SELECT flow FROM backfill WHERE state = 'active'`,
    now,
    now,
  );
  return new Set(rows.map(([flow]) => flow as string));
}

/** Whoever decides about runs of a flow holds it. */
export function flowLock(flow: string): string {
  return `flow ${flow}`;
}

/** Inside a transaction: of one flow. */
export async function claimDue(session: ServiceSession, policy: FlowPolicy, request: Omit<ClaimDueRequest, 'flows'>): Promise<ClaimedRuns> {
  const { service, now, leaseMs, limit } = request;
  await session.lock(flowLock(policy.flow));
  const state = await stateOf(session, policy, request);
  const admission = admit(limit === undefined ? state : { ...state, room: limit });
  for (const { run } of admission.start)
    await session.rows("UPDATE due_run SET state = 'claimed', service = ?, lease_until = ? WHERE run = ?", service, now + leaseMs, run);
  for (const { due, why } of admission.skip) await settleDue(session, due.run, 'skipped', why);
  return { start: admission.start, skipped: admission.skip, cancelled: await makeRoom(session, admission) };
}

async function makeRoom(session: ServiceSession, { cancel }: Admission): Promise<readonly string[]> {
  const asked: string[] = [];
  for (const run of cancel) if (await askRunToEnd(session, run, 'the next run of its schedule was due')) asked.push(run);
  return asked;
}

async function stateOf(
  session: ServiceSession,
  policy: FlowPolicy,
  { now, backfill }: Pick<ClaimDueRequest, 'now' | 'backfill'>,
): Promise<AdmissionState> {
  const { flow } = policy;
  await settleStarted(session, flow);
  const backfills = await activeBackfills(session, flow, backfill);
  const candidates = await openRows(session, flow, now, { backfills, only: backfill });
  const [setting] = await session.rows('SELECT paused_at FROM flow_setting WHERE flow = ?', flow);
  return {
    policy,
    isPaused: setting !== undefined && setting[0] !== null,
    candidates,
    active: await activeRuns(session, policy, now),
    backfills,
    blockedByPast: policy.dependsOnPast ? await blockedByPast(session, candidates) : new Set(),
  };
}

/** How many runs of each may go on at the same time. */
async function activeBackfills(session: ServiceSession, flow: string, only: string | undefined): Promise<ReadonlyMap<string, number>> {
  const rows = await session.rows("SELECT id, max_active FROM backfill WHERE flow = ? AND state = 'active'", flow);
  return new Map((rows as readonly (readonly [string, number])[]).filter(([id]) => only === undefined || id === only));
}

/** Of a backfill no more than may start: tens of thousands that wait are not to stand before what is due besides. */
async function openRows(
  session: ServiceSession,
  flow: string,
  now: number,
  { backfills, only }: { readonly backfills: ReadonlyMap<string, number>; readonly only: string | undefined },
): Promise<readonly DueRun[]> {
  // Two questions for each, which an index answers in order; one with an `OR` would be answered by sorting all that wait.
  const look = async (whose: string, which: string, values: readonly (string | number)[]): Promise<readonly DueRun[]> =>
    (
      await session.rows(`SELECT ${SELECTION} FROM due_run WHERE ${whose} AND ${which} AND due_at <= ? ORDER BY due_at, number LIMIT ?`, ...values)
    ).map(dueOf);
  const first = async (whose: string, values: readonly string[], limit: number): Promise<readonly DueRun[]> => {
    const waiting = await look(whose, "state = 'waiting'", [...values, now, limit]);
    const given = await look(whose, "state = 'claimed' AND lease_until <= ?", [...values, now, now, limit]);
    return given.length === 0 ? waiting : [...given, ...waiting].sort((one, other) => one.dueAt - other.dueAt).slice(0, limit);
  };
  const rows = only === undefined ? [...(await first('backfill IS NULL AND flow = ?', [flow], AT_ONCE))] : [];
  for (const [id, max] of backfills) rows.push(...(await first('backfill = ?', [id], max)));
  return rows.sort((one, other) => one.dueAt - other.dueAt);
}

/** Whoever claimed them did start them, and has yet to say so, or went before it could. */
async function settleStarted(session: ServiceSession, flow: string): Promise<void> {
  await session.rows(
    "UPDATE due_run SET state = 'started' WHERE flow = ? AND state = 'claimed' AND EXISTS (SELECT 1 FROM run WHERE run.id = due_run.run)",
    flow,
  );
}

/** Those that go on, those that are about to be tried again, and those that somebody is just starting. */
async function activeRuns(session: ServiceSession, { flow, retries = 0 }: FlowPolicy, now: number): Promise<readonly ActiveRun[]> {
  const running: SqlRow[] = [];
  const going = await session.rows(
    `SELECT run.id, run.cause, due_run.backfill FROM run LEFT JOIN due_run ON due_run.run = run.id WHERE run.flow = ? AND ${GOING_ON}`,
    flow,
  );
  for (const [run, cause, backfill] of going)
    running.push([
      run as string,
      cause as string,
      backfill ?? (cause === 'backfill' ? await backfillOf(session, await tryOf(session, run as string)) : null),
    ]);
  if (retries > 0) running.push(...(await betweenTries(session, { flow, retries, now })));
  const starting = await session.rows(
    "SELECT run, cause, backfill FROM due_run WHERE flow = ? AND state = 'claimed' AND lease_until > ? AND NOT EXISTS (SELECT 1 FROM run WHERE run.id = due_run.run)",
    flow,
    now,
  );
  return [...running, ...starting].map(([run, cause, backfill]) => ({
    run: run as string,
    cause: (cause ?? undefined) as RunCause | undefined,
    backfill: (backfill ?? undefined) as string | undefined,
  }));
}

/** What has just failed and has tries left goes on in a moment: what waits for it is not to slip in. */
async function betweenTries(
  session: ServiceSession,
  { flow, retries, now }: { readonly flow: string; readonly retries: number; readonly now: number },
): Promise<readonly SqlRow[]> {
  const failed = await session.rows(
    "SELECT id, cause FROM run WHERE flow = ? AND finished_at > ? AND state IN ('failed', 'timed-out') AND cause IS NOT NULL",
    flow,
    now - BETWEEN_TRIES_MS,
  );
  const found: SqlRow[] = [];
  for (const [run, cause] of failed) {
    const one = await tryOf(session, run as string);
    const isNext = one !== undefined && one.count <= retries && (await nextTryOf(session, run as string)) === undefined;
    if (isNext) found.push([run as string, cause as string, await backfillOf(session, one)]);
  }
  return found;
}

/** A later try of one of its runs is one of the backfill too. */
async function backfillOf(session: ServiceSession, one: TryOf | undefined): Promise<string | null> {
  const [row] = one === undefined ? [] : await session.rows('SELECT backfill FROM due_run WHERE run = ?', one.due);
  return (row?.[0] ?? null) as string | null;
}

/** Resumed or run by hand, whichever run of the instant before has succeeded counts. */
async function blockedByPast(session: ServiceSession, candidates: readonly DueRun[]): Promise<ReadonlySet<string>> {
  const blocked = new Set<string>();
  for (const { flow, key, schedule, scheduled } of candidates) {
    if (schedule === undefined || scheduled === undefined) continue;
    const [before] = await session.rows(
      "SELECT scheduled_at FROM due_run WHERE flow = ? AND schedule = ? AND scheduled_at < ? AND state <> 'skipped' ORDER BY scheduled_at DESC LIMIT 1",
      flow,
      schedule,
      scheduled.at,
    );
    if (before === undefined) continue;
    const [done] = await session.rows(
      "SELECT 1 FROM run WHERE flow = ? AND scheduled_at = ? AND state = 'success' LIMIT 1",
      flow,
      before[0] as number,
    );
    if (done === undefined) blocked.add(key);
  }
  return blocked;
}

/** Inside a transaction: what became of it. */
export async function settleDue(session: ServiceSession, run: string, state: Exclude<DueState, 'claimed'>, why?: string): Promise<void> {
  await session.rows('UPDATE due_run SET state = ?, why = ?, lease_until = NULL WHERE run = ?', state, why ?? null, run);
}

/** Inside a transaction: the service is still about to start them. */
export async function keepClaims(session: ServiceSession, service: string, runs: readonly string[], until: number): Promise<void> {
  for (const run of runs)
    await session.rows("UPDATE due_run SET lease_until = ? WHERE run = ? AND service = ? AND state = 'claimed'", until, run, service);
}

function dueOf(row: SqlRow): DueRun {
  const [flow, key, run, cause, schedule, backfill, params, tags, resumes, again, triggers, at, from, dueAt, createdAt, state, why, service] =
    row as readonly string[];
  return {
    flow: flow as string,
    key: key as string,
    run: run as string,
    cause: cause as RunCause,
    ...(schedule == null ? undefined : { schedule }),
    ...(backfill == null ? undefined : { backfill }),
    params: JSON.parse(params as string),
    tags: JSON.parse(tags as string),
    ...(resumes == null ? undefined : { resumes }),
    ...(again == null ? undefined : { again: JSON.parse(again) }),
    ...(at == null ? undefined : { scheduled: { at: Number(at), from: Number(from) } }),
    ...(triggers == null ? undefined : { triggers: JSON.parse(triggers) }),
    dueAt: Number(dueAt),
    createdAt: Number(createdAt),
    state: state as DueState,
    ...(why == null ? undefined : { why }),
    ...(service == null ? undefined : { service }),
  };
}
