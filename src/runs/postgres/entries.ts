import type { CacheEntryRow } from '../../model/records.js';
import { checkDigest, digestBytes } from '../digests.js';
import { runUnknown } from '../look.js';
import { isSorted, packOf } from '../sqlite/entries.js';
import { PACK_COLUMNS, PackedEntry, packValues } from '../sqlite/entry-pack.js';
import { rangeOf } from '../sqlite/reused.js';
import { versionText } from '../sqlite/rows.js';
import type { SqlRow } from '../sqlite/statement.js';
import type { Session, Sql } from './session.js';

/** What calls can be answered by (S23), in the same packs as in SQLite. */

const COLUMNS = ['run', 'task_version', ...PACK_COLUMNS];
const INSERT = `INSERT INTO entry (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;
const UPDATE = `UPDATE entry SET ${PACK_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE number = ?`;

/** As `packOf` expects them. */
const PACK = [
  "encode(version.digest, 'hex')",
  ...'version.task, version.code, version.parts, version.version, run.id, run.number'.split(', '),
  ...'reads, places, keys, times, inputs, results, artifacts, entry.number'.split(', '),
];
const JOINED = 'entry JOIN task_version version ON version.number = entry.task_version JOIN run ON run.number = entry.run';
const PACKS = `SELECT ${PACK.join(', ')} FROM ${JOINED}`;

const VERSIONS =
  'SELECT given.at, version.number FROM unnest(?::bytea[], ?::text[], ?::text[], ?::text[]) WITH ORDINALITY AS given (digest, task, code, version, at) ' +
  'JOIN task_version version ON version.digest = given.digest AND version.task = given.task AND version.code = given.code AND version.version = given.version';
const NEW_VERSIONS =
  'INSERT INTO task_version (digest, task, code, version, parts) SELECT * FROM unnest(?::bytea[], ?::text[], ?::text[], ?::text[], ?::text[]) ' +
  'AS given (digest, task, code, version, parts) ORDER BY digest, task, code, version ON CONFLICT DO NOTHING';

/** What becomes of the cache entries of a batch. A task run has one entry: a later one takes its place. */
export class EntryWriting {
  /** To be asked before it can be decided. */
  readonly questions: readonly Sql[];
  readonly #kinds: readonly (readonly CacheEntryRow[])[];

  /** @throws MillraceError `DIGEST_INVALID` */
  constructor(entries: readonly CacheEntryRow[]) {
    this.#kinds = kindsOf([...new Map(entries.map((entry) => [`${entry.index} ${entry.run}`, entry])).values()]);
    const runs = [...new Set(entries.map(({ run }) => run))];
    this.questions =
      entries.length === 0
        ? []
        : [
            ['SELECT id, number FROM run WHERE id = ANY(?::text[])', runs],
            [
              'SELECT run.id, entry.number, entry.places FROM entry JOIN run ON run.number = entry.run WHERE run.id = ANY(?::text[]) AND last_place >= ? AND first_place <= ?',
              runs,
              ...rangeOf(entries.map(({ index }) => index)),
            ],
            [VERSIONS, ...versionColumns(this.#kinds)],
          ];
  }

  /**
   * @param taken keys that others have taken meanwhile: theirs count
   * @returns what is to be written
   * @throws MillraceError `RUN_UNKNOWN`, `DIGEST_INVALID`, `RECORD_VALUE_INVALID`
   */
  async decide(
    session: Session,
    [runs = [], nearby = [], known = []]: readonly (readonly SqlRow[])[],
    taken: ReadonlySet<string>,
  ): Promise<readonly Sql[]> {
    if (this.#kinds.length === 0) return [];
    const versions = await versionNumbers(session, this.#kinds, known);
    const numbers = new Map(runs.map(([id, number]) => [id as string, number as number]));
    if (nearby.length > 0)
      await dropPlaces(
        session,
        this.#kinds.flat().filter(({ key }) => !taken.has(key)),
        nearby,
      );
    const statements: Sql[] = [];
    for (const [at, same] of this.#kinds.entries()) {
      const [first] = same as [CacheEntryRow];
      const run = numbers.get(first.run);
      if (run === undefined) throw runUnknown(first.run);
      const left = taken.size === 0 ? same : same.filter(({ key }) => !taken.has(key));
      if (left.length > 0) statements.push([INSERT, run, versions[at] as number, ...packValues(left)]);
    }
    return statements;
  }
}

/** Those that can be in one pack. */
function kindsOf(entries: readonly CacheEntryRow[]): readonly (readonly CacheEntryRow[])[] {
  const kinds = new Map<string, CacheEntryRow[]>();
  for (const entry of entries) {
    const kind = `${entry.run}\n${entry.taskVersion}\n${entry.task}\n${entry.code}\n${entry.version}`;
    const same = kinds.get(kind);
    if (same) same.push(entry);
    else kinds.set(kind, [entry]);
  }
  return [...kinds.values()];
}

function versionColumns(kinds: readonly (readonly CacheEntryRow[])[]) {
  const firsts = kinds.map(([first]) => first as CacheEntryRow);
  return [
    firsts.map(({ taskVersion }) => digestBytes('taskVersion', taskVersion)),
    firsts.map(({ task }) => task),
    firsts.map(({ code }) => code),
    firsts.map(({ version }) => versionText(version)),
  ] as const;
}

/** In the order of the kinds; those that are new are made. */
async function versionNumbers(session: Session, kinds: readonly (readonly CacheEntryRow[])[], known: readonly SqlRow[]): Promise<readonly number[]> {
  if (known.length === kinds.length) return inOrder(known);
  const columns = versionColumns(kinds);
  const parts = kinds.map(([first]) => first?.codeParts ?? null);
  const [, all = []] = await session.all([
    [NEW_VERSIONS, ...columns, parts],
    [VERSIONS, ...columns],
  ]);
  return inOrder(all);
}

function inOrder(found: readonly SqlRow[]): readonly number[] {
  const numbers: number[] = [];
  for (const [at, number] of found) numbers[(at as number) - 1] = number as number;
  return numbers;
}

/** Rare: only what is written again has a place in a pack already. */
async function dropPlaces(session: Session, entries: readonly CacheEntryRow[], nearby: readonly SqlRow[]): Promise<void> {
  for (const [id, number, list] of nearby) {
    const places = new Set(entries.filter(({ run }) => run === id).map(({ index }) => index));
    if (!(JSON.parse(list as string) as number[]).some((place) => places.has(place))) continue;
    await keepOnly(session, [`${PACKS} WHERE entry.number = ? FOR UPDATE OF entry`, number as number], ({ index }) => !places.has(index));
  }
}

/** Inside a transaction: the packs, locked, without what is not to be kept. */
async function keepOnly(session: Session, packs: Sql, isKept: (entry: CacheEntryRow) => boolean): Promise<void> {
  const [found = []] = await session.all([packs]);
  const statements = found.flatMap((row): readonly Sql[] => {
    const number = row.at(-1) as number;
    const { entries } = packOf(row);
    const kept = entries.filter(isKept);
    if (kept.length === entries.length) return [];
    return [kept.length === 0 ? ['DELETE FROM entry WHERE number = ?', number] : [UPDATE, ...packValues(kept), number]];
  });
  if (statements.length > 0) await session.all(statements);
}

export function entriesOf(taskVersions: readonly string[]): Sql {
  const digests = [...new Set(taskVersions)].map((digest) => digestBytes('taskVersion', digest));
  return [`${PACKS} WHERE version.digest = ANY(?::bytea[]) ORDER BY entry.newest DESC`, digests];
}

/** Newest first. */
export function unpackEntries(packs: readonly SqlRow[]): readonly CacheEntryRow[] {
  // Written as they ended: read backwards they are in order already.
  const found = packs.flatMap((row) => packOf(row).entries.toReversed());
  return isSorted(found) ? found : found.sort(PackedEntry.newestFirst);
}

/** All that one run has written. */
export async function findEntriesOfRun(session: Session, run: string): Promise<readonly CacheEntryRow[]> {
  return (await session.rows(`${PACKS} WHERE run.id = ?`, run)).flatMap((row) => packOf(row).entries);
}

/** Inside a transaction. @throws MillraceError `RUN_UNKNOWN` */
export async function writeEntriesOf(session: Session, entries: readonly CacheEntryRow[]): Promise<void> {
  if (entries.length === 0) return;
  const writing = new EntryWriting(entries);
  await session.all(await writing.decide(session, await session.all(writing.questions), new Set()));
}

/** Inside a transaction: those of a run, and what is known of versions of tasks that nobody has entries of any more. */
export async function removeEntries(session: Session, run: number): Promise<void> {
  const versions = await session.rows('DELETE FROM entry WHERE run = ? RETURNING task_version', run);
  await session.rows(
    'DELETE FROM task_version v WHERE number = ANY(?::bigint[]) AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.task_version = v.number)',
    [...new Set(versions.map(([version]) => version as number))],
  );
}

const PACKS_AT_ONCE = 8;

/** Packs are read newest first until there are enough. */
export async function findEntriesOfTask(session: Session, task: string, atLeast: number): Promise<readonly CacheEntryRow[]> {
  const found: PackedEntry[] = [];
  const isAll = atLeast === Number.POSITIVE_INFINITY;
  for (let offset = 0; found.length < atLeast; offset += PACKS_AT_ONCE) {
    const packs = await session.rows(
      `${PACKS} WHERE version.task = ? ORDER BY entry.newest DESC, entry.number DESC LIMIT ? OFFSET ?`,
      task,
      isAll ? null : PACKS_AT_ONCE,
      offset,
    );
    for (const row of packs) found.push(...packOf(row).entries);
    if (isAll || packs.length < PACKS_AT_ONCE) break;
  }
  return found.sort(PackedEntry.newestFirst);
}

export async function findLatestEntry(session: Session, task: string): Promise<CacheEntryRow | undefined> {
  const newest = `SELECT max(newest) FROM entry JOIN task_version version ON version.number = entry.task_version WHERE version.task = ?`;
  const packs = await session.rows(`${PACKS} WHERE version.task = ? AND entry.newest = (${newest})`, task, task);
  return packs.flatMap((row) => packOf(row).entries).sort(PackedEntry.newestFirst)[0];
}

/**
 * What others than `run` have committed since a snapshot was taken, and the snapshot that stands for having seen it. Whatever had not been
 * committed then is told now, in whatever order it was written.
 */
export function entriesSince(run: string, snapshot: string): Sql {
  const isNews = 'entry.written >= pg_snapshot_xmin(?::pg_snapshot) AND NOT pg_visible_in_snapshot(entry.written, ?::pg_snapshot) AND run.id <> ?';
  const names = PACK.map((_, at) => `c${at}`);
  const list = names.join(', ');
  return [
    `SELECT pg_current_snapshot()::text, ${list} FROM (SELECT 1) AS always LEFT JOIN (${PACKS} WHERE ${isNews}) AS news (${list}) ON true ORDER BY ${names.at(-1)}`,
    snapshot,
    snapshot,
    run,
  ];
}

/** Of `entriesSince`. */
export function newsOf(found: readonly SqlRow[]): { readonly snapshot: string; readonly entries: readonly CacheEntryRow[] } {
  const packs = found.filter((row) => row.at(-1) !== null);
  return { snapshot: found[0]?.[0] as string, entries: packs.flatMap((row) => packOf(row.slice(1)).entries) };
}

/** Inside a transaction. */
export async function forgetEntries(session: Session, entries: readonly Pick<CacheEntryRow, 'run' | 'index'>[]): Promise<void> {
  const byRun = new Map<string, Set<number>>();
  for (const { run, index } of entries) {
    const places = byRun.get(run);
    if (places) places.add(index);
    else byRun.set(run, new Set([index]));
  }
  for (const [run, places] of byRun) {
    await keepOnly(session, [`${PACKS} WHERE run.id = ? ORDER BY entry.number FOR UPDATE OF entry`, run], ({ index }) => !places.has(index));
  }
}

/** Inside a transaction: whatever has one of these results is no answer any more. One scan of all packs, for the sake of a rare loss. */
export async function discardEntries(session: Session, contentDigests: readonly string[]): Promise<void> {
  const lost = new Set(contentDigests.map((digest) => checkDigest('contentDigest', digest)));
  const holding =
    'EXISTS (SELECT 1 FROM unnest(?::text[]) AS lost (digest) WHERE strpos(entry.results, digest) > 0 OR strpos(entry.artifacts, digest) > 0)';
  // The text of a digest may also be part of an address: each entry is looked at before it goes.
  const isKept = ({ artifacts }: CacheEntryRow): boolean => !artifacts.some(({ ref }) => lost.has(ref.contentDigest));
  await keepOnly(session, [`${PACKS} WHERE ${holding} ORDER BY entry.number FOR UPDATE OF entry`, [...lost]], isKept);
}
