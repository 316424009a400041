import type { RunState } from '../../model/states.js';
import { UNFINISHED } from '../crash.js';
import { NOTHING } from '../look.js';
import type { Amount, Removal, RemovalRequest, RunLeft } from '../run-record.js';
import { CODE_LOST } from './code.js';
import type { SqliteConnection } from './connection.js';
import { removeEntries } from './entries.js';
import { handOnInsides } from './insides.js';
import { STILL_OPEN } from './leases.js';
import { handOn, rememberMoved } from './origins.js';
import { removeParams } from './params.js';
import type { SqlValue } from './statement.js';

/** Tables that are keyed by run and place alone, without a foreign key. */
export const PARTS = ['task_run', 'reused', 'attempt', 'artifact', 'run_artifact', 'metric', 'progress', 'log_pack'];
/** Those that say where bytes lie. */
export const HOLDERS = ['artifact', 'run_artifact'];
/** Those that say which contents are still had. */
export const HAVING = [...HOLDERS, 'code_part'];

/** A run that is going on and resumes this one, at once or over others: it has read what there is to be taken over, cached or not. */
export const RESUMED_BY = `WITH RECURSIVE resumed (run, origin) AS (
    SELECT id, origin_run FROM run WHERE ${STILL_OPEN} AND origin_run IS NOT NULL
    UNION SELECT resumed.run, run.origin_run FROM resumed JOIN run ON run.id = resumed.origin WHERE run.origin_run IS NOT NULL
  ) SELECT run FROM resumed WHERE origin = ? LIMIT 1`;

/**
 * A run that is going on and is limited to some tasks: it has read what the newest runs of its flow came to, those that these took from included, and
 * without it could not go on. By a run's flow and id.
 */
export const LIMITED_BY = `SELECT o.id FROM run o WHERE o.only_tasks IS NOT NULL AND o.${STILL_OPEN}
  AND (o.flow = ? OR EXISTS (SELECT 1 FROM run_origin x JOIN run r ON r.number = x.run WHERE x.origin = ? AND r.flow = o.flow)) LIMIT 1`;

export async function removeRuns(connection: SqliteConnection, request: RemovalRequest): Promise<Removal> {
  if (request.dryRun !== true) {
    const { removed, left } = request.runs.length === 0 ? NOTHING : await connection.write(() => removeRows(connection, request.runs));
    if (request.keepBytes === true) return { ...NOTHING, removed, left };
    return { removed, left, ...(await connection.write(() => removeBytes(connection, request.deleteFile))) };
  }
  return await connection.write(() => {
    connection.exec('SAVEPOINT dry_run');
    const { removed, left } = removeRows(connection, request.runs);
    const bytes = removeBytes(connection, () => true);
    connection.exec('ROLLBACK TO dry_run; RELEASE dry_run');
    return { removed, left, ...bytes };
  });
}

