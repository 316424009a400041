import { formatMs } from '../log/format-ms.js';
import { terminalText } from '../log/terminal-text.js';
import { BODY_PLACE, PARAMETERS_PLACE } from '../model/records.js';
import type { MetricSeries, RunArtifact, RunRecord, TaskRunDetails } from '../runs/run-record.js';
import { type SideResults, type SideResultsFilter, sideResultsOf } from '../runs/side-results.js';
import { formatBytes } from './amounts.js';
import type { ReportStyle } from './report-style.js';
import { type Column, formatTable } from './table.js';

/** What a task run gave; of a map, what its children did. */
export async function givenIn(
  record: RunRecord,
  run: string,
  { id, index }: TaskRunDetails,
  taskRuns: readonly TaskRunDetails[],
  filter: Omit<SideResultsFilter, 'index'>,
): Promise<SideResults> {
  const inside = taskRuns.filter((one) => one.id.startsWith(`${id}[`));
  if (inside.length === 0) return await sideResultsOf(record, run, taskRuns, { ...filter, index });
  const all = await sideResultsOf(record, run, inside, filter);
  const isInside = (row: { readonly index: number }): boolean => row.index >= 0;
  return { artifacts: all.artifacts.filter(isInside), metrics: all.metrics.filter(isInside) };
}

/** Rows of either list that a page shows; all are in `--json`. */
const SHOWN = 50;

/** Artifacts and metrics as blocks of a page. `nameAt`: who gave them, where that is not plain. */
export function sideBlocks({ artifacts, metrics }: SideResults, style: ReportStyle, nameAt?: (index: number) => string): readonly string[] {
  const giver = nameAt === undefined ? [] : [{ title: 'of' }];
  const givenBy = (index: number): readonly string[] => (nameAt === undefined ? [] : [terminalText(nameAt(index))]);
  const artifactRows = artifacts.map((row) => [terminalText(row.name), ...givenBy(row.index), row.kind, formatBytes(row.ref.bytes), row.contentType]);
  const metricRows = metrics.map((row) => [terminalText(row.name), ...givenBy(row.index), ...metricCells(row)]);
  return [
    block([{ title: 'artifact' }, ...giver, { title: 'kind' }, { title: 'bytes', align: 'right' }, { title: 'type' }], artifactRows, style),
    block([{ title: 'metric' }, ...giver, ...METRIC_COLUMNS], metricRows, style),
  ].filter((text) => text !== '');
}

const METRIC_COLUMNS: readonly Column[] = ['last', 'at step', 'min', 'max', 'points'].map((title) => ({ title, align: 'right' }));

function metricCells({ last, min, max, count }: MetricSeries): readonly string[] {
  return [numberText(last.value), numberText(last.step), numberText(min), numberText(max), String(count)];
}

/** Six digits tell curves apart. */
function numberText(value: number | undefined): string {
  if (value === undefined) return '';
  return Number.isSafeInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

function block(columns: readonly Column[], rows: readonly (readonly string[])[], { colours, width }: ReportStyle): string {
  if (rows.length === 0) return '';
  const table = formatTable(columns, rows.slice(0, SHOWN), { width, paintTitle: colours.dim });
  return rows.length > SHOWN ? `${table}\n${colours.dim(`and ${rows.length - SHOWN} more: --json lists them`)}` : table;
}

/** What the place of an artifact is called. */
export function placeNames(taskRuns: readonly TaskRunDetails[]): (index: number) => string {
  const ids = new Map(taskRuns.map(({ index, id }) => [index, id]));
  return (index) => (index === BODY_PLACE ? '(the flow)' : index === PARAMETERS_PLACE ? '(a parameter)' : (ids.get(index) ?? `#${index}`));
}

/** `40 % reading part 3 (2.0 s ago)`; undefined for a task run that says nothing, or is over. */
export function progressText({ progress, state }: TaskRunDetails, now: number): string | undefined {
  if (progress === undefined || state !== 'running') return undefined;
  const message = progress.message === undefined ? '' : ` ${progress.message}`;
  return terminalText(`${Math.round(progress.fraction * 100)} %${message} (${formatMs(now - progress.at)} ago)`);
}

/** For `--json`: JSON has no word for NaN. */
export function jsonSideResults({ artifacts, metrics }: SideResults, nameAt: (index: number) => string): object {
  return {
    runArtifacts: artifacts.map((row: RunArtifact) => ({ of: nameAt(row.index), ...row })),
    metrics: metrics.map((row) => ({ of: nameAt(row.index), ...row, last: { ...row.last, value: jsonNumber(row.last.value) } })),
  };
}

export function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
