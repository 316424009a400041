import { asError } from '../../base/error.js';
import { formatMs } from '../../log/format-ms.js';
import { terminalText } from '../../log/terminal-text.js';
import type { BackfillCounts } from '../../runs/service/backfill-rows.js';
import type { Backfill, BackfillState } from '../../runs/service/backfills.js';
import { type Colours, coloursFor } from '../colours.js';
import { paintState } from '../state-colour.js';
import type { Terminal } from '../terminal.js';
import { shortTime } from '../zoned-time.js';
import type { BackfillPrinter, EndedBackfilledRun } from './backfill-printer.js';

/** Of a backfill, what it fills. */
export function backfillTitle({ id, flow, schedule, from, to }: Backfill, isOld: boolean, { bold, dim }: Colours): string {
  return `${isOld ? 'goes on with ' : ''}${id}: ${bold(terminalText(flow))} ${dim(`${terminalText(schedule)}, ${shortTime(from)} to ${shortTime(to)}`)}`;
}

/** A run that has ended, in one line. */
export function endedLine({ run, at, state, ms, error, resumes }: EndedBackfilledRun, colours: Colours): string {
  const why = error === undefined || state === 'success' ? '' : `  ${terminalText(asError(error).message.split('\n')[0] ?? '')}`;
  const origin = resumes === undefined ? '' : colours.dim(`  resumes ${resumes}`);
  return `${shortTime(at)}  ${run}  ${paintState(state, colours)}  ${colours.dim(formatMs(ms))}${origin}${why}`;
}

/** `12 done, 1 failed, 2 running, 10 waiting`. */
export function countsText({ success, failed, stopped, running, waiting, left }: BackfillCounts, colours: Colours): string {
  const words: readonly (readonly [number, string, (text: string) => string])[] = [
    [success, 'done', colours.green],
    [failed, 'failed', colours.red],
    [stopped, 'stopped', colours.yellow],
    [left, 'left out', colours.yellow],
    [running, 'running', colours.blue],
    [waiting, 'waiting', colours.dim],
  ];
  const shown = words.filter(([count]) => count > 0).map(([count, word, paint]) => paint(`${count} ${word}`));
  return shown.length === 0 ? 'nothing to run' : shown.join(', ');
}

/** What became of it, and what to do next. */
export function endText(
  backfill: Backfill | undefined,
  state: BackfillState | undefined,
  counts: BackfillCounts | undefined,
  colours: Colours,
): string {
  if (backfill === undefined) return '';
  if (counts?.total === 0)
    return `nothing to fill: every instant from ${shortTime(backfill.from)} to ${shortTime(backfill.to)} has had a run, or waits for one`;
  const summary = `${backfill.id} ${state === 'done' ? colours.green('done') : colours.yellow(state ?? backfill.state)}: ${counts ? countsText(counts, colours) : ''}`;
  const next =
    state === 'paused' ? `millrace backfill resume ${backfill.id}` : counts?.failed ? `millrace backfill resume ${backfill.id} --failed` : undefined;
  return next === undefined ? summary : `${summary}\n${colours.cyan('next')}: ${next}`;
}

/** A line for each run: for terminals whose cursor cannot move. */
export function linesOfBackfill({ out, env }: Terminal): BackfillPrinter {
  const colours = coloursFor(out, env);
  let [backfill, counts] = [undefined as Backfill | undefined, undefined as BackfillCounts | undefined];
  return {
    stored(stored, isOld) {
      backfill = stored;
      out.write(`${backfillTitle(stored, isOld, colours)}\n`);
    },
    counts(now) {
      counts = now;
    },
    started: () => {},
    ended: (run) => void out.write(`${endedLine(run, colours)}\n`),
    note: (text) => void out.write(`${text}\n`),
    end(state) {
      if (backfill !== undefined) out.write(`${endText(backfill, state, counts, colours)}\n`);
    },
  };
}
