import type { MetricFilter, RecordBatch } from '../run-record.js';
import { replacing } from '../sqlite/insert.js';
import { ARTIFACT_COLUMNS, METRIC_COLUMNS, PROGRESS_COLUMNS, putMetric, putProgress, putRunArtifact, SUMMARY } from '../sqlite/side-results.js';
import type { SqlValue } from '../sqlite/statement.js';
import { inserted, insertInto } from './insert.js';
import { NUMBER, selection } from './look-ups.js';
import type { Sql } from './session.js';

/** What tasks give beside their results: artifacts, metrics, progress. */

const ARTIFACTS = insertInto('run_artifact', ARTIFACT_COLUMNS, replacing(['run', 'place', 'attempt', 'name'], ARTIFACT_COLUMNS));
const METRICS = insertInto('metric', METRIC_COLUMNS, 'DO NOTHING');
const PROGRESS = insertInto('progress', PROGRESS_COLUMNS, replacing(['run', 'place'], PROGRESS_COLUMNS));

/** Inside a transaction. Writing the same again changes nothing. Of two for one row the last counts, since a statement may write it once. */
export function sideResults(run: number, { runArtifacts = [], metrics = [], progress = [] }: RecordBatch): readonly Sql[] {
  const artifacts = new Map(runArtifacts.map((row) => [`${row.index} ${row.attempt} ${row.name}`, row]));
  const said = new Map(progress.map((row) => [row.index, row]));
  return [
    ...inserted(ARTIFACTS, [...artifacts.values()], (into, row) => putRunArtifact(into, run, row)),
    ...inserted(METRICS, metrics, (into, row) => putMetric(into, run, row)),
    ...inserted(PROGRESS, [...said.values()], (into, row) => putProgress(into, run, row)),
  ];
}

/** For `runArtifactOf`. */
export function runArtifactsAsked(run: string, { index }: { readonly index?: number }): Sql {
  const select = `SELECT ${selection('a', ARTIFACT_COLUMNS)} FROM run_artifact a WHERE run = ${NUMBER}`;
  const order = 'ORDER BY place, attempt, name';
  return index === undefined ? [`${select} ${order}`, run] : [`${select} AND place = ? ${order}`, run, index];
}

/** For `allSeriesOf`. */
export function metricsAsked(run: string, { index, name, points = false }: MetricFilter): Sql {
  const conditions = [`run = ${NUMBER}`, ...(index === undefined ? [] : ['place = ?']), ...(name === undefined ? [] : ['name = ?'])];
  const values: SqlValue[] = [run, ...(index === undefined ? [] : [index]), ...(name === undefined ? [] : [name])];
  const columns = points ? `${SUMMARY}, first_step, steps, floats` : SUMMARY;
  return [`SELECT ${columns} FROM metric WHERE ${conditions.join(' AND ')} ORDER BY place, attempt, name, first`, ...values];
}
