import { shownMapState } from '../engine/map-fold.js';
import { formatMs } from '../log/format-ms.js';
import { createLines } from '../log/lines.js';
import { terminalText } from '../log/terminal-text.js';
import type { AttemptRow, LogRow, RunRow } from '../model/records.js';
import type { TaskState } from '../model/states.js';
import type { TaskRunDetails } from '../runs/run-record.js';
import type { SideResults } from '../runs/side-results.js';
import { formatBytes, formatSpan, formatTime } from './amounts.js';
import type { ValuePreview } from './open-record.js';
import type { ReportStyle } from './report-style.js';
import { reasonOf, shownValue } from './run-report.js';
import { failureBlock } from './run-summary.js';
import { placeNames, progressText, sideBlocks } from './side-report.js';
import { paintState } from './state-colour.js';
import { formatPairs, formatTable } from './table.js';

export interface TaskReportFacts {
  readonly run: RunRow;
  readonly taskRun: TaskRunDetails;
  /** All of the run: edges name their places. */
  readonly taskRuns: readonly TaskRunDetails[];
  readonly value: ValuePreview | undefined;
  /** What it gave beside its result. */
  readonly sideResults?: SideResults;
  readonly logs: readonly LogRow[];
  /** There are earlier lines, which `logs` leaves out. */
  readonly hasMoreLogs: boolean;
}

/** One task run on one page: its attempts, what went in, what came out, and the end of its log. */
export function taskReport(facts: TaskReportFacts, style: ReportStyle): string {
  const { taskRun } = facts;
  const blocks = [header(facts, style)];
  if (taskRun.error)
    blocks.push(failureBlock({ node: taskRun.id, state: taskRun.state, attempts: taskRun.attempts, error: taskRun.error }, style.colours));
  blocks.push(
    attempts(taskRun, style),
    checks(taskRun, style),
    inputs(taskRun, style),
    artifacts(taskRun, style),
    ...(facts.sideResults ? sideBlocks(facts.sideResults, style, giversOf(facts)) : []),
    value(facts.value, style),
    log(facts, style),
  );
  return blocks.filter((block) => block !== '').join('\n\n');
}

/** Of a map, which of its children gave what. */
function giversOf({ taskRun, taskRuns, sideResults }: TaskReportFacts): ((index: number) => string) | undefined {
  const isItsOwn = [...(sideResults?.artifacts ?? []), ...(sideResults?.metrics ?? [])].every(({ index }) => index === taskRun.index);
  return isItsOwn ? undefined : placeNames(taskRuns);
}

function header({ run, taskRun, taskRuns }: TaskReportFacts, { colours, now }: ReportStyle): string {
  const nameAt = (index: number): string => taskRuns.find((one) => one.index === index)?.id ?? `#${index}`;
  const upstream = taskRun.upstream.map((edge) => nameAt(edge.from) + (edge.kind === 'data' ? '' : ` (${edge.kind})`));
  const parent = taskRun.parent === undefined ? undefined : nameAt(taskRun.parent);
  return formatPairs(
    [
      ['task run', colours.bold(terminalText(taskRun.id))],
      ['label', taskRun.label === undefined ? undefined : terminalText(taskRun.label)],
      ['run', `${run.id} of ${terminalText(run.flow)}`],
      ['inside', parent === undefined ? undefined : terminalText(parent)],
      ['state', paintState(shownState(taskRun, taskRuns), colours)],
      ['why', terminalText(reasonOf(taskRun))],
      ['started', taskRun.startedAt === undefined ? undefined : formatTime(taskRun.startedAt)],
      ['took', formatSpan(taskRun.startedAt, taskRun.finishedAt, now)],
      ['progress', progressText(taskRun, now)],
      ['after', terminalText([...new Set(upstream)].join(', '))],
      ['cache key', taskRun.cacheKey],
    ],
    colours.dim,
  );
}

