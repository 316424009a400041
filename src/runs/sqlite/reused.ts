import type { TaskRunRow } from '../../model/records.js';
import { TASK_STATE_CODE, type TaskState } from '../../model/states.js';
import { checkDigests } from '../digests.js';
import { hitRows, type ReusedRuns, rowsOf } from '../reused-runs.js';
import type { PlaceRange, TaskRunFilter } from '../run-record.js';
import { packColumn, packedBy, unpackValue } from './columns.js';
import type { SqliteConnection } from './connection.js';
import type { SqlRow, SqlValue } from './statement.js';

/**
 * Task runs that were answered by an earlier result are final when they are first written, so they need no row each: those of one task that come in
 * one batch are one row. A run of ten thousand hits writes some twenty.
 */

export const REUSED: TaskState = 'cached';
/** Fewer are no gain over rows of their own. */
export const WORTH_A_PACK = 8;

const INSERT = 'INSERT INTO reused (run, task, first_place, last_place, places, columns) VALUES (?, ?, ?, ?, ?, ?)';

/**
 * Inside a transaction. Packs what came by column already.
 * @returns rows of what is to be written as rows are: too few, or at places that hold something
 * @throws MillraceError `DIGEST_INVALID`, `RECORD_VALUE_INVALID`
 */
export function writeReusedColumns(connection: SqliteConnection, run: number, reused: readonly ReusedRuns[]): readonly TaskRunRow[] {
  if (reused.length === 0) return [];
  const places = reused.flatMap(({ index }) => index);
  const { packs, rest } = packableColumns(reused, [packedPlaces(connection, run, places), heldPlaces(connection, run, places)]);
  for (const pack of packs) connection.prepare(INSERT).run([run, pack.task, ...columnValues(pack)]);
  return rest;
}

/** Parts columns into what is a pack as it is, and the rest. @param taken places that hold something */
export function packableColumns(
  reused: readonly ReusedRuns[],
  taken: readonly ReadonlySet<number>[],
): { readonly packs: readonly ReusedRuns[]; readonly rest: readonly TaskRunRow[] } {
  const held = taken.filter(({ size }) => size > 0);
  const isPack = ({ index }: ReusedRuns): boolean => index.length >= WORTH_A_PACK && !held.some((places) => index.some((place) => places.has(place)));
  return { packs: reused.filter(isPack), rest: reused.filter((one) => !isPack(one)).flatMap(rowsOf) };
}

/**
 * Inside a transaction. Packs what can be packed.
 * @returns the rows that are to be written one by one; not those that a pack holds already, for a final state never changes (S10)
 * @throws MillraceError `DIGEST_INVALID`, `RECORD_VALUE_INVALID`
 */
export function writeReused(connection: SqliteConnection, run: number, rows: readonly TaskRunRow[]): readonly TaskRunRow[] {
  const packed = packedPlaces(connection, run, placesOf(rows));
  const left = packed.size === 0 ? rows : rows.filter(({ index }) => !packed.has(index));
  const hits = left.filter(({ state }) => state === REUSED);
  if (hits.length < WORTH_A_PACK) return left;
  const { packs, rest } = packable(left, heldPlaces(connection, run, placesOf(hits)));
  for (const [task, same] of packs) connection.prepare(INSERT).run([run, task, ...packValues(same)]);
  return rest;
}

/**
 * Parts rows into what is worth a pack, by task, and the rest.
 * @param contested places that have rows of their own: where a place has, or is given, more than one, which one counts is for the table to say
 */
export function packable(
  rows: readonly TaskRunRow[],
  contested: Set<number>,
): { readonly packs: readonly (readonly [task: string, rows: readonly TaskRunRow[]])[]; readonly rest: readonly TaskRunRow[] } {
  addRepeated(contested, rows);
  const rest: TaskRunRow[] = [];
  const groups = new Map<string, TaskRunRow[]>();
  for (const row of rows) {
    const same = row.state === REUSED && !contested.has(row.index) ? groups.get(row.task) : rest;
    if (same) same.push(row);
    else groups.set(row.task, [row]);
  }
  const packs = [...groups];
  for (const [, same] of packs) if (same.length < WORTH_A_PACK) rest.push(...same);
  return { packs: packs.filter(([, same]) => same.length >= WORTH_A_PACK), rest };
}

/** Those of their places that packs hold. */
function packedPlaces(connection: SqliteConnection, run: number, places: readonly number[]): ReadonlySet<number> {
  if (places.length === 0) return new Set();
  const near = connection.prepare('SELECT places FROM reused WHERE run = ? AND last_place >= ? AND first_place <= ?');
  const [first, last] = rangeOf(places);
  return new Set(near.all([run, first, last]).flatMap(([held]) => JSON.parse(held as string) as number[]));
}

