import { inspect } from 'node:util';
import { withoutTask } from '../log/event-text.js';
import { formatMs } from '../log/format-ms.js';
import { terminalText } from '../log/terminal-text.js';
import type { ErrorInfo } from '../model/event.js';
import { reasonWords, shortDetail } from '../model/reason-text.js';
import type { RunState } from '../model/states.js';
import type { Colours } from './colours.js';
import { originOf, sourceFrame } from './flow-file/source-frame.js';
import { countsLine } from './live-frame.js';
import type { FailedTask, RunProgress } from './run-progress.js';
import { formatPairs, formatTable } from './table.js';

export interface SummaryOptions {
  readonly run: string;
  readonly flow: string;
  readonly state: RunState;
  /** What the flow returned, when it succeeded. */
  readonly result: unknown;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly colours: Colours;
  /** The flow's file, as it was given: then it is told how to go on. */
  readonly file?: string;
}

const FAILURES_SHOWN = 5;
/** The slowest tasks are worth a line when there is something to compare. */
const SLOWEST_FROM = 3;
const SLOW_ENOUGH_MS = 10;
const RESULT_LENGTH = 600;

/** What is left on the screen when a run has ended: what failed and where, what was slow, and what to type next. */
export function runSummary(progress: RunProgress, options: SummaryOptions): string {
  const { colours } = options;
  const blocks = [...failureBlocks(progress, options), slowestBlock(progress, colours), totals(progress, options)];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function totals(progress: RunProgress, { run, flow, state, result, now, colours, file }: SummaryOptions): string {
  const paint = state === 'success' ? colours.green : state === 'cancelled' ? colours.yellow : colours.red;
  const lines = [`${paint(colours.bold(state))}  ${terminalText(flow)} ${colours.dim(`in ${formatMs(progress.elapsed(now))}`)}`];
  const [culprit] = progress.failed;
  const next = [`inspect ${shellWord(culprit === undefined ? run : `${run}/${terminalText(culprit.node)}`)}`];
  // What it has finished is not to be done again.
  if (state !== 'success' && file !== undefined) next.push(`resume ${shellWord(terminalText(file))} ${run}`);
  const pairs = [
    ['tasks', countsLine(progress, colours)],
    ['taken over', takenOverLines(progress)],
    ['maps', mapLines(progress, colours)],
    ['ran because', becauseLines(progress, colours)],
    ['result', state === 'success' ? shownResult(result, colours) : undefined],
    ['run', run],
    ['next', next.map((command) => colours.cyan(`millrace ${command}`)).join('\n')],
  ] as const;
  return [...lines, formatPairs(pairs, colours.dim)].join('\n');
}

/** To be copied as it stands: `r1/run report#0` is one word to us and two to a shell. */
function shellWord(text: string): string {
  return /^[\w/#.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `12 of run 20260101-120000-abcdef` */
function takenOverLines({ takenOver }: RunProgress): string {
  return [...takenOver].map(([run, count]) => `${count} of run ${run}`).join('\n');
}

const MAPS_SHOWN = 5;

/** `sq#0 ×200  193 done · 7 failed` */
function mapLines(progress: RunProgress, colours: Colours): string {
  const maps = [...progress.maps.values()];
  const lines = maps.slice(0, MAPS_SHOWN).map((map) => `${terminalText(map.node)} ×${map.total}  ${countsLine(map, colours)}`);
  if (maps.length > lines.length) lines.push(colours.dim(`and ${maps.length - lines.length} more`));
  return lines.join('\n');
}

/** `code changed ×12  src/lib.ts: normalise` */
function becauseLines(progress: RunProgress, colours: Colours): string {
  const lines = [...progress.ranBecause].map(({ count, reason }) => {
    const detail = shortDetail(reason);
    const others = count > 1 ? ` ×${count}` : '';
    return `${reasonWords(reason)}${others}${detail === undefined ? '' : colours.dim(`  ${terminalText(detail)}`)}`;
  });
  return lines.join('\n');
}

function shownResult(result: unknown, colours: Colours): string | undefined {
  if (result === undefined) return undefined;
  const text = inspect(result, { depth: 3, breakLength: 100, maxArrayLength: 10, maxStringLength: 200, colors: colours.isColorSupported });
  return text.length > RESULT_LENGTH ? `${text.slice(0, RESULT_LENGTH)}${colours.reset('')} …` : text;
}

function slowestBlock(progress: RunProgress, colours: Colours): string {
  const { slowest } = progress;
  if (slowest.length < SLOWEST_FROM || (slowest[0]?.ms ?? 0) < SLOW_ENOUGH_MS) return '';
  const rows = slowest.map((task) => [terminalText(task.node), formatMs(task.ms)]);
  return formatTable([{ title: 'slowest' }, { title: 'took', align: 'right' }], rows, { paintTitle: colours.dim });
}

function failureBlocks(progress: RunProgress, { colours }: SummaryOptions): readonly string[] {
  const shown = progress.failed.slice(0, FAILURES_SHOWN).map((failed) => failureBlock(failed, colours));
  const hidden = progress.failed.length - shown.length;
  return hidden > 0 ? [...shown, colours.red(`and ${hidden} more failed tasks`)] : shown;
}

/** One failed task: what it threw, and the line of the user's code that threw it. */
export function failureBlock({ node, state, attempts, error }: FailedTask, colours: Colours): string {
  const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
  const lines = [`${colours.red(`✖ ${terminalText(node)}`)} ${state}${tries}`];
  const first = error && withoutTask(error);
  for (let one = first; one; one = one.cause) lines.push(...errorLines(`${one === first ? '' : 'caused by '}${errorSentence(one)}`));
  const at = error && originIn(error);
  if (at) {
    lines.push(`  ${colours.dim(`at ${at.file}:${at.line}:${at.column}`)}`);
    const frame = sourceFrame(at);
    if (frame !== undefined) lines.push(...frame.split('\n').map((line) => `  ${terminalText(line)}`));
  }
  if (error?.hint !== undefined) lines.push(`  ${colours.cyan('hint')}: ${terminalText(error.hint)}`);
  return lines.join('\n');
}

function errorSentence({ name, message, code }: ErrorInfo): string {
  const kind = name === 'Error' || code !== undefined ? '' : `${name}: `;
  return `${kind}${message}${code === undefined ? '' : ` [${code}]`}`;
}

/** Lines of one message; the rest is in the log. */
const MESSAGE_LINES = 12;

function errorLines(text: string): readonly string[] {
  const lines = text.split('\n').map((line, place) => `${place === 0 ? '  ' : '    '}${terminalText(line)}`);
  const hidden = lines.length - MESSAGE_LINES;
  return hidden > 1 ? [...lines.slice(0, MESSAGE_LINES), `    … and ${hidden} more lines`] : lines;
}

/** The innermost cause is where it began. */
function originIn(error: ErrorInfo): ReturnType<typeof originOf> {
  return (error.cause && originIn(error.cause)) ?? originOf({ name: error.name, message: error.message, stack: error.stack ?? '' });
}
