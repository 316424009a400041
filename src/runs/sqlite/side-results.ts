import type { ArtifactKind } from '../../model/artifact.js';
import type { MetricRow, ProgressRow, RunArtifactRow } from '../../model/records.js';
import { digestBytes } from '../digests.js';
import { finiteRange } from '../finite-range.js';
import type { MetricFilter, MetricSeries, RecordBatch, RunArtifact, TaskRunDetails } from '../run-record.js';
import type { SqliteConnection } from './connection.js';
import { insertInto, insertRows, replacing } from './insert.js';
import { refOf, selection } from './rows.js';
import { runNumber } from './run-number.js';
import type { SqlRow, SqlValue } from './statement.js';

/** What tasks give beside their results: artifacts, metrics, progress. */

export const ARTIFACT_COLUMNS = 'run, place, attempt, name, kind, content_type, at, uri, address, content_digest, value_digest, bytes, format'.split(
  ', ',
);
export const METRIC_COLUMNS = 'run, place, attempt, name, first, points, at, lowest, highest, first_step, last_step, last_value, steps, floats'.split(
  ', ',
);
export const PROGRESS_COLUMNS = 'run, place, attempt, fraction, message, at'.split(', ');

/** What goes to who took a result, when the run that made it is removed: of the attempt that succeeded. Whoever reuses makes no attempt, so there it is 0. */
export const HANDED_ON = [
  { table: 'run_artifact', columns: ARTIFACT_COLUMNS.slice(3).join(', ') },
  { table: 'metric', columns: METRIC_COLUMNS.slice(3).join(', ') },
];
/** Of the table `x`; rows of reused task runs may lie packed. */
export const LAST_ATTEMPT = 'x.attempt = coalesce((SELECT t.attempts FROM task_run t WHERE t.run = x.run AND t.place = x.place), 0)';

const ARTIFACTS = insertInto('run_artifact', ARTIFACT_COLUMNS, replacing(['run', 'place', 'attempt', 'name'], ARTIFACT_COLUMNS));
const METRICS = insertInto('metric', METRIC_COLUMNS, 'DO NOTHING');
const PROGRESS = insertInto('progress', PROGRESS_COLUMNS, replacing(['run', 'place'], PROGRESS_COLUMNS));

/** Inside a transaction. Writing the same again changes nothing. */
export function writeSideResults(connection: SqliteConnection, run: number, { runArtifacts, metrics, progress }: RecordBatch): void {
  if (runArtifacts) insertRows(connection, ARTIFACTS, runArtifacts, (into, row) => putRunArtifact(into, run, row));
  if (metrics) insertRows(connection, METRICS, metrics, (into, row) => putMetric(into, run, row));
  if (progress) insertRows(connection, PROGRESS, progress, (into, row) => putProgress(into, run, row));
}

export function putRunArtifact(into: SqlValue[], run: number, { index, attempt, name, kind, contentType, at, ref }: RunArtifactRow): void {
  const content = digestBytes('contentDigest', ref.contentDigest);
  into.push(run, index, attempt, name, kind, contentType, at, ref.uri, ref.key, content);
  into.push(digestBytes('valueDigest', ref.valueDigest), ref.bytes, ref.format);
}

export function putMetric(into: SqlValue[], run: number, { index, attempt, name, first, at, steps, values }: MetricRow): void {
  const { min, max } = finiteRange(values);
  const last = values.length - 1;
  into.push(run, index, attempt, name, first, values.length, at, min ?? null, max ?? null, steps[0] as number, steps[last] as number);
  into.push(textOf(values[last] as number), areConsecutive(steps) ? null : floats(steps), floats(values));
}

export function putProgress(into: SqlValue[], run: number, { index, attempt, fraction, message, at }: ProgressRow): void {
  into.push(run, index, attempt, fraction, message ?? null, at);
}

export function findRunArtifacts(connection: SqliteConnection, id: string, { index }: { readonly index?: number }): readonly RunArtifact[] {
  const run = runNumber(connection, id);
  if (run === undefined) return [];
  const sql = `SELECT ${selection('a', ARTIFACT_COLUMNS)} FROM run_artifact a WHERE run = ?${index === undefined ? '' : ' AND place = ?'} ORDER BY place, attempt, name`;
  return connection
    .prepare(sql)
    .all(index === undefined ? [run] : [run, index])
    .map(runArtifactOf);
}

