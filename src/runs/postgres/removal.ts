import { NOTHING } from '../look.js';
import type { Removal, RemovalRequest, RunLeft } from '../run-record.js';
import { CODE_LOST } from '../sqlite/code.js';
import { STILL_OPEN } from '../sqlite/leases.js';
import { amount, HAVING, HOLDERS, LIMITED_BY, PARTS, RESUMED_BY, sum } from '../sqlite/removal.js';
import type { SqlRow } from '../sqlite/statement.js';
import type { PostgresConnection } from './connection.js';
import { removeEntries } from './entries.js';
import { handOnInsides } from './insides.js';
import { handOn, rememberMoved } from './origins.js';
import type { Session, Sql } from './session.js';

const IS_RESULT = "address ~ '^results/[0-9a-f][0-9a-f]/'";

/** So long the folder that has a file may not have come by: each removal, and the daily look of each project folder, deletes what is its own. */
const LEFT_MS = 30 * 86_400_000;

/** Every batch begins with the row of its run: nobody begins a run, or writes to one, until this is over. Looking things up goes on. */
const ALONE = 'LOCK TABLE run IN EXCLUSIVE MODE';

export async function removeRuns(connection: PostgresConnection, request: RemovalRequest): Promise<Removal> {
  if (request.dryRun === true) return await connection.write((session) => rehearse(session, request.runs));
  const { removed, left } = request.runs.length === 0 ? NOTHING : await connection.write((session) => removeRows(session, request.runs));
  if (request.keepBytes === true) return { ...NOTHING, removed, left };
  const now = connection.clock.now();
  return { removed, left, ...(await connection.write((session) => removeBytes(session, request.deleteFile, now))) };
}

async function rehearse(session: Session, runs: readonly string[]): Promise<Removal> {
  await session.rows('SAVEPOINT dry_run');
  const { removed, left } = await removeRows(session, runs);
  const bytes = await removeBytes(session, (_, again) => again !== true, 0);
  await session.rows('ROLLBACK TO dry_run');
  return { removed, left, ...bytes };
}

interface Doomed {
  readonly number: number;
  readonly id: string;
  readonly flow: string;
  readonly isOpen: boolean;
}

/** Inside a transaction. Newest first: what they took from one another need not be handed on. */
async function removeRows(session: Session, ids: readonly string[]): Promise<Pick<Removal, 'removed' | 'left'>> {
  const left: RunLeft[] = [];
  const removed: string[] = [];
  await session.rows(ALONE);
  const found = await session.rows(`SELECT number, id, flow, ${STILL_OPEN} FROM run WHERE id = ANY(?::text[]) ORDER BY number DESC`, ids);
  for (const [number, id, flow, isOpen] of found) {
    const run: Doomed = { number: number as number, id: id as string, flow: flow as string, isOpen: isOpen === 1 };
    if (run.isOpen) {
      left.push({ run: run.id, why: 'unfinished' });
      continue;
    }
    await session.rows('SAVEPOINT one_run');
    const takenWhole = await handOnInsides(session, run.id, run.number);
    const heirs = await handOn(session, run.id, run.number);
    const by = takenWhole ?? (await mayBeUsedBy(session, run));
    if (by === undefined) {
      await session.all(rememberMoved(run.id, heirs));
      await removeRun(session, run);
      removed.push(run.id);
    } else {
      await session.rows('ROLLBACK TO one_run');
      left.push({ run: run.id, why: 'in-use', by });
    }
    await session.rows('RELEASE one_run');
  }
  return { removed, left };
}

/**
 * A run of the same flow that is going on has read which results there are to be had, and would take one that is gone: so a run stays until then that
 * offers some which it could hand on to nobody. What was handed on is found where it lies now.
 */
