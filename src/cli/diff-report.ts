import { structuredPatch } from 'diff';
import type { Change, FileDifference } from '../code/compare-packages.js';
import { formatMs } from '../log/format-ms.js';
import { terminalText } from '../log/terminal-text.js';
import type { RunDifference, RunSide, TaskRunDifference } from '../runtime/past/compare-runs.js';
import { formatTime } from './amounts.js';
import type { Colours } from './colours.js';
import type { RunReportStyle } from './run-report.js';
import { paintState } from './state-colour.js';
import { formatTable } from './table.js';

/** So many task runs, and lines of one declaration, are shown unless all are asked for. */
const LISTED = 20;
const LINES = 24;
/** Lines shown before and after those that differ. */
const AROUND = 2;

/** What differs between two runs, on one page. */
export function diffReport(difference: RunDifference, style: RunReportStyle): string {
  const { colours } = style;
  const titled = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [[colours.bold(title), ...lines.map((line) => (line === '' ? '' : `  ${line}`))].join('\n')];
  return [
    headOf(difference.runs, style),
    ...titled(
      'Parameters',
      difference.params.map((change) => changeLine(change, colours)),
    ),
    ...titled('Code', codeLines(difference, style)),
    ...titled('Tasks', taskLines(difference, style)),
    ...titled('Task runs', taskRunLines(difference, style)),
  ].join('\n\n');
}

function headOf(runs: readonly [RunSide, RunSide], { colours, width }: RunReportStyle): string {
  const [before, after] = runs;
  const row = (title: string, of: (side: RunSide) => string): readonly string[] => [colours.dim(title), of(before), of(after)];
  const rows = [
    row('flow', ({ flow }) => terminalText(flow)),
    row('state', ({ state }) => paintState(state, colours)),
    row('created', ({ createdAt }) => formatTime(createdAt)),
    row('took', ({ ms }) => (ms === undefined ? '' : formatMs(ms))),
  ];
  return formatTable([{ title: 'run' }, { title: before.id }, { title: after.id }], rows, { width, paintTitle: colours.bold });
}

function changeLine({ name, before, after }: Change, colours: Colours): string {
  const [was, is] = [before, after].map((text) => (text === undefined ? colours.dim('none') : terminalText(text)));
  return `${terminalText(name)}  ${was} -> ${is}`;
}

function codeLines({ code, runs }: RunDifference, style: RunReportStyle): readonly string[] {
  const { colours } = style;
  if (code === undefined) return runs.filter(({ hasCode }) => !hasCode).map(({ id }) => `no code is kept with run ${id}`);
  if (code.files.length === 0 && code.packages.length === 0) return [colours.dim('the same')];
  return [...code.files.flatMap((file) => fileLines(file, style)), ...code.packages.map((change) => `package ${changeLine(change, colours)}`)];
}

function fileLines({ path, kind, declarations, text }: FileDifference, style: RunReportStyle): readonly string[] {
  const { colours } = style;
  const title = `${colours.bold(terminalText(path))} ${colours.dim(kind)}`;
  if (text !== undefined) return [title, ...hunks(text, style)];
  if (declarations === undefined) return [title];
  if (declarations.length === 0) return [`${title}${colours.dim(': only comments, formatting, types or imports')}`];
  return [title, ...declarations.flatMap((change) => [`  ${terminalText(change.name)} ${colours.dim(howOf(change))}`, ...hunks(change, style)])];
}

function howOf({ before, after }: Change): string {
  if (before === undefined) return 'added';
  return after === undefined ? 'removed' : 'changed';
}

/** Lines that go and come, with what is around them. */
function hunks({ before = '', after = '' }: Omit<Change, 'name'>, { colours, all }: RunReportStyle): readonly string[] {
  const { hunks: found } = structuredPatch('', '', withEnd(before), withEnd(after), '', '', { context: AROUND, stripTrailingCr: true });
  const shown = found.flatMap(({ lines }, at) => [...(at === 0 ? [] : [colours.dim('    …')]), ...lines.map((line) => hunkLine(line, colours))]);
  return cut(shown, all ? undefined : LINES, colours);
}

function hunkLine(line: string, { red, green, dim }: Colours): string {
  const paint = line.startsWith('-') ? red : line.startsWith('+') ? green : dim;
  return paint(`    ${line[0]} ${terminalText(line.slice(1))}`);
}

/** Whether a file ends with a new line is not told. */
function withEnd(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function cut(lines: readonly string[], most: number | undefined, { dim }: Colours): readonly string[] {
  if (most === undefined || lines.length <= most + 1) return lines;
  return [...lines.slice(0, most), dim(`      and ${lines.length - most} more lines: --all shows them`)];
}

function taskLines({ tasks }: RunDifference, { colours, width }: RunReportStyle): readonly string[] {
  if (tasks.length === 0) return [];
  const rows = tasks.map(({ task, count, ms }) => [terminalText(task), ...count.map(String), ...ms.map(formatMs)]);
  const right = { align: 'right' } as const;
  const columns = [{ title: 'task' }, { title: 'runs', ...right }, { title: '', ...right }, { title: 'took', ...right }, { title: '', ...right }];
  return formatTable(columns, rows, { width: width === undefined ? undefined : width - 2, paintTitle: colours.dim }).split('\n');
}

function taskRunLines({ taskRuns, same }: RunDifference, style: RunReportStyle): readonly string[] {
  const { colours, all } = style;
  if (taskRuns.length === 0 && same === 0) return [];
  const listed = all ? taskRuns : taskRuns.slice(0, LISTED);
  const left = taskRuns.length - listed.length;
  return [
    ...listed.flatMap((one) => taskRunBlock(one, colours)),
    ...(left > 0 ? [colours.dim(`and ${left} more that differ: --all lists them`)] : []),
    colours.dim(`${same} with the same outcome, inputs and results`),
  ];
}

function taskRunBlock({ id, states: [before, after], ms, inputs, results }: TaskRunDifference, colours: Colours): readonly string[] {
  const state =
    before === after
      ? ''
      : ` ${before === undefined ? 'not there' : paintState(before, colours)} -> ${after === undefined ? 'not there' : paintState(after, colours)}`;
  const [was, is] = ms;
  const took = was === undefined || is === undefined ? '' : colours.dim(` ${formatMs(was)} -> ${formatMs(is)}`);
  return [
    `${terminalText(id)}${state}${took}`,
    ...inputs.map(({ name, ...change }) => `  input ${changeLine({ name, ...shortened(change) }, colours)}`),
    ...results.map(({ name, ...change }) => `  result${changeLine({ name: name === '' ? '' : ` ${name}`, ...shortened(change) }, colours)}`),
  ];
}

const SHOWN_DIGEST = 12;
const LONG_DIGEST = /^[0-9a-f]{32,}$/;

/** Of a digest its first characters; small values are shown as they are. */
function shortened({ before, after }: Omit<Change, 'name'>): Omit<Change, 'name'> {
  const shown = (text: string): string => (LONG_DIGEST.test(text) ? text.slice(0, SHOWN_DIGEST) : text);
  return { ...(before === undefined ? {} : { before: shown(before) }), ...(after === undefined ? {} : { after: shown(after) }) };
}
