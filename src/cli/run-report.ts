import { inspect } from 'node:util';
import { isMapOfNone, outermostMaps, shownMapState } from '../engine/map-fold.js';
import { terminalText } from '../log/terminal-text.js';
import { reasonWords } from '../model/reason-text.js';
import type { ForcedTasks, RunRow } from '../model/records.js';
import { isFinalTaskState, type TaskState } from '../model/states.js';
import { decodeText } from '../results/json.js';
import { ESCAPE_MARK } from '../results/json-escape.js';
import type { TaskRunDetails } from '../runs/run-record.js';
import type { SideResults } from '../runs/side-results.js';
import { formatAgo, formatBytes, formatSpan, formatTime } from './amounts.js';
import type { Colours } from './colours.js';
import { formatError } from './errors.js';
import { noteLines } from './notes.js';
import type { ValuePreview } from './open-record.js';
import type { ReportStyle } from './report-style.js';
import { placeNames, progressText, sideBlocks } from './side-report.js';
import { paintState } from './state-colour.js';
import { type Column, formatPairs, formatTable } from './table.js';

export interface RunReportStyle extends ReportStyle {
  /** Children of maps have lines of their own, instead of being counted by their map's. */
  readonly all: boolean;
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
export function runReport(
  run: RunRow,
  taskRuns: readonly TaskRunDetails[],
  result: ValuePreview | undefined,
  style: RunReportStyle,
  sideResults?: SideResults,
): string {
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
      ['system', (run.systemTags ?? []).map(terminalText).join(', ')],
      ['notes', noteLines(run.notes ?? [])],
      ['parameters', parametersOf(run, colours)],
      ['resumes', run.originRun],
      ['forced', run.forced && terminalText(forcedText(run.forced))],
      ['only', run.only?.map(terminalText).join(', ')],
      ['started by', run.parentRun],
      ['process', `${run.owner.pid} on ${terminalText(run.owner.host)}`],
    ],
    colours.dim,
  );
  const blocks = [header];
  if (run.error) blocks.push(formatError(run.error, { colours }));
  const maps = style.all ? new Map<number, number>() : outermostMaps(taskRuns);
  const children = childrenOf(taskRuns, maps);
  const rows = taskRuns
    .filter(({ index }) => !maps.has(index))
    .map((taskRun) => {
      const own = children.get(taskRun.index);
      return own === undefined ? taskRow(taskRun, style) : mapRow(taskRun, own, style);
    });
  if (rows.length > 0) blocks.push(formatTable(COLUMNS, rows, { width, paintTitle: colours.dim }));
  if (maps.size > 0) blocks.push(colours.dim(`${maps.size} task runs in maps are counted only: --all lists them`));
  if (sideResults) blocks.push(...sideBlocks(sideResults, style, placeNames(taskRuns)));
  if (result) blocks.push(`${colours.dim('result')}\n${shownValue(result, colours)}`);
  return blocks.join('\n\n');
}

/** What the run was told to execute whatever there is. */
function forcedText({ all, downstream, only }: ForcedTasks): string {
  if (all) return 'every task';
  return [...downstream.map((name) => `${name} and all downstream`), ...only].join(', ');
}

function parametersOf(run: RunRow, colours: Colours): string {
  return Object.entries(run.params)
    .map(([name, text]) => `${terminalText(name)} ${colours.dim('=')} ${shownText(text)}`)
    .join('\n');
}

function taskRow(taskRun: TaskRunDetails, { colours, now }: ReportStyle): readonly string[] {
  const bytes = taskRun.artifacts.reduce((sum, artifact) => sum + artifact.ref.bytes, 0);
  return [
    terminalText(taskRun.label === undefined ? taskRun.id : `${taskRun.id} (${taskRun.label})`) + (isMapOfNone(taskRun) ? ' <map>' : ''),
    paintState(taskRun.state, colours),
    taskRun.attempts === 0 ? '' : String(taskRun.attempts),
    formatSpan(taskRun.startedAt, taskRun.finishedAt, now),
    taskRun.artifacts.length === 0 ? '' : formatBytes(bytes),
    terminalText(taskRun.error?.message ?? checkRemark(taskRun) ?? progressText(taskRun, now) ?? reasonOf(taskRun)),
  ];
}