async function mayBeUsedBy(session: Session, { number, id, flow }: Doomed): Promise<string | undefined> {
  const [[resuming] = [], [limited] = []] = await session.all([
    [RESUMED_BY, id],
    [LIMITED_BY, flow, id],
  ]);
  const sure = resuming ?? limited;
  if (sure !== undefined) return sure[0] as string;
  const [by] = await session.rows(
    `SELECT id FROM run WHERE ${STILL_OPEN} AND (flow = ? OR number IN (SELECT run FROM run_origin WHERE origin = ?))
    AND EXISTS (SELECT 1 FROM entry WHERE entry.run = ?) LIMIT 1`,
    flow,
    id,
    number,
  );
  return by?.[0] as string | undefined;
}

/** Inside a transaction. */
async function removeRun(session: Session, { number, id }: Doomed): Promise<void> {
  await removeEntries(session, number);
  await session.all([
    ...HOLDERS.map((holder): Sql => {
      const lost = `SELECT content_digest, CASE WHEN uri LIKE 'record:%' THEN '' ELSE address END, bytes FROM ${holder}
      WHERE run = ? AND (uri LIKE 'record:%' OR ${IS_RESULT})`;
      return [`INSERT INTO garbage (digest, address, bytes) ${lost} ON CONFLICT DO NOTHING`, number];
    }),
    ...CODE_LOST.map((sql): Sql => [sql, number, number, number]),
    ...PARTS.map((table) => [`DELETE FROM ${table} WHERE run = ?`, number] as const),
    ['DELETE FROM run_origin WHERE run = ? OR origin = ?', number, id],
    ['DELETE FROM run_param WHERE run = ? AND flow = (SELECT flow FROM run WHERE number = ?)', number, number],
    // Tags and claims go with it.
    ['DELETE FROM run WHERE number = ?', number],
  ]);
}

/** Those that other machines have are none that wait for runs to end. */
function pending(files: readonly SqlRow[]): Removal['pendingFiles'] {
  const own = files.filter(([, , leftAt]) => leftAt === null);
  return { count: own.length, bytes: sum(own) };
}

/**
 * Inside a transaction. There is no index of results by their content, which would make every write dearer: one scan says which are still had.
 * While the run table is locked no run can begin, and without one that is going on nobody is about to keep a result whose file is there.
 */
async function removeBytes(session: Session, deleteFile: RemovalRequest['deleteFile'], now: number): Promise<Omit<Removal, 'removed' | 'left'>> {
  const { freed, freedFiles, pendingFiles } = NOTHING;
  const [, any = []] = await session.all([[ALONE], ['SELECT 1 FROM garbage LIMIT 1']]);
  if (any.length === 0) return { freed, freedFiles, pendingFiles };
  await session.all(HAVING.map((holder): Sql => [`DELETE FROM garbage g USING ${holder} h WHERE h.content_digest = g.digest`]));
  const [inRecord = [], , , files = [], open = []] = await session.all([
    ['SELECT count(*), coalesce(sum(length(c.bytes)), 0) FROM garbage g JOIN content c ON c.digest = g.digest'],
    ['DELETE FROM content WHERE digest IN (SELECT digest FROM garbage)'],
    ["DELETE FROM garbage WHERE address = ''"],
    ['SELECT address, bytes, left_at FROM garbage'],
    [`SELECT 1 FROM run WHERE ${STILL_OPEN} LIMIT 1`],
  ]);
  if (open.length > 0) return { freed: amount(inRecord[0]), freedFiles, pendingFiles: pending(files) };
  await session.rows('DELETE FROM moved');
  const there = files.filter(([address, , leftAt]) => deleteFile(address as string, leftAt !== null));
  const deleted = new Set(there.map(([address]) => address as string));
  const elsewhere = files.flatMap(([address]) => (deleted.has(address as string) ? [] : [address as string]));
  await session.all([
    ['DELETE FROM garbage WHERE NOT address = ANY(?::text[]) OR left_at < ?', elsewhere, now - LEFT_MS],
    ['UPDATE garbage SET left_at = ? WHERE left_at IS NULL', now],
  ]);
  return { freed: amount(inRecord[0]), freedFiles: { count: there.length, bytes: sum(there) }, pendingFiles };
}
