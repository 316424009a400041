import type { Command } from 'commander';
import { nearest } from '../base/nearest.js';
import { TaskSelection } from '../engine/task-selection.js';
import type { FlowInside } from '../flow/flow.js';
import type { ParameterSources } from '../flow/parameters.js';
import type { StartOptions } from '../runtime/start-run.js';
import { collect, type FlowCommandOptions } from './flow-command.js';
import type { RunTeller } from './run-teller.js';
import { UsageError } from './usage-error.js';
import { wholeNumber } from './whole-number.js';

/** What every command that runs a flow takes. */
export interface RunCommandOptions extends FlowCommandOptions {
  readonly force?: true;
  readonly forceTask?: readonly string[];
  readonly forceOnly?: readonly string[];
  readonly only?: readonly string[];
  readonly maxWorkers?: number;
  readonly maxSplits?: number;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly quiet?: true;
  readonly json?: true;
  readonly debug?: boolean;
}

export function addRunOptions(command: Command): Command {
  return command
    .option('--force', 'execute every task, whatever is cached')
    .option('--force-task <task>', "execute this task, or those of a pattern ('train-*'), and all downstream of it; may be repeated", collect)
    .option('--force-only <task>', 'execute this task, and nothing else that is cached; may be repeated', collect)
    .option('--only <task>', 'execute none but this task: what it needs is taken from earlier results; may be repeated', collect)
    .option('--max-workers <count>', 'task runs at the same time', wholeNumber(1))
    .option('--max-splits <count>', 'most children of a map that says nothing else itself', wholeNumber(1))
    .option('--name <name>', 'a name for this run')
    .option('--tag <tag>', 'a tag for this run; may be repeated', collect)
    .option('-q, --quiet', 'print failures only')
    .option('--json', 'print one JSON document when the run has ended: run, state, counts, result, failed tasks')
    .addHelpText(
      'after',
      '\nOn a terminal the run is shown as it goes; elsewhere each event is a line of JSON. Ctrl+C cancels the run, a second one exits at once.',
    );
}

/** A name that no task has would be forced in vain, and in silence. Where the body decides what to call, only the run can tell. */
export async function checkTasks(inside: FlowInside, sources: ParameterSources, option: string, forced: readonly string[] = []): Promise<void> {
  if (forced.length === 0) return;
  const { complete, nodes } = await inside.graph(sources);
  const tasks = [...new Set(nodes.map(({ task }) => task))];
  const unknown = forced.find((name) => !tasks.some((task) => new TaskSelection([name]).has(task)));
  if (!complete || unknown === undefined) return;
  const meant = nearest(unknown, tasks);
  const sentence = `expected ${option} with the name of a task of this flow (${tasks.join(', ')}); got '${unknown}'`;
  throw new UsageError(sentence, meant === undefined ? undefined : `Did you mean '${meant}'?`);
}

export function startOptions(
  { force, forceTask, forceOnly, only, maxWorkers, maxSplits, name, tag }: RunCommandOptions,
  watch: RunTeller,
): StartOptions {
  return {
    signal: watch.signal,
    watch,
    // What tasks print is shown as lines of their logs.
    echo: false,
    ...(force ? { force: true as const } : forceTask ? { force: forceTask } : {}),
    ...(forceOnly ? { forceOnly } : {}),
    ...(only ? { only } : {}),
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    ...(maxSplits === undefined ? {} : { maxSplits }),
    ...(name === undefined ? {} : { name }),
    ...(tag === undefined ? {} : { tags: tag }),
  };
}
