import { Command, InvalidArgumentError } from 'commander';
import { MillraceError } from '../../base/error.js';
import { TaskSelection } from '../../engine/task-selection.js';
import type { FlowInside } from '../../flow/flow.js';
import { DEFAULT_CONCURRENCY, type RunHandle } from '../../flow/flow-runtime.js';
import type { ParameterSources } from '../../flow/parameters.js';
import type { StartOptions } from '../../runtime/start-run.js';
import type { CommandContext } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { addFlowArguments, collect, type FlowCommandOptions, openFlow } from '../flow-command.js';
import { loadRunPrinter } from '../load-run-printer.js';
import { withOwnOutput } from '../own-output.js';
import type { RunOutcome } from '../run-printer.js';
import { RunTeller } from '../run-teller.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

interface RunCommandOptions extends FlowCommandOptions {
  readonly force?: true;
  readonly forceTask?: readonly string[];
  readonly forceOnly?: readonly string[];
  readonly maxWorkers?: number;
  readonly maxSplits?: number;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly quiet?: true;
  readonly json?: true;
  readonly debug?: boolean;
}

export function runCommand(context: CommandContext): Command {
  return addFlowArguments(new Command('run').description('run a flow'))
    .option('--force', 'execute every task, whatever is cached')
    .option('--force-task <task>', "execute this task, or those of a pattern ('train-*'), and all downstream of it; may be repeated", collect)
    .option('--force-only <task>', 'execute this task, and nothing else that is cached; may be repeated', collect)
    .option('--max-workers <count>', 'task runs at the same time', wholeNumber)
    .option('--max-splits <count>', 'most children of a map that says nothing else itself', wholeNumber)
    .option('--name <name>', 'a name for this run')
    .option('--tag <tag>', 'a tag for this run; may be repeated', collect)
    .option('-q, --quiet', 'print failures only')
    .option('--json', 'print one JSON document when the run has ended: run, state, counts, result, failed tasks')
    .addHelpText(
      'after',
      '\nOn a terminal the run is shown as it goes; elsewhere each event is a line of JSON. Ctrl+C cancels the run, a second one exits at once.',
    )
    .action(async (file: string, flow: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<RunCommandOptions>();
      const { terminal } = context;
      // A program reads what is printed: nothing but JSON may be in it.
      const isForPrograms = options.json === true || (terminal.out.isTTY !== true && options.quiet !== true);
      const start = async (own: Terminal): Promise<ExitCode> => await run(file, flow, options, own);
      context.exit(isForPrograms ? await withOwnOutput(terminal, start) : await start(terminal));
    });
}

async function run(file: string, flow: string | undefined, options: RunCommandOptions, terminal: Terminal): Promise<ExitCode> {
  // Beside each other: both are mostly waiting for files.
  const [{ name, inside, sources }, makePrinter] = await Promise.all([
    openFlow(file, flow, options, terminal),
    loadRunPrinter(terminal, { quiet: options.quiet === true, json: options.json === true }),
  ]);
  await checkForced(inside, sources, '--force-task', options.forceTask);
  await checkForced(inside, sources, '--force-only', options.forceOnly);
  const signals = listenForSignals();
  try {
    const teller = new RunTeller(signals.signal);
    const handle = inside.start(sources, startOptions(options, teller));
    const slots = options.maxWorkers ?? inside.definition.concurrency ?? DEFAULT_CONCURRENCY;
    const printer = makePrinter({ terminal, flow: name, run: handle.id, slots });
    teller.attach(printer);
    signals.onFirst(() => printer.note('cancelling; Ctrl+C again exits at once'));
    const outcome = await settle(handle);
    await teller.childrenEnded();
    const isExplained = teller.end(outcome);
    return outcome.state === 'success' ? EXIT.success : await failureCode(outcome, isExplained, options, terminal);
  } finally {
    signals.close();
  }
}

/** A name that no task has would be forced in vain, and in silence. Where the body decides what to call, only the run can tell. */
async function checkForced(inside: FlowInside, sources: ParameterSources, option: string, forced: readonly string[] = []): Promise<void> {
  if (forced.length === 0) return;
  const { complete, nodes } = await inside.graph(sources);
  const tasks = [...new Set(nodes.map(({ task }) => task))];
  const unknown = forced.find((name) => !tasks.some((task) => new TaskSelection([name]).has(task)));
  if (!complete || unknown === undefined) return;
  const { nearest } = await import('../nearest.js');
  const meant = nearest(unknown, tasks);
  const sentence = `expected ${option} with the name of a task of this flow (${tasks.join(', ')}); got '${unknown}'`;
  throw new UsageError(sentence, meant === undefined ? undefined : `Did you mean '${meant}'?`);
}

function startOptions({ force, forceTask, forceOnly, maxWorkers, maxSplits, name, tag }: RunCommandOptions, watch: RunTeller): StartOptions {
  return {
    signal: watch.signal,
    watch,
    // What tasks print is shown as lines of their logs.
    echo: false,
    ...(force ? { force: true as const } : forceTask ? { force: forceTask } : {}),
    ...(forceOnly ? { forceOnly } : {}),
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    ...(maxSplits === undefined ? {} : { maxSplits }),
    ...(name === undefined ? {} : { name }),
    ...(tag === undefined ? {} : { tags: tag }),
  };
}

async function settle(handle: RunHandle<unknown>): Promise<RunOutcome> {
  try {
    const value = await handle.result();
    return { state: 'success', value, error: undefined };
  } catch (error) {
    return { state: handle.state, value: undefined, error };
  }
}

/** Says why the run failed, unless that was said, and gives the exit code. */
async function failureCode({ state, error }: RunOutcome, isExplained: boolean, options: RunCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const [{ tellError }, { exitCodeOf }] = await Promise.all([import('../tell-error.js'), import('../errors.js')]);
  const isCancelled = state === 'cancelled';
  if (!isExplained && !(isCancelled && options.quiet)) tellError(error, terminal, options.debug === true);
  return isCancelled ? EXIT.cancelled : exitCodeOf(error);
}

interface Signals {
  readonly signal: AbortSignal;
  /** Called with the first signal, or now when it has come already. */
  onFirst(told: () => void): void;
  close(): void;
}

/** The first SIGINT or SIGTERM cancels the run, the second exits at once (S15). */
function listenForSignals(): Signals {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(EXIT.cancelled);
    controller.abort(new MillraceError('RUN_CANCELLED', `interrupted by ${name}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    onFirst(told) {
      if (controller.signal.aborted) told();
      else controller.signal.addEventListener('abort', told, { once: true });
    },
    close() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1) return value;
  throw new InvalidArgumentError('Expected a whole number from 1.');
}