export function runArtifactOf(row: SqlRow): RunArtifact {
  return {
    index: row[1] as number,
    attempt: row[2] as number,
    name: row[3] as string,
    kind: row[4] as ArtifactKind,
    contentType: row[5] as string,
    at: row[6] as number,
    ref: refOf(row, 7),
  };
}

export const SUMMARY = 'place, attempt, name, first, points, lowest, highest, last_step, last_value';

/** One walk over the pieces: those of one series come one after the other. */
export function findMetrics(connection: SqliteConnection, id: string, { index, name, points = false }: MetricFilter): readonly MetricSeries[] {
  const run = runNumber(connection, id);
  if (run === undefined) return [];
  const conditions = ['run = ?', ...(index === undefined ? [] : ['place = ?']), ...(name === undefined ? [] : ['name = ?'])];
  const values: SqlValue[] = [run, ...(index === undefined ? [] : [index]), ...(name === undefined ? [] : [name])];
  const columns = points ? `${SUMMARY}, first_step, steps, floats` : SUMMARY;
  const sql = `SELECT ${columns} FROM metric WHERE ${conditions.join(' AND ')} ORDER BY place, attempt, name, first`;
  return allSeriesOf(connection.prepare(sql).all(values), points);
}

/** Of pieces in order. */
export function allSeriesOf(pieces: readonly SqlRow[], points: boolean): readonly MetricSeries[] {
  const found: MetricSeries[] = [];
  for (let from = 0; from < pieces.length; ) {
    let to = from + 1;
    while (to < pieces.length && isSameSeries(pieces[from] as SqlRow, pieces[to] as SqlRow)) to += 1;
    found.push(seriesOf(pieces.slice(from, to), points));
    from = to;
  }
  return found;
}

function isSameSeries(a: SqlRow, b: SqlRow): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
}

function seriesOf(pieces: readonly SqlRow[], withPoints: boolean): MetricSeries {
  const last = pieces.at(-1) as SqlRow;
  const bounds = finiteRange(pieces.flatMap((piece) => [piece[5], piece[6]]).filter((bound) => typeof bound === 'number'));
  return {
    index: last[0] as number,
    attempt: last[1] as number,
    name: last[2] as string,
    count: pieces.reduce((sum, piece) => sum + (piece[4] as number), 0),
    last: { step: last[7] as number, value: Number(last[8]) },
    ...bounds,
    ...(withPoints ? { points: { steps: pieces.flatMap(stepsOf), values: pieces.flatMap((piece) => numbersOf(piece[11] as Uint8Array)) } } : {}),
  };
}

function stepsOf(piece: SqlRow): readonly number[] {
  const stored = piece[10] as Uint8Array | null;
  const first = piece[9] as number;
  return stored === null ? Array.from({ length: piece[4] as number }, (_, at) => first + at) : numbersOf(stored);
}

const PROGRESS_OF_RUN = 'SELECT place, attempt, fraction, message, at FROM progress WHERE run = ?';

/** By place of the task run. @param among of these alone; of all where it is not given */
export function findProgress(
  connection: SqliteConnection,
  run: number,
  among?: readonly Pick<TaskRunDetails, 'index'>[],
): ReadonlyMap<number, NonNullable<TaskRunDetails['progress']>> {
  if (among === undefined) return progressOf(connection.prepare(PROGRESS_OF_RUN).all([run]));
  const places = JSON.stringify(among.map(({ index }) => index));
  return progressOf(connection.prepare(`${PROGRESS_OF_RUN} AND place IN (SELECT value FROM json_each(?))`).all([run, places]));
}

/** Of rows of place, attempt, fraction, message and time. */
export function progressOf(found: readonly SqlRow[]): ReadonlyMap<number, NonNullable<TaskRunDetails['progress']>> {
  return new Map(
    found.map(([place, attempt, fraction, message, at]) => [
      place as number,
      { attempt: attempt as number, fraction: fraction as number, message: (message as string | null) ?? undefined, at: at as number },
    ]),
  );
}

function areConsecutive(steps: readonly number[]): boolean {
  const [first = 0] = steps;
  return steps.every((step, at) => step === first + at);
}

const BYTES_EACH = 8;

function floats(values: readonly number[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(values.length * BYTES_EACH);
  for (let at = 0; at < values.length; at += 1) bytes.writeDoubleLE(values[at] as number, at * BYTES_EACH);
  return bytes;
}

function numbersOf(stored: Uint8Array): number[] {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  return Array.from({ length: bytes.length / BYTES_EACH }, (_, at) => bytes.readDoubleLE(at * BYTES_EACH));
}

function textOf(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
