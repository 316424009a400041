import type { CacheEntryRow } from '../../model/records.js';
import { checkDigest, digestBytes } from '../digests.js';
import { runUnknown } from '../look.js';
import type { SqliteConnection } from './connection.js';
import { EntryPack, PACK_COLUMNS, PackedEntry, packValues } from './entry-pack.js';
import { versionOf, versionText } from './rows.js';
import type { SqlRow, SqlValue } from './statement.js';

/** What calls can be answered by (S23), in packs. */

const COLUMNS = ['run', 'task_version', ...PACK_COLUMNS];
const INSERT = `INSERT INTO entry (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;
const UPDATE = `UPDATE entry SET ${PACK_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE number = ?`;

const VERSION = 'lower(hex(version.digest)), version.task, version.code, version.parts, version.version';
const KIND = `${VERSION}, run.id, run.number`;
/** How many columns of a row belong to `VERSION`. */
const VERSION_WIDTH = 5;
const PACKED = 'reads, places, keys, times, inputs, results, artifacts';
/** How many columns of a row belong to `KIND`. */
const KIND_WIDTH = 7;
/** CROSS: the planner is not to start from the runs. */
const PACKS = `SELECT ${KIND}, ${PACKED}, entry.number FROM entry CROSS JOIN task_version version ON version.number = entry.task_version CROSS JOIN run ON run.number = entry.run`;

/** What all packs of a version have in common, its code above all, which may be long, is read once. */
const OF_VERSION = `SELECT run.id, run.number, ${PACKED}, entry.number FROM entry CROSS JOIN run ON run.number = entry.run WHERE entry.task_version = ? ORDER BY entry.newest DESC`;

const OF_RUN = `${PACKS} WHERE entry.run = (SELECT number FROM run WHERE id = ?)`;

export function findEntries(connection: SqliteConnection, taskVersions: readonly string[]): readonly CacheEntryRow[] {
  const versions = connection.prepare(`SELECT ${VERSION}, version.number FROM task_version version WHERE version.digest = ?`);
  const packs = connection.prepare(OF_VERSION);
  const found: PackedEntry[] = [];
  for (const digest of new Set(taskVersions)) {
    for (const version of versions.all([digestBytes('taskVersion', digest)])) {
      const common = version.slice(0, VERSION_WIDTH);
      for (const row of packs.all(version.slice(VERSION_WIDTH))) packOf([...common, ...row]).addReversed(found);
    }
  }
  return isSorted(found) ? found : found.sort(PackedEntry.newestFirst);
}

/** Packs are read newest first until there are enough. */
export function findEntriesOfTask(connection: SqliteConnection, task: string, atLeast: number): readonly CacheEntryRow[] {
  const newest = connection
    .prepare(
      'SELECT entry.number FROM task_version version CROSS JOIN entry ON entry.task_version = version.number WHERE version.task = ? ORDER BY newest DESC, entry.number DESC',
    )
    .all([task]);
  const pack = connection.prepare(`${PACKS} WHERE entry.number = ?`);
  const found: PackedEntry[] = [];
  for (const number of newest) {
    if (found.length >= atLeast) break;
    const row = pack.get(number);
    if (row) found.push(...packOf(row).entries);
  }
  return found.sort(PackedEntry.newestFirst);
}

/** Inside a transaction. */
export function forgetEntries(connection: SqliteConnection, entries: readonly Pick<CacheEntryRow, 'run' | 'index'>[]): void {
  const byRun = new Map<string, Set<number>>();
  for (const { run, index } of entries) {
    const places = byRun.get(run);
    if (places) places.add(index);
    else byRun.set(run, new Set([index]));
  }
  const packs = connection.prepare(OF_RUN);
  for (const [run, places] of byRun) for (const row of packs.all([run])) keepOnly(connection, row, ({ index }) => !places.has(index));
}

/** What runs other than `run` have written after the pack of number `since`. */
export function findEntriesSince(connection: SqliteConnection, run: string, since: number): readonly CacheEntryRow[] {
  const packs = connection.prepare(`${PACKS} WHERE entry.number > ? AND run.id <> ? ORDER BY entry.number`).all([since, run]);
  return packs.flatMap((row) => packOf(row).entries);
}

/** All that one run has written. */
export function findEntriesOfRun(connection: SqliteConnection, run: string): readonly CacheEntryRow[] {
  return connection
    .prepare(OF_RUN)
    .all([run])
    .flatMap((row) => packOf(row).entries);
}

/** Inside a transaction: those of a run, and what is known of versions of tasks that nobody has entries of any more. */
export function removeEntries(connection: SqliteConnection, run: number): void {
  const versions = connection.prepare('SELECT DISTINCT task_version FROM entry WHERE run = ?').all([run]);
  connection.prepare('DELETE FROM entry WHERE run = ?').run([run]);
  const remove = connection.prepare(
    'DELETE FROM task_version WHERE number = ? AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.task_version = task_version.number)',
  );
  for (const version of versions) remove.run(version);
}

/** The number of the newest pack. */
export function lastEntryNumber(connection: SqliteConnection): number {
  return (connection.prepare('SELECT coalesce(max(number), 0) FROM entry').get()?.[0] ?? 0) as number;
}

export function findLatestEntry(connection: SqliteConnection, task: string): CacheEntryRow | undefined {
  const versions = connection.prepare('SELECT number FROM task_version WHERE task = ?').all([task]);
  const packs = connection.prepare(`${PACKS} WHERE entry.task_version = ? AND entry.newest = (SELECT max(newest) FROM entry WHERE task_version = ?)`);
  const newest = versions.flatMap(([version]) => packs.all([version as number, version as number]).flatMap((row) => packOf(row).entries));
  return newest.sort(PackedEntry.newestFirst)[0];
}

/**
 * Inside a transaction. A task run has one entry: a later one takes its place.
 * @throws MillraceError `DIGEST_INVALID`, `RECORD_VALUE_INVALID`, `RUN_UNKNOWN`
 */
export function writeEntries(connection: SqliteConnection, entries: readonly CacheEntryRow[]): void {
  const latest = new Map(entries.map((entry) => [`${entry.index} ${entry.run}`, entry]));
  const kinds = new Map<string, CacheEntryRow[]>();
  for (const entry of latest.values()) {
    const kind = `${entry.run}\n${entry.taskVersion}\n${entry.task}\n${entry.code}\n${entry.version}`;
    const same = kinds.get(kind);
    if (same) same.push(entry);
    else kinds.set(kind, [entry]);
  }
  for (const same of kinds.values()) writePack(connection, same);
}

function writePack(connection: SqliteConnection, entries: readonly CacheEntryRow[]): void {
  const [first] = entries as readonly [CacheEntryRow];
  const run = runNumber(connection, first.run);
  const values = packValues(entries);
  dropPlaces(connection, run, values, new Set(entries.map(({ index }) => index)));
  connection.prepare(INSERT).run([run, taskVersionNumber(connection, first), ...values]);
}

function dropPlaces(connection: SqliteConnection, run: number, [first, last]: readonly SqlValue[], places: ReadonlySet<number>): void {
  const near = connection.prepare('SELECT number, places FROM entry WHERE run = ? AND last_place >= ? AND first_place <= ?');
  const held = near
    .all([run, first as number, last as number])
    .filter(([, list]) => (JSON.parse(list as string) as number[]).some((at) => places.has(at)));
  for (const [number] of held) {
    const row = connection.prepare(`${PACKS} WHERE entry.number = ?`).get([number as number]) as SqlRow;
    keepOnly(connection, row, ({ index }) => !places.has(index));
  }
}

/**
 * Inside a transaction: whatever has one of these results is no answer any more. There is no index by content: it would make every write dearer
 * for the sake of a rare loss, so one scan looks through all packs, however many digests are asked for.
 */
export function discardEntries(connection: SqliteConnection, contentDigests: readonly string[]): void {
  const lost = new Set(contentDigests.map((digest) => checkDigest('contentDigest', digest)));
  // The text of a digest may also be part of an address: each entry is looked at before it goes.
  const holding = connection.prepare(
    `${PACKS} WHERE EXISTS (SELECT 1 FROM json_each(?) lost WHERE instr(entry.results, lost.value) OR instr(entry.artifacts, lost.value))`,
  );
  for (const row of holding.all([JSON.stringify([...lost])])) {
    keepOnly(connection, row, ({ artifacts }) => !artifacts.some(({ ref }) => lost.has(ref.contentDigest)));
  }
}

function keepOnly(connection: SqliteConnection, row: SqlRow, isKept: (entry: CacheEntryRow) => boolean): void {
  const number = row.at(-1) as number;
  const { entries } = packOf(row);
  const kept = entries.filter(isKept);
  if (kept.length === 0) connection.prepare('DELETE FROM entry WHERE number = ?').run([number]);
  else if (kept.length < entries.length) connection.prepare(UPDATE).run([...packValues(kept), number]);
}

export function packOf(row: SqlRow): EntryPack {
  const [taskVersion, task, code, parts, version, run, runNumber] = row as readonly [string, string, string, string | null, string, string, number];
  return new EntryPack(
    { taskVersion, task, code, codeParts: parts ?? undefined, version: versionOf(version), run },
    runNumber,
    row.slice(KIND_WIDTH),
  );
}

export function isSorted(entries: readonly PackedEntry[]): boolean {
  for (let at = 1; at < entries.length; at += 1) {
    const [before, entry] = [entries[at - 1] as PackedEntry, entries[at] as PackedEntry];
    if (entry.createdAt >= before.createdAt && PackedEntry.newestFirst(before, entry) > 0) return false;
  }
  return true;
}

function taskVersionNumber(connection: SqliteConnection, { taskVersion, task, code, codeParts, version }: CacheEntryRow): number {
  const values = [digestBytes('taskVersion', taskVersion), task, code, versionText(version)];
  const find = connection.prepare('SELECT number FROM task_version WHERE digest = ? AND task = ? AND code = ? AND version = ?');
  const known = find.get(values);
  if (known !== undefined) return known[0] as number;
  connection.prepare('INSERT INTO task_version (digest, task, code, version, parts) VALUES (?, ?, ?, ?, ?)').run([...values, codeParts ?? null]);
  const found = find.get(values);
  return found?.[0] as number;
}

function runNumber(connection: SqliteConnection, id: string): number {
  const found = connection.prepare('SELECT number FROM run WHERE id = ?').get([id]);
  if (found === undefined) throw runUnknown(id);
  return found[0] as number;
}
