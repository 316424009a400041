import stringWidth from 'string-width';
import { formatMs } from '../log/format-ms.js';
import { terminalText } from '../log/terminal-text.js';
import type { TaskState } from '../model/states.js';
import type { Colours } from './colours.js';
import { fitWidth } from './fit-width.js';
import type { MapProgress } from './map-progress.js';
import type { RetryingTask, RunningTask, RunProgress } from './run-progress.js';

export const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR_COLUMNS = 24;
const MAP_BAR_COLUMNS = 14;
const TASK_BAR_COLUMNS = 10;
/** Narrower terminals have no room for bars of that length. */
const ROOMY_COLUMNS = 80;
const MAX_RUNNING_SHOWN = 8;
/** Rows left to what scrolls above. */
const ROWS_KEPT_FREE = 6;

export interface FrameOptions {
  readonly flow: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Counts redraws: which picture of the spinner. */
  readonly tick: number;
  readonly columns: number;
  readonly rows: number;
  readonly colours: Colours;
  /** How long it will go on, in words: `about 3 m left`. The first to go where there is no room. */
  readonly left?: string | undefined;
  /** Said instead of the run's state while it ends: `cancelling`. */
  readonly note?: string | undefined;
}

/** What the terminal shows of a run at one moment: a bar, counts by state, and what runs now. Every line fits the width. */
export function liveFrame(progress: RunProgress, options: FrameOptions): string {
  const { colours, columns, now, tick } = options;
  const spinner = colours.cyan(SPINNER[tick % SPINNER.length] as string);
  const elapsed = colours.dim(formatMs(progress.elapsed(now)));
  const note = options.note === undefined ? '' : ` ${colours.yellow(options.note)}`;
  const whole: Share = {
    total: progress.total,
    settled: progress.settled,
    failed: progress.count('failed', 'upstream-failed', 'timed-out', 'crashed'),
  };
  const title = `${spinner} ${colours.bold(terminalText(options.flow))} ${elapsed}`;
  const left = options.left === undefined ? '' : colours.dim(` · ${options.left}`);
  const lines = [
    stringWidth(title + left + note) <= columns ? title + left + note : title + note,
    `  ${bar(whole, barColumns(BAR_COLUMNS, columns), colours)} ${progress.settled}/${progress.total}  ${countsLine(progress, colours)}`,
    ...activeLines(progress, options),
  ];
  return lines.map((line) => fitWidth(line, columns)).join('\n');
}

export interface Share {
  readonly total: number;
  readonly settled: number;
  readonly failed: number;
}

/** Of so many columns: what succeeded, what failed, what is to come. */
export function bar({ total, settled, failed }: Share, length: number, colours: Colours): string {
  const share = (count: number): number => (total === 0 ? 0 : Math.floor((count / total) * length));
  const red = failed === 0 ? 0 : Math.max(1, share(failed));
  const green = Math.max(0, share(settled) - red);
  return colours.green('█'.repeat(green)) + colours.red('█'.repeat(red)) + colours.dim('░'.repeat(length - green - red));
}

function barColumns(length: number, columns: number): number {
  return columns < ROOMY_COLUMNS ? Math.ceil(length / 2) : length;
}

interface Count {
  readonly word: string;
  readonly states: readonly TaskState[];
  readonly paint: 'green' | 'blue' | 'red' | 'yellow' | 'cyan' | 'dim';
}

/** States as people count them, in the order of interest. */
const COUNTS: readonly Count[] = [
  { word: 'done', states: ['success'], paint: 'green' },
  { word: 'cached', states: ['cached'], paint: 'blue' },
  { word: 'failed', states: ['failed', 'timed-out', 'crashed'], paint: 'red' },
  { word: 'not run', states: ['upstream-failed'], paint: 'yellow' },
  { word: 'skipped', states: ['skipped'], paint: 'dim' },
  { word: 'cancelled', states: ['cancelled'], paint: 'yellow' },
  { word: 'running', states: ['running'], paint: 'cyan' },
  { word: 'retrying', states: ['retrying'], paint: 'yellow' },
  { word: 'waiting', states: ['pending', 'queued', 'paused'], paint: 'dim' },
];