interface Doomed {
  readonly number: number;
  readonly id: string;
  readonly flow: string;
  readonly state: RunState;
  readonly params: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

/** Inside a transaction. Newest first: what they took from one another need not be handed on. */
function removeRows(connection: SqliteConnection, ids: readonly string[]): Pick<Removal, 'removed' | 'left'> {
  const left: RunLeft[] = [];
  const removed: string[] = [];
  for (const run of doomedRuns(connection, ids)) {
    if (UNFINISHED.includes(run.state)) {
      left.push({ run: run.id, why: 'unfinished' });
      continue;
    }
    connection.exec('SAVEPOINT one_run');
    const takenWhole = handOnInsides(connection, run.id, run.number);
    const heirs = handOn(connection, run.id, run.number);
    const by = takenWhole ?? mayBeUsedBy(connection, run);
    if (by === undefined) {
      rememberMoved(connection, run.id, heirs);
      removeRun(connection, run);
      removed.push(run.id);
    } else {
      connection.exec('ROLLBACK TO one_run');
      left.push({ run: run.id, why: 'in-use', by });
    }
    connection.exec('RELEASE one_run');
  }
  return { removed, left };
}

function doomedRuns(connection: SqliteConnection, ids: readonly string[]): readonly Doomed[] {
  const found = connection
    .prepare(
      'SELECT run.number, run.id, flow, state, params, created_at FROM json_each(?) wanted CROSS JOIN run ON run.id = wanted.value ORDER BY run.number DESC',
    )
    .all([JSON.stringify([...new Set(ids)])]);
  return found.map(([number, id, flow, state, params, createdAt]) => ({
    number: number as number,
    id: id as string,
    flow: flow as string,
    state: state as RunState,
    params: JSON.parse(params as string),
    createdAt: createdAt as number,
  }));
}

/**
 * A run of the same flow that is going on has read which results there are to be had, and would take one that is gone: so a run stays until then that
 * offers some which it could hand on to nobody. What was handed on is found where it lies now.
 */
function mayBeUsedBy(connection: SqliteConnection, { number, id, flow }: Doomed): string | undefined {
  const resuming = (connection.prepare(RESUMED_BY).get([id]) ?? connection.prepare(LIMITED_BY).get([flow, id]))?.[0] as string | undefined;
  if (resuming !== undefined || connection.prepare('SELECT 1 FROM entry WHERE run = ? LIMIT 1').get([number]) === undefined) return resuming;
  const using = `SELECT id FROM run WHERE ${STILL_OPEN} AND (flow = ? OR number IN (SELECT run FROM run_origin WHERE origin = ?)) LIMIT 1`;
  return connection.prepare(using).get([flow, id])?.[0] as string | undefined;
}

/** Inside a transaction. */
function removeRun(connection: SqliteConnection, run: Doomed): void {
  const { number, id } = run;
  for (const holder of HOLDERS) {
    const lost = `SELECT content_digest, CASE WHEN uri GLOB 'record:*' THEN '' ELSE address END, bytes FROM ${holder}
      WHERE run = ? AND (uri GLOB 'record:*' OR address GLOB 'results/[0-9a-f][0-9a-f]/*')`;
    connection.prepare(`INSERT INTO garbage (digest, address, bytes) ${lost} ON CONFLICT DO NOTHING`).run([number]);
  }
  for (const sql of CODE_LOST) connection.prepare(sql).run([number, number, number]);
  removeEntries(connection, number);
  for (const table of PARTS) connection.prepare(`DELETE FROM ${table} WHERE run = ?`).run([number]);
  connection.prepare('DELETE FROM run_origin WHERE run = ?').run([number]);
  connection.prepare('DELETE FROM run_origin WHERE origin = ?').run([id]);
  removeParams(connection, number, run);
  // Tags and claims go with it.
  connection.prepare('DELETE FROM run WHERE number = ?').run([number]);
}

/**
 * Inside a transaction. There is no index of results by their content, which would make every write dearer: one scan says which are still had.
 * While the transaction holds its lock no run can begin, and without one that is going on nobody is about to keep a result whose file is there.
 */
function removeBytes(connection: SqliteConnection, deleteFile: RemovalRequest['deleteFile']): Omit<Removal, 'removed' | 'left'> {
  const { freed, freedFiles, pendingFiles } = NOTHING;
  if (connection.prepare('SELECT 1 FROM garbage LIMIT 1').get() === undefined) return { freed, freedFiles, pendingFiles };
  for (const holder of HAVING) {
    connection.exec(
      `DELETE FROM garbage WHERE digest IN (SELECT DISTINCT g.digest FROM ${holder} h CROSS JOIN garbage g ON g.digest = h.content_digest)`,
    );
  }
  const inRecord = amount(
    connection.prepare('SELECT count(*), coalesce(sum(length(c.bytes)), 0) FROM garbage g CROSS JOIN content c ON c.digest = g.digest').get(),
  );
  connection.exec("DELETE FROM content WHERE digest IN (SELECT digest FROM garbage); DELETE FROM garbage WHERE address = ''");
  const files = connection.prepare('SELECT address, bytes FROM garbage').all();
  if (connection.prepare(`SELECT 1 FROM run WHERE ${STILL_OPEN} LIMIT 1`).get() !== undefined) {
    return { freed: inRecord, freedFiles, pendingFiles: { count: files.length, bytes: sum(files) } };
  }
  connection.exec('DELETE FROM moved');
  const there = files.filter(([address]) => deleteFile(address as string));
  connection.exec('DELETE FROM garbage');
  return { freed: inRecord, freedFiles: { count: there.length, bytes: sum(there) }, pendingFiles };
}

/** A row of a count and a sum. */
export function amount([count = 0, bytes = 0]: readonly SqlValue[] = []): Amount {
  return { count: count as number, bytes: bytes as number };
}

/** The bytes of rows of an address and its bytes. */
export function sum(files: readonly (readonly SqlValue[])[]): number {
  return files.reduce((all, [, bytes]) => all + (bytes as number), 0);
}
