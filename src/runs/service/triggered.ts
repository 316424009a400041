import type { AssetRenewal, FlowEnd, FlowTrigger, RunTrigger } from '../../model/asset.js';
import type { NewDueRun } from '../../model/due-run.js';
import { newRunId } from '../../model/run-id.js';
import type { MissedPolicy } from '../../model/schedule.js';
import { FINAL_RUN_STATES } from '../../model/states.js';
import type { SqlRow } from '../sqlite/statement.js';
import type { ServiceSession } from './database.js';
import { addDue } from './due-runs.js';

/**
 * Runs that are due because of what other flows did: an asset was renewed, a run has ended. How far a flow has followed these is a cursor in the
 * record, so that nothing is passed over while no service runs, and of two services that look at once, one finds it done.
 */

/** A flow that is to run by itself, as far as that goes. */
export interface TriggeredFlow {
  readonly flow: string;
  readonly on: readonly FlowTrigger[];
  /** What becomes of what happened while no service looked. */
  readonly missed: MissedPolicy;
  /** By name, as `RunRow.params` has them. */
  readonly params?: Readonly<Record<string, string>>;
}

/** What happened longer ago than this, in milliseconds, was missed. */
export const MISSED_AFTER_MS = 60_000;
/** The ends of runs are looked for again so far back: clocks differ, and a commit takes its time. A run that is known is not added twice. */
const OVERLAP_MS = 600_000;
/** More are added in the next turn. */
const AT_ONCE = 1_000;

interface Cursor {
  /** When the flow was first seen to follow this: nothing before counts. */
  readonly since: number;
  readonly untilAt: number;
  readonly untilNumber: number;
}

/**
 * Whether there is something to be written of a flow: it is not known yet that it follows this, or something has come. Asked of each flow every second,
 * so that it only reads.
 */
export async function hasTriggers(session: ServiceSession, flow: TriggeredFlow, now: number): Promise<boolean> {
  if (await isPaused(session, flow.flow)) return false;
  const assets = assetsOf(flow);
  if (assets.length > 0) {
    const cursor = await cursorOf(session, flow.flow, sourceOf(assets));
    if (cursor === undefined || (await renewalsSince(session, assets, cursor)) !== undefined) return true;
  }
  for (const trigger of flow.on) {
    if (trigger.kind !== 'flow') continue;
    const cursor = await cursorOf(session, flow.flow, `${trigger.flow}.${trigger.end}`);
    if (cursor === undefined || isStale(cursor, now) || (await endsSince(session, flow, trigger, { cursor, limit: 1 })).length > 0) return true;
  }
  return false;
}

/** Inside a transaction: of one flow. @returns the runs that are due now */
export async function addTriggered(session: ServiceSession, flow: TriggeredFlow, now: number): Promise<readonly string[]> {
  await session.lock(`flow ${flow.flow}`);
  if (await isPaused(session, flow.flow)) return [];
  const assets = assetsOf(flow);
  const due: NewDueRun[] = [];
  if (assets.length > 0) due.push(...(await renewed(session, flow, assets, now)));
  for (const trigger of flow.on) if (trigger.kind === 'flow') due.push(...(await ended(session, flow, trigger, now)));
  return await addDue(session, due);
}

function assetsOf({ on }: TriggeredFlow): readonly string[] {
  return [...new Set(on.flatMap((trigger) => (trigger.kind === 'asset' ? [trigger.name] : [])))].sort();
}

async function isPaused(session: ServiceSession, flow: string): Promise<boolean> {
  const [row] = await session.rows('SELECT 1 FROM flow_setting WHERE flow = ? AND paused_at IS NOT NULL', flow);
  return row !== undefined;
}

// ── assets: one run when all were renewed since the last such run ──

async function renewed(session: ServiceSession, flow: TriggeredFlow, assets: readonly string[], now: number): Promise<readonly NewDueRun[]> {
  const source = sourceOf(assets);
  const cursor = await cursorOf(session, flow.flow, source);
  if (cursor === undefined) {
    await moveCursor(session, flow.flow, source, { since: now, untilAt: now, untilNumber: await newestRenewal(session) });
    return [];
  }
  const found = await renewalsSince(session, assets, cursor);
  if (found === undefined) return [];
  const last = found.reduce((a, b) => (b.number > a.number ? b : a));
  await moveCursor(session, flow.flow, source, { ...cursor, untilAt: now, untilNumber: last.number });
  const isMissed = now - last.renewal.at > MISSED_AFTER_MS;
  if (isMissed && flow.missed === 'skip') return [];
  const key = `${source}@${found.map(({ number }) => number).join(',')}`;
  return [
    dueRun(
      flow,
      'asset',
      key,
      found.map(({ renewal }) => ({ kind: 'asset', ...renewal })),
      last.renewal.at,
      now,
    ),
  ];
}

function sourceOf(assets: readonly string[]): string {
  return `assets ${JSON.stringify(assets)}`;
}

/** The newest renewal of each; undefined where one was not renewed since. */
async function renewalsSince(
  session: ServiceSession,
  assets: readonly string[],
  { untilNumber }: Cursor,
): Promise<readonly { readonly number: number; readonly renewal: AssetRenewal }[] | undefined> {
  const found: { readonly number: number; readonly renewal: AssetRenewal }[] = [];
  for (const asset of assets) {
    const [row] = await session.rows(
      'SELECT number, asset, flow, run, task, digest, at FROM asset_renewal WHERE asset = ? AND number > ? ORDER BY number DESC LIMIT 1',
      asset,
      untilNumber,
    );
    if (row === undefined) return undefined;
    found.push(renewalOf(row));
  }
  return found;
}

