import { formatMs } from '../log/format-ms.js';
import { terminalText } from '../log/terminal-text.js';
import type { TaskState } from '../model/states.js';
import type { Colours } from './colours.js';
import { fitWidth } from './fit-width.js';
import type { RunProgress } from './run-progress.js';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR_COLUMNS = 24;
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
  /** Said instead of the run's state while it ends: `cancelling`. */
  readonly note?: string | undefined;
}

/** What the terminal shows of a run at one moment: a bar, counts by state, and what runs now. Every line fits the width. */
export function liveFrame(progress: RunProgress, options: FrameOptions): string {
  const { colours, columns, now, tick } = options;
  const spinner = colours.cyan(SPINNER[tick % SPINNER.length] as string);
  const elapsed = colours.dim(formatMs(progress.elapsed(now)));
  const note = options.note === undefined ? '' : ` ${colours.yellow(options.note)}`;
  const lines = [
    `${spinner} ${colours.bold(terminalText(options.flow))} ${elapsed}${note}`,
    `  ${bar(progress, colours)} ${progress.settled}/${progress.total}  ${countsLine(progress, colours)}`,
    ...runningLines(progress, options),
  ];
  return lines.map((line) => fitWidth(line, columns)).join('\n');
}

function bar(progress: RunProgress, colours: Colours): string {
  const share = (count: number): number => (progress.total === 0 ? 0 : Math.floor((count / progress.total) * BAR_COLUMNS));
  const failed = progress.count('failed', 'upstream-failed', 'timed-out', 'crashed');
  const red = failed === 0 ? 0 : Math.max(1, share(failed));
  const green = Math.max(0, share(progress.settled) - red);
  return colours.green('█'.repeat(green)) + colours.red('█'.repeat(red)) + colours.dim('░'.repeat(BAR_COLUMNS - green - red));
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
export function countsLine(progress: RunProgress, colours: Colours): string {
  const parts: string[] = [];
  for (const { word, states, paint } of COUNTS) {
    const count = progress.count(...states);
    if (count > 0) parts.push(colours[paint](`${count} ${word}`));
  }
  return parts.join(colours.dim(' · '));
}

function runningLines(progress: RunProgress, { colours, now, rows }: FrameOptions): readonly string[] {
  const shown = Math.max(1, Math.min(MAX_RUNNING_SHOWN, rows - ROWS_KEPT_FREE));
  const lines: string[] = [];
  for (const task of progress.running) {
    if (lines.length === shown) break;
    lines.push(`  ${colours.cyan('▸')} ${terminalText(task.node)} ${colours.dim(formatMs(Math.max(0, now - task.since)))}`);
  }
  const hidden = progress.runningCount - lines.length;
  return hidden > 0 ? [...lines, colours.dim(`    and ${hidden} more`)] : lines;
}
