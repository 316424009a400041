import { createLogUpdate } from 'log-update';
import { systemClock } from '../../base/clock.js';
import { uncaptured } from '../../log/capture.js';
import { formatMs } from '../../log/format-ms.js';
import { terminalText } from '../../log/terminal-text.js';
import type { BackfillCounts } from '../../runs/service/backfill-rows.js';
import type { Backfill } from '../../runs/service/backfills.js';
import { type Colours, coloursFor } from '../colours.js';
import { fitWidth } from '../fit-width.js';
import { bar, SPINNER } from '../live-frame.js';
import { guardOutput } from '../output-guard.js';
import type { Terminal } from '../terminal.js';
import { SteadyTimeLeft } from '../time-left.js';
import { shortTime } from '../zoned-time.js';
import { backfillTitle, countsText, endedLine, endText } from './backfill-lines.js';
import type { BackfilledRun, BackfillPrinter } from './backfill-printer.js';

const REDRAW_MS = 100;
const BAR_COLUMNS = 24;
const MOST_RUNNING = 8;

/** What the screen shows of a backfill at one moment. */
export interface BackfillFrame {
  readonly backfill: Backfill;
  readonly counts: BackfillCounts;
  readonly running: readonly BackfilledRun[];
  readonly now: number;
  readonly since: number;
  readonly tick: number;
  readonly columns: number;
  readonly left: string | undefined;
  readonly note: string | undefined;
}

export function backfillFrame(frame: BackfillFrame, colours: Colours): string {
  const { backfill, counts, running, now, since, tick, columns, left, note } = frame;
  const settled = counts.total - counts.waiting - counts.running;
  const ending = note === undefined ? (left === undefined ? '' : colours.dim(` · ${left}`)) : ` ${colours.yellow(note)}`;
  const whole = { total: counts.total, settled, failed: counts.failed + counts.left };
  const shown = running
    .slice(0, MOST_RUNNING)
    .map(({ at, run, startedAt }) => `    ${colours.blue('●')} ${shortTime(at)}  ${run}  ${colours.dim(formatMs(now - startedAt))}`);
  const more = running.length > MOST_RUNNING ? [colours.dim(`    … and ${running.length - MOST_RUNNING} more`)] : [];
  return [
    `${colours.cyan(SPINNER[tick % SPINNER.length] as string)} ${colours.bold(terminalText(backfill.flow))} ${colours.dim(`backfill ${formatMs(now - since)}`)}${ending}`,
    `  ${bar(whole, BAR_COLUMNS, colours)} ${settled}/${counts.total}  ${countsText(counts, colours)}`,
    ...shown,
    ...more,
  ]
    .map((line) => fitWidth(line, columns))
    .join('\n');
}

/** A part of the screen that redraws itself, and above it a line for each run that has ended. */
export async function loadLiveBackfill({ out, err, env }: Terminal): Promise<BackfillPrinter> {
  const stream = out as NodeJS.WriteStream;
  const colours = coloursFor(out, env);
  const update = createLogUpdate(stream);
  const waiting: string[] = [];
  const guarded = err.isTTY === true ? [stream, err as NodeJS.WriteStream] : [stream];
  const guard = guardOutput(guarded, (line) => waiting.push(line));
  const running = new Map<string, BackfilledRun>();
  const steady = new SteadyTimeLeft();
  const since = systemClock.now();
  let [backfill, counts, note] = [undefined as Backfill | undefined, undefined as BackfillCounts | undefined, undefined as string | undefined];
  let [ended, tick] = [0, 0];
  let cancelRedraw: (() => void) | undefined;

  const print = (write: () => void): void => uncaptured(() => guard.own(write));
  const flush = (): void => {
    if (waiting.length === 0) return;
    update.clear();
    stream.write(`${waiting.splice(0).join('\n')}\n`);
  };
  const draw = (): void => {
    flush();
    const now = systemClock.now();
    if (backfill === undefined || counts === undefined) return;
    const toDo = counts.waiting + counts.running;
    const left = ended === 0 || note !== undefined ? undefined : steady.words((toDo * (now - since)) / ended, now);
    const place = { now, since, tick: tick++, columns: stream.columns ?? 80, left, note };
    update(backfillFrame({ backfill, counts, running: [...running.values()], ...place }, colours));
  };
  const redraw = (): void => {
    print(draw);
    cancelRedraw = systemClock.schedule(REDRAW_MS, redraw, { idle: true });
  };
  redraw();
  return {
    stored(stored, isOld) {
      backfill = stored;
      waiting.push(backfillTitle(stored, isOld, colours));
    },
    counts(now) {
      counts = now;
    },
    started: (run) => void running.set(run.run, run),
    ended(run) {
      ended++;
      running.delete(run.run);
      waiting.push(endedLine(run, colours));
    },
    note(text) {
      note = text;
    },
    end(state) {
      cancelRedraw?.();
      guard.release();
      print(() => {
        flush();
        update.clear();
        update.done();
        const text = endText(backfill, state, counts, colours);
        if (text !== '') stream.write(`${text}\n`);
      });
    },
  };
}