/** Those of their places that have rows of their own; in a run of hits there are none anywhere near. */
function heldPlaces(connection: SqliteConnection, run: number, places: readonly number[]): Set<number> {
  const near = connection.prepare('SELECT 1 FROM task_run WHERE run = ? AND place >= ? AND place <= ? LIMIT 1').get([run, ...rangeOf(places)]);
  if (near === undefined) return new Set();
  const held = connection.prepare('SELECT place FROM task_run WHERE run = ? AND place IN (SELECT value FROM json_each(?))');
  return new Set(held.all([run, JSON.stringify(places)]).map(([place]) => place as number));
}

function addRepeated(places: Set<number>, rows: readonly TaskRunRow[]): void {
  if (isRising(rows)) return;
  const seen = new Set<number>();
  for (const { index } of rows) {
    if (seen.has(index)) places.add(index);
    seen.add(index);
  }
}

/** As they are in a run of hits, which end in the order in which they were called. */
function isRising(rows: readonly TaskRunRow[]): boolean {
  let before = Number.NEGATIVE_INFINITY;
  for (const { index } of rows) {
    if (index <= before) return false;
    before = index;
  }
  return true;
}

/** All but what is known of the pack, task and state, and what a reused result has none of: checks. */
const COLUMNS: readonly (readonly [name: string, of: (row: TaskRunRow) => unknown])[] = [
  ['id', (row) => row.id],
  ['label', (row) => row.label],
  ['parent', (row) => row.parent],
  ['nodeKey', (row) => row.nodeKey],
  ['cacheKey', (row) => row.cacheKey],
  ['attempts', (row) => row.attempts],
  ['reason', (row) => row.reason],
  ['createdAt', (row) => row.createdAt],
  ['startedAt', (row) => row.startedAt],
  ['finishedAt', (row) => row.finishedAt],
  ['error', (row) => row.error],
  ['upstream', (row) => row.upstream],
  ['inputs', (row) => row.inputs],
  ['originRun', (row) => row.origin?.run],
  ['originIndex', (row) => row.origin?.index],
];

export function packValues(rows: readonly TaskRunRow[]): SqlValue[] {
  return valuesOf(
    placesOf(rows),
    COLUMNS.map(([name, of]) => [name, packedBy(rows, of)]),
  );
}

/** As `packValues`: what has no column here is the same of all that was reused. */
export function columnValues({ task: _, index, ...columns }: ReusedRuns): SqlValue[] {
  return valuesOf(index, [['attempts', [0]], ...Object.entries(columns).map(([name, column]) => [name, packColumn(column)] as const)]);
}

function valuesOf(places: readonly number[], columns: readonly (readonly [name: string, column: readonly unknown[]])[]): SqlValue[] {
  const held = columns.filter(([, column]) => column.length > 1 || column[0] !== undefined);
  for (const [name, column] of held) if (name === 'nodeKey' || name === 'cacheKey') checkDigests(name, column as readonly string[]);
  return [...rangeOf(places), JSON.stringify(places), JSON.stringify(Object.fromEntries(held))];
}

function placesOf(rows: readonly TaskRunRow[]): readonly number[] {
  return rows.map(({ index }) => index);
}

export function rangeOf(places: readonly number[]): [first: number, last: number] {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const place of places) {
    if (place < first) first = place;
    if (place > last) last = place;
  }
  return [first, last];
}

/** In no order; of a limit there may be some more, for what lies between them has not been looked at. */
export function findReused(connection: SqliteConnection, run: number, filter: TaskRunFilter): readonly TaskRunRow[] {
  if (filter.state !== undefined && filter.state !== REUSED) return [];
  const [first, last] = rangeAsked(filter);
  const [ofTask, values] = filter.task === undefined ? ['', []] : ['AND task = ?', [filter.task]];
  const near = `FROM reused WHERE run = ? AND last_place >= ? AND first_place <= ? ${ofTask}`;
  const all = [run, first, last, ...values];
  if (filter.limit === undefined && filter.indexes === undefined)
    return unpackReused(connection.prepare(`SELECT task, places, columns ${near}`).all(all), filter);
  // Places are a small part of a pack: the rest is read of those packs alone that are about to be told.
  const isAsked = isAskedPlace(filter);
  const held = connection.prepare(`SELECT number, places ${near}`).all(all);
  const found = held.map(([number, places]) => ({ number, places: (JSON.parse(places as string) as readonly number[]).filter(isAsked) }));
  const end = lastOf(
    found.flatMap(({ places }) => places),
    filter,
  );
  const numbers = found.filter(({ places }) => places.some((place) => place <= end)).map(({ number }) => number);
  const read = 'SELECT task, places, columns FROM reused WHERE number IN (SELECT value FROM json_each(?))';
  return unpackReused(connection.prepare(read).all([JSON.stringify(numbers)]), { ...filter, within: [first, end] });
}