/** Of a map whose children were all reused: it was, as the page of its run says. */
function shownState({ id, index, state }: TaskRunDetails, taskRuns: readonly TaskRunDetails[]): TaskState {
  const children = taskRuns.filter(({ parent, id: child }) => parent === index && child.startsWith(`${id}[`));
  return shownMapState(state, Object.fromEntries(children.map((child) => [child.state, 1])));
}

function attempts({ attemptRows }: TaskRunDetails, { colours, now, width }: ReportStyle): string {
  if (attemptRows.length === 0) return '';
  const rows = attemptRows.map((row) => [
    String(row.attempt),
    paintState(row.state, colours),
    formatSpan(row.startedAt, row.finishedAt, now),
    changesOf(row),
    terminalText(row.error?.message ?? ''),
  ]);
  return formatTable(
    [{ title: 'attempt', align: 'right' }, { title: 'state' }, { title: 'took', align: 'right' }, { title: 'changes' }, { title: '' }],
    rows,
    {
      width,
      paintTitle: colours.dim,
    },
  );
}

/** What the checks of its result said (A10). */
function checks({ checks: results = [] }: TaskRunDetails, { colours, width }: ReportStyle): string {
  if (results.length === 0) return '';
  const rows = results.map(({ name, severity, passed, message }) => [
    terminalText(name),
    passed ? colours.green('passed') : severity === 'warn' ? colours.yellow('warned') : colours.red('failed'),
    terminalText(message ?? ''),
  ]);
  return formatTable([{ title: 'check' }, { title: 'said' }, { title: '' }], rows, { width, paintTitle: colours.dim });
}

/** `queued@-12.5 running@0 success@80` as `queued → running after 13 ms → success after 93 ms`: people count from the first change. */
export function changesOf({ changes }: Pick<AttemptRow, 'changes'>): string {
  const told = changes.split(' ').filter((change) => change !== '');
  const timeOf = (change: string | undefined): number => Number(change?.split('@')[1] ?? 0);
  const first = timeOf(told[0]);
  return told
    .map((change, place) => {
      const [state = ''] = change.split('@');
      return place === 0 ? state : `${state} after ${formatMs(timeOf(change) - first)}`;
    })
    .join(' → ');
}

function inputs({ inputs: given }: TaskRunDetails, { colours, width }: ReportStyle): string {
  const rows = Object.entries(given ?? {}).map(([name, { digest, shown }]) => [terminalText(name), terminalText(shown ?? ''), digest]);
  return rows.length === 0
    ? ''
    : formatTable([{ title: 'input' }, { title: 'value' }, { title: 'digest' }], rows, { width, paintTitle: colours.dim });
}

function artifacts({ artifacts: stored }: TaskRunDetails, { colours, width }: ReportStyle): string {
  if (stored.length === 0) return '';
  const rows = stored.map(({ name, ref }) => [
    terminalText(name) || '(whole)',
    ref.format,
    formatBytes(ref.bytes),
    terminalText(ref.uri),
    ref.contentDigest.slice(0, 16),
    ref.valueDigest.slice(0, 16),
  ]);
  const titles = ['result', 'format', 'bytes', 'address', 'content digest', 'value digest'];
  return formatTable(
    titles.map((title) => ({ title, align: title === 'bytes' ? ('right' as const) : ('left' as const) })),
    rows,
    { width, paintTitle: colours.dim },
  );
}

function value(preview: ValuePreview | undefined, { colours }: ReportStyle): string {
  return preview === undefined ? '' : `${colours.dim('value')}\n${shownValue(preview, colours)}`;
}

function log({ run, logs, hasMoreLogs }: TaskReportFacts, { colours }: ReportStyle): string {
  if (logs.length === 0) return '';
  const lines = createLines({ flow: run.flow, run: run.id, colour: colours.isColorSupported, level: 'debug' });
  const shown = logs.flatMap((row) => lines({ at: new Date(row.at), type: 'log', data: row, ...(row.node === undefined ? {} : { node: row.node }) }));
  const title = hasMoreLogs ? `log (last ${logs.length} lines; all with millrace logs)` : 'log';
  return [colours.dim(title), ...shown].join('\n');
}
