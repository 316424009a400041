import { Command } from 'commander';
import { jsonValue } from '../../base/json-value.js';
import { sideResultsOf } from '../../runs/side-results.js';
import { withOrigins } from '../../runs/with-origins.js';
import { findTaskRun, locate } from '../../runtime/past/look-up.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { openRecord } from '../open-record.js';
import { givenIn, jsonSideResults, placeNames } from '../side-report.js';
import { widthOf } from '../terminal.js';
import { UsageError } from '../usage-error.js';

interface InspectOptions {
  readonly json?: true;
  readonly all?: true;
  readonly artifact?: string;
  readonly metric?: string;
  readonly output?: string;
  /** A file of the run's code; true: the list of them. */
  readonly code?: string | true;
  readonly lastAttempt?: true;
}

const LOG_TAIL = 20;
/** Values of more bytes are not read to be shown. */
const PREVIEW_BYTES = 65_536;

export function inspectCommand(context: CommandContext): Command {
  return new Command('inspect')
    .description('show a run of the past: its parameters and tasks; or one task: its attempts, inputs, results and log')
    .argument('<run>', '<run>, <flow>/latest or <flow>/<run>; and a task of it: <run>/<task>')
    .option('--all', 'list the children of maps one by one')
    .option('--artifact <name>', 'show an artifact that was given by ctx().artifact')
    .option('--metric <name>', 'print the points of a metric, as CSV')
    .option('--code [file]', 'list the source files that the run ran, or print one of them; of a task, the code that its result was made with')
    .option('-o, --output <file>', 'write the bytes of the artifact to this file; - for the standard output')
    .option('--last-attempt', 'artifacts and metrics of the last attempt, although it failed')
    .option('--json', 'print JSON')
    .action(async (path: string, options: InspectOptions) => await inspectPath(path, options, context));
}

async function inspectPath(path: string, options: InspectOptions, { terminal }: CommandContext): Promise<void> {
  const { json, all } = options;
  if (options.output !== undefined && options.artifact === undefined) throw new UsageError('-o writes an artifact: name it with --artifact <name>');
  await using project = await openRecord();
  const { record } = project;
  const { run, task } = await locate(record, path);
  if (options.code !== undefined) {
    const { inspectCode } = await import('./inspect-code.js');
    if (task === undefined) return await inspectCode(run, options.code, json === true, record, terminal);
    const { findMade, inspectTaskCode } = await import('./inspect-task-code.js');
    const made = await findMade(record, run, findTaskRun(await record.taskRuns(run.id), task, run.id));
    if (options.code !== true) return await inspectCode(made.maker, options.code, json === true, record, terminal);
    return await inspectTaskCode(made, json === true, record, terminal);
  }
  const taskRuns = await withOrigins(record, await record.taskRuns(run.id));
  const style = { colours: coloursFor(terminal.out, terminal.env), now: terminal.now(), width: widthOf(terminal.out) };
  const taskRun = task === undefined ? undefined : findTaskRun(taskRuns, task, run.id);
  const lookUp = { lastAttempt: options.lastAttempt === true, points: options.metric !== undefined };
  const given =
    taskRun === undefined ? await sideResultsOf(record, run.id, taskRuns, lookUp) : await givenIn(record, run.id, taskRun, taskRuns, lookUp);
  const nameAt = placeNames(taskRuns);
  if (options.artifact !== undefined || options.metric !== undefined) {
    const { inspectArtifact, inspectMetric } = await import('./inspect-artifact.js');
    const request = { path: `${run.id}${taskRun === undefined ? '' : `/${taskRun.id}`}`, given, nameAt, output: options.output, json: json === true };
    if (options.metric !== undefined) inspectMetric(options.metric, request, terminal);
    if (options.artifact !== undefined) await inspectArtifact(options.artifact, request, project, terminal);
    return;
  }
  const print = (text: string): void => void terminal.out.write(`${text}\n`);
  if (taskRun === undefined) {
    if (json) return print(JSON.stringify({ ...run, taskRuns, ...jsonSideResults(given, nameAt) }, null, 2));
    const { runReport } = await import('../run-report.js');
    const result = run.result && (await project.preview([{ index: -1, name: '', ref: run.result }], PREVIEW_BYTES));
    return print(runReport(run, taskRuns, result, { ...style, all: all === true }, given));
  }
  // Of a task that printed a million lines the end is shown; one more tells whether there are others.
  const logs = await record.logs(run.id, { node: taskRun.id, ...(json ? {} : { last: LOG_TAIL + 1 }) });
  const value = await project.preview(taskRun.artifacts, PREVIEW_BYTES);
  if (json) {
    const shown = value?.found === true ? value.value : undefined;
    return print(JSON.stringify({ run: run.id, ...taskRun, ...jsonSideResults(given, nameAt), value: shown, logs }, jsonValue, 2));
  }
  const { taskReport } = await import('../task-report.js');
  const tail = { logs: logs.slice(-LOG_TAIL), hasMoreLogs: logs.length > LOG_TAIL };
  print(taskReport({ run, taskRun, taskRuns, value, sideResults: given, ...tail }, style));
}
