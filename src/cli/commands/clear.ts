import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import { TaskSelection } from '../../engine/task-selection.js';
import { terminalText } from '../../log/terminal-text.js';
import type { RunRow } from '../../model/records.js';
import { newRunId } from '../../model/run-id.js';
import { FINAL_RUN_STATES, type TaskState } from '../../model/states.js';
import type { TaskRunDetails } from '../../runs/run-record.js';
import { findRun } from '../../runtime/past/look-up.js';
import { knownFlows } from '../../runtime/served/known-flows.js';
import { unknownTask } from '../../runtime/unknown-task.js';
import { awaitRun, tellAskedEnd } from '../asked-run.js';
import type { CommandContext } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { collect, FLOW_FILE, openFlow } from '../flow-command.js';
import { followRun, type ShowRun, withRunOutput } from '../follow-run.js';
import { openServicePlace } from '../service-place.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

interface ClearOptions {
  readonly task?: readonly string[];
  readonly failed?: true;
  readonly upstream?: true;
  readonly downstream?: true;
  readonly file?: string;
  readonly wait?: true;
  readonly dryRun?: true;
  readonly quiet?: true;
  readonly json?: true;
}

/** What is cleared of a past run is executed again by a run that resumes it: the past itself stays as it was (S30). */
export function clearCommand(context: CommandContext): Command {
  return new Command('clear')
    .description('execute some tasks of a past run again, in a new run that takes all others over from it')
    .argument('<run>', 'its id, or <flow>/latest')
    .option('-t, --task <task>', "a task's name, an id (clean#2), or a pattern ('train-*', '*'); may be repeated", collect)
    .option('--failed', 'only those of them that came to no result')
    .option('--downstream', 'also what was made of them')
    .option('--upstream', 'also what they were made of')
    .option('--file <file>', `run it here, from this file: ${FLOW_FILE}; without it, a service that serves the flow does`)
    .option('-w, --wait', 'show the log of the run that a service starts, and end with its state')
    .option('--dry-run', 'only say which tasks')
    .option('-y, --yes', 'for those used to it: nothing is lost, and nothing is asked')
    .option('-q, --quiet', 'with --file: print failures only')
    .option('--json', 'print JSON')
    .action(async (run: string, options: ClearOptions) => context.exit(await clear(run, options, context.terminal)));
}

async function clear(path: string, options: ClearOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.task === undefined && !options.failed)
    throw new UsageError('expected --task or --failed: what is to be executed again', "All of it: --task '*'");
  const { row, tasks } = await chosen(path, options);
  const { out } = terminal;
  if (tasks.length === 0) {
    if (options.json) out.write(`${JSON.stringify({ clears: row.id, tasks }, null, 2)}\n`);
    else out.write(`nothing to clear: no task of ${row.id} is concerned\n`);
    return EXIT.failed;
  }
  if (options.dryRun) {
    if (options.json) out.write(`${JSON.stringify({ dryRun: true, clears: row.id, tasks }, null, 2)}\n`);
    else out.write(`would execute again, of ${row.id}:\n${tasks.map((task) => `  ${terminalText(task)}`).join('\n')}\n`);
    return EXIT.success;
  }
  return options.file === undefined ? await handOver(row, tasks, options, terminal) : await runHere(row, tasks, options.file, options, terminal);
}

const CAME_TO_NOTHING: ReadonlySet<TaskState> = new Set<TaskState>(['failed', 'upstream-failed', 'timed-out', 'crashed', 'cancelled']);

async function chosen(path: string, options: ClearOptions): Promise<{ readonly row: RunRow; readonly tasks: readonly string[] }> {
  await using place = await openServicePlace();
  const row = await findRun(place.record, path);
  if (!FINAL_RUN_STATES.has(row.state))
    throw new MillraceError('RUN_GOING_ON', `expected a run that has ended; ${row.id} is ${row.state}`, {
      hint: 'Wait for its end, or cancel it first.',
    });
  const taskRuns = await place.record.taskRuns(row.id);
  const names = [...new Set(taskRuns.map(({ task }) => task))];
  const selections = (options.task ?? ['*']).map((task) => ({ task, selection: new TaskSelection([task]) }));
  for (const { task, selection } of selections)
    if (!taskRuns.some((one) => one.id === task || selection.has(one.task))) throw unknownTask(row.flow, task, names);
  const first = taskRuns.filter(
    ({ id, task, state }) => selections.some((one) => one.task === id || one.selection.has(task)) && (!options.failed || CAME_TO_NOTHING.has(state)),
  );
  return { row, tasks: [...new Set(spread(taskRuns, first, options).map(({ task }) => task))] };
}