function childrenOf(taskRuns: readonly TaskRunDetails[], maps: ReadonlyMap<number, number>): ReadonlyMap<number, readonly TaskRunDetails[]> {
  const children = new Map<number, TaskRunDetails[]>();
  for (const taskRun of taskRuns) {
    const map = maps.get(taskRun.index);
    if (map === undefined || taskRun.parent !== map) continue;
    const siblings = children.get(map);
    if (siblings) siblings.push(taskRun);
    else children.set(map, [taskRun]);
  }
  return children;
}

/** A map in one line: how many children it has, how they ended, how often they were tried, and the time from the first start to the last end. */
function mapRow(map: TaskRunDetails, children: readonly TaskRunDetails[], { colours, now }: ReportStyle): readonly string[] {
  const states = new Map<TaskState, number>();
  let [tries, bytes, first, last] = [0, 0, Number.POSITIVE_INFINITY, 0];
  for (const { state, attempts, artifacts, startedAt, finishedAt } of children) {
    states.set(state, (states.get(state) ?? 0) + 1);
    tries += attempts;
    for (const { ref } of artifacts) bytes += ref.bytes;
    if (startedAt !== undefined) [first, last] = [Math.min(first, startedAt), Math.max(last, finishedAt ?? now)];
  }
  const failed = children.find(({ error, state }) => error !== undefined && state !== 'upstream-failed' && state !== 'skipped');
  const counts = [...states].map(([state, count]) => `${count} ${state}`).join(', ');
  return [
    // Those that nobody has begun with have no rows yet.
    `${terminalText(map.id)} <map> ×${children.length}${isFinalTaskState(map.state) ? '' : ' so far'}`,
    paintState(shownMapState(map.state, Object.fromEntries(states)), colours),
    tries === 0 ? '' : String(tries),
    first === Number.POSITIVE_INFINITY ? '' : formatSpan(first, last, now),
    bytes === 0 ? '' : formatBytes(bytes),
    failed?.error ? `${counts}; ${terminalText(`${failed.id}: ${failed.error.message}`)}` : counts,
  ];
}

/** Checks that only warned: those that failed a task are its error. */
function checkRemark({ checks }: TaskRunDetails): string | undefined {
  const warned = (checks ?? []).filter(({ passed }) => !passed);
  if (warned.length === 0) return undefined;
  return warned.map(({ name, message }) => `check '${name}' ${message === undefined ? 'did not pass' : `warns: ${message}`}`).join('; ');
}

/** A stored value as people read it, shortened; or why it cannot be shown. */
export function shownValue(preview: ValuePreview, colours: Colours): string {
  if (!preview.found) return terminalText(preview.why);
  return inspect(preview.value, { depth: 4, maxArrayLength: 10, maxStringLength: 300, breakLength: 100, colors: colours.isColorSupported });
}

/** A recorded text of a value: as it is where it is plain JSON, else as the value it stands for (`undefined`, a date). */
export function shownText(text: string): string {
  if (!text.includes(ESCAPE_MARK)) return terminalText(text);
  try {
    return terminalText(inspect(decodeText(text), { depth: 4, breakLength: Number.POSITIVE_INFINITY }));
  } catch {
    // A class that only the flow file knows.
    return terminalText(text);
  }
}

/** Why it ran, or where its result was taken from. */
export function reasonOf({ reason, origin, cacheKey }: Pick<TaskRunDetails, 'reason' | 'origin' | 'cacheKey'>): string {
  if (reason) return reasonWords(reason) + (reason.detail === undefined ? '' : `: ${reason.detail}`);
  if (origin === undefined) return '';
  // What no key answers for is there because the run resumes another.
  return `${cacheKey === undefined ? 'taken over ' : ''}from run ${origin.run}`;
}