/** Of these places, the last that may be among the first so many. By its id one is known only when it is unpacked. */
function lastOf(places: number[], { id, limit = Number.POSITIVE_INFINITY }: TaskRunFilter): number {
  const end = id === undefined && places.length > limit ? places.sort((a, b) => a - b)[limit - 1] : undefined;
  return end ?? Number.MAX_SAFE_INTEGER;
}

/** From where to where places are asked for; of none at all, a range that holds none. */
export function rangeAsked({ within = [0, Number.MAX_SAFE_INTEGER], indexes }: TaskRunFilter): PlaceRange {
  if (indexes === undefined) return within;
  if (indexes.length === 0) return [1, 0];
  const [first, last] = rangeOf(indexes);
  return [Math.max(within[0], first), Math.min(within[1], last)];
}

function isAskedPlace({ indexes, within: [first, last] = [0, Number.MAX_SAFE_INTEGER] }: TaskRunFilter): (place: number) => boolean {
  const chosen = indexes === undefined ? undefined : new Set(indexes);
  return (place) => place >= first && place <= last && (chosen === undefined || chosen.has(place));
}

/** Of rows of task, places and columns; what of them is wanted. */
export function unpackReused(packs: readonly SqlRow[], filter: TaskRunFilter): readonly TaskRunRow[] {
  const isAsked = isAskedPlace(filter);
  return packs.flatMap(([task, places, columns]) => {
    const held = JSON.parse(places as string) as readonly number[];
    if (!held.some(isAsked)) return [];
    const found = unpack(task as string, held, JSON.parse(columns as string));
    return found.filter(({ id, index }) => (filter.id === undefined || id === filter.id) && isAsked(index));
  });
}

/** A reused result lies elsewhere from now on. */
export type Moved = (place: number, originPlace: number) => TaskRunRow['origin'];

/** Inside a transaction: says anew, of what `run` took from `origin`, where that lies. Undefined leaves a row as it is. */
export function repointReused(connection: SqliteConnection, run: number, origin: string, moved: Moved): void {
  const held = connection.prepare('SELECT number, places, columns FROM reused WHERE run = ?').all([run]);
  for (const [number, placesText, columnsText] of held) {
    const changed = repointedColumns(placesText as string, columnsText as string, origin, moved);
    if (changed !== undefined) connection.prepare('UPDATE reused SET columns = ? WHERE number = ?').run([changed, number as number]);
  }
}

/** The columns of a pack, told anew; undefined where nothing in it comes from `origin`. */
export function repointedColumns(placesText: string, columnsText: string, origin: string, moved: Moved): string | undefined {
  const places = JSON.parse(placesText) as readonly number[];
  const columns = JSON.parse(columnsText) as Record<string, readonly unknown[]>;
  const runs = places.map((_, at) => unpackValue<string | undefined>(columns.originRun ?? ABSENT, at));
  if (!runs.includes(origin)) return undefined;
  const indexes = places.map((_, at) => unpackValue<number>(columns.originIndex ?? ABSENT, at));
  places.forEach((place, at) => {
    const now = runs[at] === origin ? moved(place, indexes[at] as number) : undefined;
    if (now === undefined) return;
    runs[at] = now.run;
    indexes[at] = now.index;
  });
  return JSON.stringify({ ...columns, originRun: packColumn(runs), originIndex: packColumn(indexes) });
}

/** Rows that count of a run that crashed. Maps count by their children (S10): nothing else succeeds, or was running, without an attempt. */
export const COUNTED = `NOT (attempts = 0 AND state IN (${TASK_STATE_CODE.success}, ${TASK_STATE_CODE.crashed}))`;

/** How many there are, by the number of their state. */
export function countReused(connection: SqliteConnection, run: number, task?: string): readonly [state: number, count: number] {
  const [ofTask, values] = task === undefined ? ['', [run]] : ['AND task = ?', [run, task]];
  const sql = `SELECT coalesce(sum(json_array_length(places)), 0) FROM reused WHERE run = ? ${ofTask}`;
  const [count] = connection.prepare(sql).get(values) ?? [0];
  return [TASK_STATE_CODE[REUSED], count as number];
}

const ABSENT: readonly unknown[] = [undefined];

function unpack(task: string, places: readonly number[], columns: Readonly<Record<string, readonly unknown[]>>): TaskRunRow[] {
  return hitRows(task, places, (column, at) => unpackValue(columns[column] ?? ABSENT, at));
}
