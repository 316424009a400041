import { Command, Option } from 'commander';
import { MillraceError } from '../../base/error.js';
import { createLines } from '../../log/lines.js';
import type { LogLevel } from '../../model/event.js';
import type { LogRow, RunRow } from '../../model/records.js';
import { FINAL_RUN_STATES } from '../../model/states.js';
import { logPages, placeBefore } from '../../runs/log-pages.js';
import type { LogFilter, RunRecord } from '../../runs/run-record.js';
import { findRun, findTaskRun, locate } from '../../runtime/past/look-up.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { EXIT } from '../exit-code.js';
import { followLog } from '../follow-log.js';
import { parseMoment } from '../moment.js';
import { openRecord } from '../open-record.js';
import type { Terminal, TextStream } from '../terminal.js';
import { wholeNumber } from '../whole-number.js';

interface LogsOptions {
  readonly follow?: true;
  readonly attempt?: number;
  readonly level?: LogLevel;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly tail?: number;
  readonly limit?: number;
  readonly json?: true;
}

export function logsCommand(context: CommandContext): Command {
  return new Command('logs')
    .description('print the log of a run, of one of its tasks, or of one attempt')
    .argument('<run>', '<run>, <flow>/latest or <flow>/<run>; and a task of it, or an attempt: <run>/<task>/<attempt>')
    .option('-f, --follow', 'go on with the lines that come until the run has ended')
    .option('--attempt <n>', 'only lines of this attempt, from 1', wholeNumber(1))
    .addOption(new Option('--level <level>', 'only lines of this level and above').choices(['debug', 'info', 'warn', 'error']))
    .option('--since <time>', 'only lines from then on: how long ago (30s, 10m, 2h), or a date, also with time', (text: string) =>
      parseMoment(text, context.terminal.now()),
    )
    .addOption(new Option('--tail <count>', 'only the last so many').argParser(wholeNumber(0)).conflicts('limit'))
    .addOption(new Option('--limit <count>', 'only the first so many').argParser(wholeNumber(0)).conflicts('follow'))
    .option('--json', 'print one JSON object per line')
    .action(async (path: string, options: LogsOptions) => await print(path, options, context));
}

