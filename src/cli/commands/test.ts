import { Command } from 'commander';
import { terminalText } from '../../log/terminal-text.js';
import { IN_MEMORY } from '../../runtime/home.js';
import type { CommandContext } from '../command.js';
import { addFlowArguments, collect, openFlow } from '../flow-command.js';
import { followRun, type ShowRun, withRunOutput } from '../follow-run.js';
import type { RunCommandOptions } from '../run-options.js';
import { UsageError } from '../usage-error.js';

interface TestOptions extends RunCommandOptions {
  readonly task?: string;
  readonly arg?: readonly string[];
}

/** Nothing is recorded and nothing reused: the project of the process is one in memory. */
export function testCommand(context: CommandContext): Command {
  return addFlowArguments(new Command('test').description('execute a flow, or one task of it, with nothing recorded and nothing reused'))
    .option(
      '--task <task>',
      'only this task, with the arguments of its call in the flow: what it takes of others is what they gave in the newest run',
    )
    .option('--arg <json>', 'with --task: an argument instead, as JSON; as often as there are arguments, in order', collect)
    .option('-q, --quiet', 'print failures only')
    .option('--json', 'print one JSON document when it has ended: state, counts, result, failed tasks')
    .addHelpText(
      'after',
      '\nWhat tasks do to the world they do all the same: a flow that sends mail sends it. Targets are written, but for those of a single task.',
    )
    .action(async (file: string, flow: string | undefined, _: unknown, own: Command) => {
      const options = own.optsWithGlobals<TestOptions>();
      const args = options.arg?.map(parseArgument);
      if (args !== undefined && options.task === undefined) throw new UsageError('expected --task with --arg', '--task load --arg \'"data.csv"\'');
      const show: ShowRun = async (terminal, printer) => {
        const [{ name, inside, sources }, makePrinter] = await Promise.all([openFlow(file, flow, options, terminal), printer]);
        const call = options.task === undefined ? undefined : await inside.taskCall(sources, options.task, args);
        process.env.MILLRACE_HOME = IN_MEMORY;
        const note =
          call === undefined
            ? 'test: nothing is recorded'
            : `test of ${terminalText(options.task ?? '')}${call.from === undefined ? '' : ` with results of ${call.from}`}`;
        return await followRun({ name, file, inside, options, terminal, makePrinter }, (start) => ({
          handle: call === undefined ? inside.start(sources, { ...start, force: true }) : call.start(start),
          note,
        }));
      };
      context.exit(await withRunOutput(options, context.terminal, show));
    });
}

function parseArgument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`expected --arg with JSON; got '${text}'`, `A text has quotes: --arg '"${text}"'`);
  }
}