async function newestRenewal(session: ServiceSession): Promise<number> {
  const [row] = await session.rows('SELECT coalesce(max(number), 0) FROM asset_renewal');
  return Number(row?.[0] ?? 0);
}

function renewalOf([number, asset, flow, run, task, digest, at]: SqlRow): { number: number; renewal: AssetRenewal } {
  const renewal = { asset: asset as string, flow: flow as string, run: run as string, task: task as string, at: Number(at) };
  return { number: Number(number), renewal: digest == null ? renewal : { ...renewal, digest: digest as string } };
}

// ── other flows: one run for each run of theirs ──

const FINAL = [...FINAL_RUN_STATES];
const STATES: Readonly<Record<FlowEnd, readonly string[]>> = {
  success: ['success'],
  failure: FINAL.filter((state) => state !== 'success'),
  finished: FINAL,
};

async function ended(
  session: ServiceSession,
  flow: TriggeredFlow,
  trigger: Extract<FlowTrigger, { kind: 'flow' }>,
  now: number,
): Promise<readonly NewDueRun[]> {
  const source = `${trigger.flow}.${trigger.end}`;
  const cursor = await cursorOf(session, flow.flow, source);
  if (cursor === undefined) {
    await moveCursor(session, flow.flow, source, { since: now, untilAt: now, untilNumber: 0 });
    return [];
  }
  const rows = await endsSince(session, flow, trigger, { cursor, limit: AT_ONCE });
  // A tick that finds nothing writes nothing: what it looks at overlaps by more than this.
  if (rows.length === 0 && !isStale(cursor, now)) return [];
  const ends = rows.map(([run, state, at]) => ({
    kind: 'flow' as const,
    flow: trigger.flow,
    run: run as string,
    state: state as string,
    at: Number(at),
  }));
  for (const { run, at } of ends)
    await session.rows('INSERT INTO trigger_seen (flow, source, run, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', flow.flow, source, run, at);
  const untilAt = ends.length === AT_ONCE ? (ends.at(-1)?.at ?? now) : now;
  await moveCursor(session, flow.flow, source, { ...cursor, untilAt: Math.max(cursor.untilAt, untilAt) });
  await session.rows('DELETE FROM trigger_seen WHERE flow = ? AND source = ? AND at < ?', flow.flow, source, untilAt - 2 * OVERLAP_MS);
  return chosen(ends, flow.missed, now).map((end) => dueRun(flow, 'flow', `${source}@${end.run}`, [end], end.at, now));
}

/** The cursor is moved now and then also where nothing has come, so that what is looked at stays little. */
function isStale({ untilAt }: Cursor, now: number): boolean {
  return now - untilAt >= MISSED_AFTER_MS;
}

/** Runs that ended so and have not been seen: id, state, end. */
async function endsSince(
  session: ServiceSession,
  { flow }: TriggeredFlow,
  trigger: Extract<FlowTrigger, { kind: 'flow' }>,
  { cursor, limit }: { readonly cursor: Cursor; readonly limit: number },
): Promise<readonly SqlRow[]> {
  const states = STATES[trigger.end];
  return await session.rows(
    `SELECT run.id, run.state, run.finished_at FROM run WHERE run.flow = ? AND run.finished_at > ? AND run.finished_at > ?
AND run.state IN (${states.map(() => '?').join(', ')})
AND NOT EXISTS (SELECT 1 FROM trigger_seen WHERE trigger_seen.flow = ? AND trigger_seen.source = ? AND trigger_seen.run = run.id)
ORDER BY run.finished_at LIMIT ?`,
    trigger.flow,
    cursor.since,
    cursor.untilAt - OVERLAP_MS,
    ...states,
    flow,
    `${trigger.flow}.${trigger.end}`,
    limit,
  );
}

/** Of those that were missed, all, the last one or none. */
function chosen<End extends { readonly at: number }>(ends: readonly End[], missed: MissedPolicy, now: number): readonly End[] {
  if (missed === 'all') return ends;
  const isMissed = ({ at }: End): boolean => now - at > MISSED_AFTER_MS;
  const last = missed === 'latest' ? ends.findLast(isMissed) : undefined;
  // A later one stands for those before it, missed or not.
  const isCovered = last !== undefined && ends.some((end) => !isMissed(end));
  return ends.filter((end) => !isMissed(end) || (end === last && !isCovered));
}

function dueRun(
  { flow, params = {} }: TriggeredFlow,
  cause: 'asset' | 'flow',
  key: string,
  triggers: readonly RunTrigger[],
  at: number,
  now: number,
): NewDueRun {
  const tags = [...new Set(triggers.map((trigger) => (trigger.kind === 'asset' ? `on:${trigger.asset}` : `on:${trigger.flow}`)))];
  return { flow, key, run: newRunId(now), cause, params, tags, triggers, dueAt: at, createdAt: now };
}

// ── cursors ──

async function cursorOf(session: ServiceSession, flow: string, source: string): Promise<Cursor | undefined> {
  const [row] = await session.rows('SELECT since, until_at, until_number FROM trigger_cursor WHERE flow = ? AND source = ?', flow, source);
  return row && { since: Number(row[0]), untilAt: Number(row[1]), untilNumber: Number(row[2]) };
}

async function moveCursor(session: ServiceSession, flow: string, source: string, { since, untilAt, untilNumber }: Cursor): Promise<void> {
  await session.rows(
    'INSERT INTO trigger_cursor (flow, source, since, until_at, until_number) VALUES (?, ?, ?, ?, ?) ' +
      'ON CONFLICT (flow, source) DO UPDATE SET until_at = excluded.until_at, until_number = excluded.until_number',
    flow,
    source,
    since,
    untilAt,
    untilNumber,
  );
}
