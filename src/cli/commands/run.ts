import { Command, Option } from 'commander';
import type { CommandContext } from '../command.js';
import { addFlowArguments, openFlow } from '../flow-command.js';
import { followRun, type ShowRun, withRunOutput } from '../follow-run.js';
import { addRunOptions, checkTasks, type RunCommandOptions } from '../run-options.js';

export function runCommand(context: CommandContext): Command {
  // A service starts its runs with it.
  const due = new Option('--due <run>', 'the due run that this one is').hideHelp();
  const notify = new Option('--notify <file>', 'with --due: whom else to tell of it').hideHelp();
  return addRunOptions(addFlowArguments(new Command('run').description('run a flow')))
    .addOption(due)
    .addOption(notify)
    .action(async (file: string, flow: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<RunCommandOptions & { readonly due?: string; readonly notify?: string }>();
      if (options.due !== undefined) {
        const { runDue } = await import('../due-run.js');
        return context.exit(await runDue(options.due, file, flow, options, context.terminal));
      }
      const show: ShowRun = async (terminal, printer) => {
        const [{ name, inside, sources }, makePrinter] = await Promise.all([openFlow(file, flow, options, terminal), printer]);
        await checkTasks(inside, sources, '--force-task', options.forceTask);
        await checkTasks(inside, sources, '--force-only', options.forceOnly);
        await checkTasks(inside, sources, '--only', options.only);
        return await followRun({ name, file, inside, options, terminal, makePrinter }, (start) => ({ handle: inside.start(sources, start) }));
      };
      context.exit(await withRunOutput(options, context.terminal, show));
    });
}
