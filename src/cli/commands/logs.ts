import { Command, Option } from 'commander';
import { createLines } from '../../log/lines.js';
import type { LogLevel } from '../../model/event.js';
import type { LogRow, RunRow } from '../../model/records.js';
import type { RunRecord } from '../../runs/run-record.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { findRun, findTaskRun, parseRunPath } from '../look-up.js';
import { openRecord } from '../open-record.js';

interface LogsOptions {
  readonly level?: LogLevel;
  readonly json?: true;
}

const PAGE = 1_000;

export function logsCommand(context: CommandContext): Command {
  return new Command('logs')
    .description('print the log of a run, or of one of its tasks')
    .argument('<run>', '<run>, <flow>/latest, <run>/<task> or <flow>/latest/<task>')
    .addOption(new Option('--level <level>', 'only lines of this level and above').choices(['debug', 'info', 'warn', 'error']))
    .option('--json', 'print one JSON object per line')
    .action(async (path: string, options: LogsOptions) => await print(path, options, context));
}

async function print(path: string, options: LogsOptions, { terminal }: CommandContext): Promise<void> {
  const wanted = parseRunPath(path);
  await using project = await openRecord();
  const { record } = project;
  const run = await findRun(record, wanted.run);
  const node = wanted.task === undefined ? undefined : await nodeOf(record, run, wanted.task);
  const show = options.json ? jsonLine : humanLines(run, coloursFor(terminal.out, terminal.env).isColorSupported);
  let printed = 0;
  for await (const line of logLines(record, run.id, node, options.level)) {
    terminal.out.write(show(line));
    printed++;
  }
  if (printed === 0)
    terminal.err.write(`${node ?? `run ${run.id}`} has no log lines${options.level === undefined ? '' : ` of level ${options.level} and above`}\n`);
}

/** A task's name stands for all its task runs; anything else must be one of them. */
async function nodeOf(record: RunRecord, run: RunRow, wanted: string): Promise<string> {
  const taskRuns = await record.taskRuns(run.id);
  return taskRuns.some((taskRun) => taskRun.task === wanted) ? wanted : findTaskRun(taskRuns, wanted, run.id).id;
}

/** Page by page: a run may have logged a million lines. */
async function* logLines(record: RunRecord, run: string, node: string | undefined, level: LogLevel | undefined): AsyncGenerator<LogRow> {
  let after: number | undefined;
  for (;;) {
    const page = await record.logs(run, {
      limit: PAGE,
      ...(node === undefined ? {} : { node }),
      ...(level === undefined ? {} : { level }),
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    after = page.at(-1)?.seq;
    if (page.length < PAGE || after === undefined) return;
  }
}

function humanLines(run: RunRow, colour: boolean): (row: LogRow) => string {
  const lines = createLines({ flow: run.flow, run: run.id, colour, level: 'debug' });
  return (row) => `${lines({ at: new Date(row.at), type: 'log', data: row, ...(row.node === undefined ? {} : { node: row.node }) }).join('\n')}\n`;
}

function jsonLine({ at, ...row }: LogRow): string {
  return `${JSON.stringify({ time: new Date(at).toISOString(), ...row })}\n`;
}
