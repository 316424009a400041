import { inspect } from 'node:util';
import { terminalText } from '../log/terminal-text.js';
import type { RunRow } from '../model/records.js';
import type { TaskRunDetails } from '../runs/run-record.js';
import { formatAgo, formatBytes, formatSpan, formatTime } from './amounts.js';
import type { Colours } from './colours.js';
import { formatError } from './errors.js';
import type { ValuePreview } from './open-record.js';
import { paintState } from './state-colour.js';
import { type Column, formatPairs, formatTable } from './table.js';

export interface ReportStyle {
  readonly colours: Colours;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Undefined: nothing is cut. */
  readonly width: number | undefined;
}

const COLUMNS: readonly Column[] = [
  { title: 'task' },
  { title: 'state' },
  { title: 'tries', align: 'right' },
  { title: 'took', align: 'right' },
  { title: 'result', align: 'right' },
  { title: 'why' },
];

/** A run on one page: who and when, its parameters, its tasks. */
export function runReport(run: RunRow, taskRuns: readonly TaskRunDetails[], result: ValuePreview | undefined, style: ReportStyle): string {
  const { colours, now, width } = style;
  const started = run.startedAt ?? run.createdAt;
  const header = formatPairs(
    [
      ['run', colours.bold(run.id)],
      ['flow', terminalText(run.flow)],
      ['name', run.name === undefined ? undefined : terminalText(run.name)],
      ['state', paintState(run.state, colours)],
      ['started', `${formatTime(started)} ${colours.dim(`(${formatAgo(started, now)})`)}`],
      ['took', formatSpan(run.startedAt, run.finishedAt, now)],
      ['tags', run.tags.map(terminalText).join(', ')],
      ['parameters', parametersOf(run, colours)],
      ['resumes', run.originRun],
      ['started by', run.parentRun],
      ['process', `${run.owner.pid} on ${terminalText(run.owner.host)}`],
    ],
    colours.dim,
  );
  const blocks = [header];
  if (run.error) blocks.push(formatError(run.error, { colours }));
  const rows = taskRuns.map((taskRun) => taskRow(taskRun, style));
  if (rows.length > 0) blocks.push(formatTable(COLUMNS, rows, { width, paintTitle: colours.dim }));
  if (result) blocks.push(`${colours.dim('result')}\n${shownValue(result, colours)}`);
  return blocks.join('\n\n');
}

function parametersOf(run: RunRow, colours: Colours): string {
  return Object.entries(run.params)
    .map(([name, text]) => `${terminalText(name)} ${colours.dim('=')} ${terminalText(text)}`)
    .join('\n');
}

function taskRow(taskRun: TaskRunDetails, { colours, now }: ReportStyle): readonly string[] {
  const bytes = taskRun.artifacts.reduce((sum, artifact) => sum + artifact.ref.bytes, 0);
  return [
    terminalText(taskRun.label === undefined ? taskRun.id : `${taskRun.id} (${taskRun.label})`),
    paintState(taskRun.state, colours),
    taskRun.attempts === 0 ? '' : String(taskRun.attempts),
    formatSpan(taskRun.startedAt, taskRun.finishedAt, now),
    taskRun.artifacts.length === 0 ? '' : formatBytes(bytes),
    terminalText(taskRun.error?.message ?? reasonOf(taskRun)),
  ];
}

/** A stored value as people read it, shortened; or why it cannot be shown. */
export function shownValue(preview: ValuePreview, colours: Colours): string {
  if (!preview.found) return terminalText(preview.why);
  return inspect(preview.value, { depth: 4, maxArrayLength: 10, maxStringLength: 300, breakLength: 100, colors: colours.isColorSupported });
}

/** Why it ran, or where its result was taken from. */
export function reasonOf({ reason, origin }: Pick<TaskRunDetails, 'reason' | 'origin'>): string {
  if (reason) return reason.kind.replaceAll('-', ' ') + (reason.detail === undefined ? '' : `: ${reason.detail}`);
  return origin ? `from run ${origin.run}` : '';
}