async function print(path: string, options: LogsOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const { since } = options;
  await using project = await openRecord();
  const { record } = project;
  const { run, task } = await locate(record, path);
  const chosen = task === undefined ? {} : await chosenLines(record, run, task, options.follow === true);
  const attempt = options.attempt ?? chosen.attempt;
  const after = since === undefined ? undefined : await placeBefore(record, run.id, since);
  const filter: LogFilter = {
    ...(chosen.node === undefined ? {} : { node: chosen.node }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(options.level === undefined ? {} : { level: options.level }),
    ...(after === undefined ? {} : { after }),
  };
  const line = options.json ? jsonLine : humanLines(run, coloursFor(terminal.out, terminal.env).isColorSupported);
  let printed = 0;
  const show = (lines: readonly LogRow[]): void => {
    if (lines.length > 0) terminal.out.write(lines.map(line).join(''));
    printed += lines.length;
  };
  if (options.follow) {
    const isInterrupted = await untilInterrupted(context, async (signal) => {
      const rest = await showEnd(record, run.id, filter, options.tail, show);
      await follow({ record, run, filter: rest, show, signal }, terminal);
    });
    if (isInterrupted) return;
    // It was believed to come.
    if (printed === 0 && task !== undefined) await chosenLines(record, await findRun(record, run.id), task, true);
  } else if (options.tail !== undefined) await showEnd(record, run.id, filter, options.tail, show);
  else for await (const page of logPages(record, run.id, { ...filter, ...(options.limit === undefined ? {} : { limit: options.limit }) })) show(page);
  if (printed === 0) terminal.err.write(`${chosen.node ?? `run ${run.id}`} has no log lines${which(filter, since)}\n`);
}

/** The last lines, when only they are asked for. @returns what is left to show after them */
async function showEnd(
  record: RunRecord,
  run: string,
  filter: LogFilter,
  tail: number | undefined,
  show: (lines: readonly LogRow[]) => void,
): Promise<LogFilter> {
  if (tail === undefined) return filter;
  // The end of the whole log, so that nothing which comes meanwhile is left out.
  const [end] = await record.logs(run, { last: 1 });
  const lines = await record.logs(run, { ...filter, last: tail });
  show(lines);
  const after = lines.at(-1)?.seq ?? (tail === 0 ? end?.seq : undefined) ?? filter.after;
  return after === undefined ? filter : { ...filter, after };
}

interface Followed {
  readonly record: RunRecord;
  readonly run: RunRow;
  readonly filter: LogFilter;
  readonly show: (lines: readonly LogRow[]) => void;
  readonly signal: AbortSignal;
}

async function follow({ run, show, signal, ...rest }: Followed, terminal: Terminal): Promise<void> {
  const gone = new AbortController();
  const showUnlessGone = (lines: readonly LogRow[]): void => {
    show(lines);
    if (isGone(terminal.out)) gone.abort();
  };
  const state = await followLog({ ...rest, run: run.id, show: showUnlessGone, signal: AbortSignal.any([signal, gone.signal]) });
  if (state !== undefined && !FINAL_RUN_STATES.has(run.state)) terminal.err.write(`run ${run.id} has ended: ${state}\n`);
}

/** Ctrl-C aborts it, and is the exit code. @returns whether it was pressed */
async function untilInterrupted({ exit }: CommandContext, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  const abort = new AbortController();
  const interrupt = (): void => {
    exit(EXIT.cancelled);
    abort.abort();
  };
  process.once('SIGINT', interrupt);
  try {
    await work(abort.signal);
    return abort.signal.aborted;
  } finally {
    process.off('SIGINT', interrupt);
  }
}

/** Whoever read from the pipe has enough (`| head`). */
function isGone(stream: TextStream): boolean {
  return (stream as { readonly destroyed?: boolean }).destroyed === true;
}

/** What the part of the path behind the run means. A task's name stands for all its task runs; anything else must be one of them, or an attempt of one. */
async function chosenLines(record: RunRecord, run: RunRow, wanted: string, mayCome: boolean): Promise<{ node?: string; attempt?: number }> {
  if ((await record.taskRuns(run.id, { task: wanted })).length > 0) return { node: wanted };
  const taskRuns = await record.taskRuns(run.id);
  const isKnown = (name: string): boolean => taskRuns.some(({ id, task }) => id === name || task === name);
  const [, name, attempt] = /^(.+)\/(\d+)$/.exec(wanted) ?? [];
  if (name !== undefined && !isKnown(wanted) && isKnown(name)) {
    const attempts = Math.max(...taskRuns.filter(({ id, task }) => id === name || task === name).map((taskRun) => taskRun.attempts));
    if (Number(attempt) >= 1 && Number(attempt) <= attempts) return { node: name, attempt: Number(attempt) };
    throw new MillraceError('ATTEMPT_UNKNOWN', `task '${name}' of run ${run.id} has no attempt ${attempt}`, {
      hint: attempts === 0 ? 'it was never tried' : `it was tried ${attempts === 1 ? 'once' : `${attempts} times`}`,
    });
  }
  // A task that has not begun has no row yet.
  if (mayCome && !isKnown(wanted) && !FINAL_RUN_STATES.has(run.state)) return { node: wanted };
  return { node: findTaskRun(taskRuns, wanted, run.id).id };
}

function which({ attempt, level }: LogFilter, since: number | undefined): string {
  return [
    attempt === undefined ? '' : ` of attempt ${attempt}`,
    level === undefined ? '' : ` of level ${level} and above`,
    since === undefined ? '' : ` since ${new Date(since).toISOString()}`,
  ].join('');
}

function humanLines(run: RunRow, colour: boolean): (row: LogRow) => string {
  const lines = createLines({ flow: run.flow, run: run.id, colour, level: 'debug' });
  return (row) => `${lines({ at: new Date(row.at), type: 'log', data: row, ...(row.node === undefined ? {} : { node: row.node }) }).join('\n')}\n`;
}

function jsonLine({ at, ...row }: LogRow): string {
  return `${JSON.stringify({ time: new Date(at).toISOString(), ...row })}\n`;
}