/** `12 done · 3 cached · 1 failed`: what occurs, and nothing else. */
export function countsLine(progress: Pick<RunProgress, 'count'>, colours: Colours): string {
  const parts: string[] = [];
  for (const { word, states, paint } of COUNTS) {
    const count = progress.count(...states);
    if (count > 0) parts.push(colours[paint](`${count} ${word}`));
  }
  return parts.join(colours.dim(' · '));
}

/** What happens now: maps first, since they say most, then what waits for its next attempt, then what runs. */
function activeLines(progress: RunProgress, options: FrameOptions): readonly string[] {
  const { colours, rows } = options;
  const room = Math.max(1, Math.min(MAX_RUNNING_SHOWN, rows - ROWS_KEPT_FREE));
  const maps = [...progress.maps.values()].filter((map) => map.isUnderWay);
  const retrying = [...progress.retrying].filter(({ inMap }) => !inMap);
  const running = [...progress.running].filter(({ inMap }) => !inMap);
  const lines = maps.slice(0, room).map((map) => mapLine(map, options));
  for (const task of retrying.slice(0, room - lines.length)) lines.push(retryLine(task, options));
  for (const task of running.slice(0, room - lines.length)) lines.push(runningLine(task, options));
  const hidden = maps.length + retrying.length + running.length - lines.length;
  return hidden > 0 ? [...lines, colours.dim(`    and ${hidden} more`)] : lines;
}

/** `▸ train#0 1.2 s  ██████░░░░ 60 % epoch 6` */
function runningLine({ node, since, attempt, waitsFor, told }: RunningTask, { colours, columns, now }: FrameOptions): string {
  const again = attempt > 1 ? colours.yellow(` attempt ${attempt}`) : '';
  const waits = waitsFor === undefined ? '' : colours.dim(` waits for ${terminalText(waitsFor)}`);
  const mark = waitsFor === undefined ? colours.cyan('▸') : colours.dim('…');
  const line = `  ${mark} ${terminalText(node)} ${colours.dim(formatMs(Math.max(0, now - since)))}${waits}${again}`;
  if (told === undefined) return line;
  const share: Share = { total: 1, settled: told.fraction, failed: 0 };
  const message = told.message === undefined ? '' : ` ${colours.dim(terminalText(String(told.message)))}`;
  return `${line}  ${bar(share, barColumns(TASK_BAR_COLUMNS, columns), colours)} ${Math.round(told.fraction * 100)} %${message}`;
}

/** `▸ sq#0 <map>  ███░░░░ 12/100  4 running · 1 retrying · 2 failed [17] [23]` */
function mapLine(map: MapProgress, { colours, columns }: FrameOptions): string {
  const failed = map.count('failed', 'timed-out', 'crashed', 'upstream-failed');
  const share: Share = { total: map.total, settled: map.settled, failed };
  const done = `${bar(share, barColumns(MAP_BAR_COLUMNS, columns), colours)} ${map.settled}/${map.total}`;
  const running = map.count('running');
  const retrying = map.count('retrying');
  const parts = [
    ...(failed > 0 ? [colours.red(`${failed} failed ${terminalText(map.failed.join(' '))}`.trimEnd())] : []),
    ...(retrying > 0 ? [colours.yellow(`${retrying} retrying`)] : []),
    ...(running > 0 ? [colours.cyan(`${running} running`)] : []),
  ];
  return `  ${colours.cyan('▸')} ${terminalText(map.node)} <map>  ${done}  ${parts.join(colours.dim(' · '))}`.trimEnd();
}

/** `↻ fetch#0 attempt 1 of 4 failed, again in 2 s` */
function retryLine({ node, attempt, most, at }: RetryingTask, { colours, now }: FrameOptions): string {
  const of = most === undefined ? '' : ` of ${most}`;
  const again = at > now ? `again in ${formatMs(at - now)}` : 'trying again';
  return `  ${colours.yellow('↻')} ${terminalText(node)} ${colours.yellow(`retrying: attempt ${attempt}${of} failed, ${again}`)}`;
}
