import { MillraceError } from '../base/error.js';
import { OWN_FOLDERS } from '../base/own-files.js';
import { graphOfRun } from '../engine/graph-data.js';
import { foldMaps, shownMapState } from '../engine/map-fold.js';
import { createGraph } from '../graph/draw/view.js';
import type { ErrorInfo } from '../model/event.js';
import type { RunRow } from '../model/records.js';
import { TASK_DEFAULTS } from '../model/task-definition.js';
import type { RunArtifact, TaskRunDetails } from '../runs/run-record.js';
import { sideResultsOf } from '../runs/side-results.js';
import { withOrigins } from '../runs/with-origins.js';
import { artifactViews, placeOfGiven } from './artifact-views.js';
import { formerCodes } from './former-code.js';
import type { Markup } from './html.js';
import { logColumns } from './log-columns.js';
import { metricSeries } from './metric-series.js';
import type { ReportData, RunSources, TaskCode, ValueView } from './report-data.js';
import { LARGEST_VALUE, type ReportSource } from './report-source.js';
import { declaredTasks, runSources } from './run-sources.js';
import { codeOfTasks } from './task-code.js';
import { TaskPacker } from './task-columns.js';
import { unreadable, valuesOf } from './task-values.js';
import { viewOf } from './value-view.js';

/** All that a page is made of: the data for its script, and what stands in it before any script has run. */
export interface Gathered {
  readonly data: ReportData;
  readonly run: RunRow;
  readonly rows: readonly TaskRunDetails[];
  /** The drawing, or why there is none. */
  readonly graph: { readonly svg: string } | { readonly why: string };
  /** What the run gave; undefined where it gave nothing yet. */
  readonly result: ValueView | undefined;
  /** Markup that the page's script takes up where it is looked at, by id. */
  readonly templates: ReadonlyMap<string, Markup>;
}

/** Everything a report tells about a run, from one look at the record. @param withSources with the texts of its source files */
export async function gatherReport(source: ReportSource, run: RunRow, madeAt: number, withSources = true): Promise<Gathered> {
  const { record } = source;
  const rows = shownStates(await withOrigins(record, await record.taskRuns(run.id)));
  const packer = new TaskPacker(rows, run.createdAt);
  const places = new Map(rows.map(({ id }, place) => [id, place]));
  const [values, logs, code, sources, graph, result] = [
    await valuesOf(source, rows),
    await logColumns(record, run.id, run.createdAt, (id) => places.get(id)),
    await codeOfTasks(record, run.id, rows),
    withSources ? await runSources(record, run) : undefined,
    await drawingOf(run, rows),
    await resultOf(source, run),
  ];
  const former = sources === undefined ? { all: [], of: {} } : await formerCodes(record, run, rows, code);
  const placeOf = placeOfGiven(packer.places);
  const given = await sideResultsOf(record, run.id, rows, { points: true });
  const idOf = (index: number): string => (index < 0 ? '' : `/${rows[packer.places.get(index) ?? -1]?.id}`);
  const command = ({ index, name }: RunArtifact): string => `millrace inspect '${run.id}${idOf(index)}' --artifact ${name} -o <file>`;
  const { artifacts, templates } = await artifactViews(source, given.artifacts, placeOf, command);
  const data: ReportData = {
    madeAt,
    run: {
      id: run.id,
      flow: run.flow,
      state: run.state,
      createdAt: run.createdAt,
      start: packer.time(run.startedAt),
      end: packer.time(run.finishedAt),
    },
    tasks: packer.tasks(values),
    attempts: packer.attempts(),
    logs,
    code: codeByText(withDeclared(code, rows, sources), packer),
    ...(sources === undefined ? {} : { sources }),
    formerCode: former.all,
    madeWith: former.of,
    metrics: metricSeries(given.metrics, placeOf),
    artifacts,
    errors: packer.errors,
    texts: packer.pool.texts,
  };
  return { data, run, rows, graph, result, templates };
}

/** Maps in the state that commands and drawings show them in. */
function shownStates(rows: readonly TaskRunDetails[]): readonly TaskRunDetails[] {
  const { maps } = foldMaps(rows);
  return rows.map((row) => ({ ...row, state: shownMapState(row.state, maps.get(row.index)?.states ?? {}) }));
}

async function drawingOf(run: RunRow, rows: readonly TaskRunDetails[]): Promise<Gathered['graph']> {
  if (rows.length === 0) return { why: run.finishedAt === undefined ? 'No task run is recorded yet.' : 'No task was called.' };
  try {
    return { svg: await createGraph(graphOfRun(run.flow, rows)).toSvg() };
  } catch (error) {
    if (error instanceof MillraceError) return { why: `${error.message}.` };
    throw error;
  }
}

async function resultOf({ keeper }: ReportSource, { result }: RunRow): Promise<ValueView | undefined> {
  if (result === undefined) return undefined;
  if (result.bytes > LARGEST_VALUE) return { kind: 'none', why: 'it is too large to be shown here' };
  const [loaded] = await keeper.loadMany([{ artifacts: [{ name: '', ref: result }], definition: TASK_DEFAULTS }]);
  if (loaded === undefined) return undefined;
  return 'error' in loaded ? unreadable(loaded.error) : viewOf(loaded.value);
}

/** Tasks whose code did not count are shown as they are declared. */
function withDeclared(
  code: ReadonlyMap<string, TaskCode>,
  rows: readonly TaskRunDetails[],
  sources: RunSources | undefined,
): ReadonlyMap<string, TaskCode> {
  if (sources === undefined) return code;
  const others = new Set(rows.map(({ task }) => task).filter((task) => !code.has(task)));
  return new Map([...code, ...declaredTasks(others, sources)]);
}

function codeByText(code: ReadonlyMap<string, TaskCode>, packer: TaskPacker): Record<number, TaskCode> {
  return Object.fromEntries([...code].map(([task, known]) => [packer.pool.add(task), known]));
}

/** Frames of the platform, of packages and of Millrace itself. */
const NOT_OURS: readonly string[] = ['node:', '/node_modules/', ...OWN_FOLDERS];

/** Where an error comes from: the first frame of the user's in its stack, or in that of its innermost cause. */
export function placeOf(error: ErrorInfo): string | undefined {
  const inner = error.cause === undefined ? undefined : placeOf(error.cause);
  if (inner !== undefined) return inner;
  for (const line of error.stack?.split('\n') ?? []) {
    const found = /^\s+at (?:.*\()?((?:file:\/\/)?[^()]*:\d+:\d+)\)?$/.exec(line)?.[1];
    const path = found?.replace(/^file:\/\//, '');
    if (path !== undefined && !NOT_OURS.some((part) => path.includes(part))) return path;
  }
  return undefined;
}
