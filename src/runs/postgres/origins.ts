import type { CacheEntryRow } from '../../model/records.js';
import { type Heir, originsOf, rowsMoved, type TaskRunsTold } from '../sqlite/origins.js';
import { type Moved, repointedColumns } from '../sqlite/reused.js';
import { HANDED_ON, LAST_ATTEMPT } from '../sqlite/side-results.js';
import type { SqlRow } from '../sqlite/statement.js';
import { findEntriesOfRun, forgetEntries, writeEntriesOf } from './entries.js';
import type { Session, Sql } from './session.js';

/** Who took results from whom, and what becomes of these when the run that made them is removed. */

/** What becomes of the origins of a batch's task runs. A run that goes on may have taken a result from one that was removed since. */
export class OriginWriting {
  /** To be asked before it can be decided. */
  readonly questions: readonly Sql[];
  readonly #told: Required<TaskRunsTold>;

  constructor({ taskRuns = [], reused = [] }: TaskRunsTold) {
    this.#told = { taskRuns, reused };
    const origins = originsOf(this.#told);
    this.questions =
      origins.size === 0
        ? []
        : [['SELECT id FROM unnest(?::text[]) AS given (id) WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.id = given.id)', [...origins]]];
  }

  /** @returns what is to be written: told who has the results now */
  async decide(session: Session, [missing = []]: readonly (readonly SqlRow[])[]): Promise<Required<TaskRunsTold>> {
    if (missing.length === 0) return this.#told;
    const gone = new Set(missing.map(([id]) => id as string));
    const moved = await session.rows('SELECT origin, origin_place, run, place FROM moved');
    const heirs = new Map(moved.map(([origin, place, run, index]) => [`${place} ${origin}`, { run: run as string, index: index as number }]));
    const latest = (origin: Heir): Heir => {
      const heir = heirs.get(`${origin.index} ${origin.run}`);
      // It may have been removed in turn.
      return heir === undefined ? origin : latest(heir);
    };
    return { taskRuns: rowsMoved(this.#told, gone, latest), reused: [] };
  }
}

/** Inside a transaction. */
export function origins(run: number, told: TaskRunsTold): readonly Sql[] {
  const all = originsOf(told);
  return all.size === 0 ? [] : [originsInto(run, [...all])];
}

/** Inside a transaction. */
export function rememberMoved(origin: string, heirs: Heirs): readonly Sql[] {
  if (heirs.size === 0) return [];
  const insert =
    'INSERT INTO moved (origin, origin_place, run, place) SELECT ?, * FROM unnest(?::bigint[], ?::text[], ?::bigint[]) AS given (at, run, place)';
  const all = [...heirs.values()];
  return [[`${insert} ON CONFLICT DO NOTHING`, origin, [...heirs.keys()], all.map(({ run }) => run), all.map(({ index }) => index)]];
}

/** By the place of a result, the task run that has it from now on. */
export type Heirs = ReadonlyMap<number, Heir>;

function originsInto(run: number, origins: readonly string[]): Sql {
  return ['INSERT INTO run_origin (origin, run) SELECT origin, ? FROM unnest(?::text[]) AS given (origin) ON CONFLICT DO NOTHING', run, origins];
}

/**
 * Inside a transaction: a run is about to be removed, and others have taken results from it. Of these the newest becomes the one that has the
 * result, and that answers for it in the cache; the rest are told that it lies there.
 */
export async function handOn(session: Session, id: string, number: number): Promise<Heirs> {
  const dependents = await session.rows(
    'SELECT run.number, run.id FROM run_origin o JOIN run ON run.number = o.run WHERE o.origin = ? AND run.number <> ? ORDER BY run.number DESC',
    id,
    number,
  );
  const heirs = new Map<number, Heir>();
  if (dependents.length === 0) return heirs;
  const [kept = [], taken = []] = await session.all([
    ['SELECT DISTINCT place FROM artifact WHERE run = ?', number],
    ['SELECT place, origin_run, origin_place FROM task_run WHERE run = ? AND origin_run IS NOT NULL', number],
  ]);
  const made = new Set(kept.map(([place]) => place as number));
  const elsewhere = new Map(taken.map(([place, run, index]) => [place as number, { run: run as string, index: index as number }]));
  for (const [dependent, dependentId] of dependents) {
    await inherit(session, { id, number, made, elsewhere }, { number: dependent as number, id: dependentId as string }, heirs);
  }
  await handOnEntries(session, id, heirs);
  return heirs;
}

interface Leaving {
  readonly id: string;
  readonly number: number;
  /** Places that have results of their own. */
  readonly made: ReadonlySet<number>;
  /** Where the others had theirs from. */
  readonly elsewhere: ReadonlyMap<number, Heir>;
}

/** One run that has taken results from the one that leaves: it keeps what nobody has kept yet, and learns where all else lies. */
async function inherit(
  session: Session,
  leaving: Leaving,
  dependent: { readonly number: number; readonly id: string },
  heirs: Map<number, Heir>,
): Promise<void> {
  const [rows = [], packs = [], own = []] = await session.all([
    ['SELECT place, origin_place FROM task_run WHERE run = ? AND origin_run = ? ORDER BY place', dependent.number, leaving.id],
    ['SELECT number, places, columns FROM reused WHERE run = ? ORDER BY number', dependent.number],
    ['SELECT DISTINCT place FROM artifact WHERE run = ?', dependent.number],
  ]);
  const holding = new Set(own.map(([place]) => place as number));
  const copied: [place: number, from: number][] = [];
  const now = new Set<string>();
  const moved: Moved = (place, originPlace) => {
    const heir = heirs.get(originPlace);
    if (heir === undefined && leaving.made.has(originPlace) && !holding.has(place)) {
      copied.push([place, originPlace]);
      heirs.set(originPlace, { run: dependent.id, index: place });
      return undefined;
    }
    // It had taken the result from a third one itself.
    const lies = heir ?? leaving.elsewhere.get(originPlace);
    if (lies !== undefined) now.add(lies.run);
    return lies;
  };
  const repointed = rows.flatMap(([place, originPlace]) => {
    const lies = moved(place as number, originPlace as number);
    return lies === undefined ? [] : [{ place: place as number, ...lies }];
  });
  const repacked = packs.flatMap(([number, places, columns]): readonly Sql[] => {
    const changed = repointedColumns(places as string, columns as string, leaving.id, moved);
    return changed === undefined ? [] : [['UPDATE reused SET columns = ? WHERE number = ?', changed, number as number]];
  });
  await session.all([
    [
      `INSERT INTO artifact (run, place, name, uri, address, content_digest, value_digest, bytes, format)
      SELECT ?, given.place, name, uri, address, content_digest, value_digest, bytes, format
      FROM unnest(?::bigint[], ?::bigint[]) AS given (place, origin) JOIN artifact a ON a.run = ? AND a.place = given.origin ON CONFLICT DO NOTHING`,
      dependent.number,
      copied.map(([place]) => place),
      copied.map(([, from]) => from),
      leaving.number,
    ],
    ...sideResultsHandedOn(dependent.number, leaving.number, copied),
    [
      `UPDATE task_run SET origin_run = given.run, origin_place = given.index FROM unnest(?::bigint[], ?::text[], ?::bigint[]) AS given (place, run, index)
      WHERE task_run.run = ? AND task_run.place = given.place`,
      repointed.map(({ place }) => place),
      repointed.map(({ run }) => run),
      repointed.map(({ index }) => index),
      dependent.number,
    ],
    ...repacked,
    originsInto(dependent.number, [...now]),
  ]);
}

/** What was given beside a result goes with it. */
function sideResultsHandedOn(to: number, from: number, copied: readonly (readonly [place: number, from: number])[]): readonly Sql[] {
  return HANDED_ON.map(({ table, columns }) => [
    `INSERT INTO ${table} (run, place, attempt, ${columns}) SELECT ?, given.place, 0, ${columns}
    FROM unnest(?::bigint[], ?::bigint[]) AS given (place, origin) JOIN ${table} x ON x.run = ? AND x.place = given.origin WHERE ${LAST_ATTEMPT} ON CONFLICT DO NOTHING`,
    to,
    copied.map(([place]) => place),
    copied.map(([, origin]) => origin),
    from,
  ]);
}

async function handOnEntries(session: Session, id: string, heirs: ReadonlyMap<number, Heir>): Promise<void> {
  const handed = (await findEntriesOfRun(session, id)).flatMap((entry): readonly CacheEntryRow[] => {
    const heir = heirs.get(entry.index);
    if (heir === undefined) return [];
    const { taskVersion, key, task, createdAt, code, codeParts, version, inputs, artifacts, reads } = entry;
    return [{ taskVersion, key, task, run: heir.run, index: heir.index, createdAt, code, codeParts, version, inputs, artifacts, reads }];
  });
  await writeEntriesOf(session, handed);
  await forgetEntries(
    session,
    [...heirs.keys()].map((index) => ({ run: id, index })),
  );
}