/** The chosen task runs, and what they are made of or what is made of them, in the order of the graph. */
function spread(
  taskRuns: readonly TaskRunDetails[],
  first: readonly TaskRunDetails[],
  { upstream, downstream }: ClearOptions,
): readonly TaskRunDetails[] {
  const reached = new Set(first.map(({ index }) => index));
  const edges = taskRuns.flatMap(({ index, upstream: from }) =>
    from.filter(({ kind }) => kind === 'data' || kind === 'order').map((edge) => [edge.from, index] as const),
  );
  const walk = (next: (edge: readonly [number, number]) => readonly [from: number, to: number]): void => {
    const near = new Map<number, number[]>();
    for (const edge of edges) {
      const [from, to] = next(edge);
      near.set(from, [...(near.get(from) ?? []), to]);
    }
    const stack = first.map(({ index }) => index);
    for (let at = stack.pop(); at !== undefined; at = stack.pop())
      for (const to of near.get(at) ?? []) {
        if (reached.has(to)) continue;
        reached.add(to);
        stack.push(to);
      }
  };
  if (downstream) walk(([from, to]) => [from, to]);
  if (upstream) walk(([from, to]) => [to, from]);
  return taskRuns.filter(({ index }) => reached.has(index));
}

async function runHere(row: RunRow, tasks: readonly string[], file: string, options: ClearOptions, outer: Terminal): Promise<ExitCode> {
  const show: ShowRun = async (terminal, printer) => {
    const [{ name, inside, sources }, makePrinter] = await Promise.all([openFlow(file, row.flow, {}, terminal, 'option'), printer]);
    return await followRun({ name, file, inside, options, terminal, makePrinter }, async (start) => {
      const { origin, handle } = await inside.resume(sources, { runId: row.id }, { ...start, forceOnly: tasks });
      return handle && { handle, note: `clears ${tasks.length} of ${origin.id}`, resumes: origin.id };
    });
  };
  return await withRunOutput(options, outer, show);
}

async function handOver(row: RunRow, tasks: readonly string[], options: ClearOptions, terminal: Terminal): Promise<ExitCode> {
  await using place = await openServicePlace();
  const now = terminal.now();
  const known = (await knownFlows(place.record, place.service, now)).flows.find(({ name }) => name === row.flow);
  if (known?.served === undefined)
    throw new MillraceError('FLOW_NOT_SERVED', `no service serves flow '${row.flow}', which could execute its tasks again`, {
      hint: `Run it here: millrace clear ${row.id} --file <file> …`,
    });
  const run = newRunId(now);
  const again = { tasks, downstream: false };
  const { scheduled } = row;
  await place.service.addDue([
    {
      flow: row.flow,
      key: run,
      run,
      cause: 'request',
      params: {},
      tags: [],
      resumes: row.id,
      again,
      ...(scheduled && { scheduled }),
      dueAt: now,
      createdAt: now,
    },
  ]);
  const asked = { run, flow: row.flow, clears: row.id, tasks };
  if (!options.wait) {
    if (options.json) terminal.out.write(`${JSON.stringify(asked, null, 2)}\n`);
    else terminal.out.write(`${run} is due: it resumes ${row.id} and executes ${tasks.map(terminalText).join(', ')} again\n`);
    return EXIT.success;
  }
  const awaited = { run, flow: row.flow, retries: known.served.retries ?? 0 };
  const end = await awaitRun(place, awaited, terminal, options.json === true);
  const { code, ...told } = end;
  if (options.json) terminal.out.write(`${JSON.stringify({ ...asked, ...told }, null, 2)}\n`);
  else tellAskedEnd(awaited, end, terminal);
  return code;
}
