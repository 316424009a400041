import { Command } from 'commander';
import { withOrigins } from '../../runs/with-origins.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { findRun, findTaskRun, parseRunPath } from '../look-up.js';
import { openRecord } from '../open-record.js';
import { widthOf } from '../terminal.js';

interface InspectOptions {
  readonly json?: true;
  readonly all?: true;
}

const LOG_TAIL = 20;
/** Values of more bytes are not read to be shown. */
const PREVIEW_BYTES = 65_536;

export function inspectCommand(context: CommandContext): Command {
  return new Command('inspect')
    .description('show a run of the past: its parameters and tasks; or one task: its attempts, inputs, results and log')
    .argument('<run>', '<run>, <flow>/latest, <run>/<task> or <flow>/latest/<task>')
    .option('--all', 'list the children of maps one by one')
    .option('--json', 'print JSON')
    .action(async (path: string, options: InspectOptions) => await inspectPath(path, options, context));
}

async function inspectPath(path: string, { json, all }: InspectOptions, { terminal }: CommandContext): Promise<void> {
  const wanted = parseRunPath(path);
  await using project = await openRecord();
  const { record } = project;
  const run = await findRun(record, wanted.run);
  const taskRuns = await withOrigins(record, await record.taskRuns(run.id));
  const style = { colours: coloursFor(terminal.out, terminal.env), now: terminal.now(), width: widthOf(terminal.out) };
  const print = (text: string): void => void terminal.out.write(`${text}\n`);
  if (wanted.task === undefined) {
    if (json) return print(JSON.stringify({ ...run, taskRuns }, null, 2));
    const { runReport } = await import('../run-report.js');
    const result = run.result && (await project.preview([{ index: -1, name: '', ref: run.result }], PREVIEW_BYTES));
    return print(runReport(run, taskRuns, result, { ...style, all: all === true }));
  }
  const taskRun = findTaskRun(taskRuns, wanted.task, run.id);
  // Of a task that printed a million lines the end is shown; one more tells whether there are others.
  const logs = await record.logs(run.id, { node: taskRun.id, ...(json ? {} : { last: LOG_TAIL + 1 }) });
  const value = await project.preview(taskRun.artifacts, PREVIEW_BYTES);
  if (json) return print(JSON.stringify({ run: run.id, ...taskRun, value: value?.found === true ? value.value : undefined, logs }, jsonValue, 2));
  const { taskReport } = await import('../task-report.js');
  print(taskReport({ run, taskRun, taskRuns, value, logs: logs.slice(-LOG_TAIL), hasMoreLogs: logs.length > LOG_TAIL }, style));
}

/** JSON has no word for these. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return [...value];
  return value instanceof Set ? [...value] : value;
}
