import { Command } from 'commander';
import { terminalText } from '../../log/terminal-text.js';
import { formatAgo } from '../amounts.js';
import type { CommandContext } from '../command.js';
import { collect, FLOW_FILE, openFlow } from '../flow-command.js';
import { flowOf } from '../flow-of-run.js';
import { followRun, type ShowRun, withRunOutput } from '../follow-run.js';
import { addRunOptions, checkTasks, type RunCommandOptions } from '../run-options.js';
import type { Terminal } from '../terminal.js';

interface ResumeCommandOptions extends RunCommandOptions {
  readonly from?: string;
  readonly flow?: string;
}

export function resumeCommand(context: CommandContext): Command {
  const command = new Command('resume')
    .description('go on with a run that failed, crashed or was cancelled: what it has finished is taken over, the rest executes')
    .argument('<file>', FLOW_FILE)
    .argument('[run]', "its id, or <flow>/latest; without it, the flow's newest run that has not succeeded")
    .option('--from <task>', 'execute this task, and all downstream of it, again')
    .option('--flow <flow>', 'the name of the flow, where the file has several and no run is named')
    .option('-p, --param <name=value>', 'a parameter that is to be another; may be repeated', collect)
    .option('--param-file <file>', 'a JSON file with such parameters by name')
    .addHelpText(
      'after',
      '\nParameters that are not given are those of the run. Secrets are not recorded: they must be given again, or be in the environment.',
    );
  return addRunOptions(command).action(async (file: string, run: string | undefined, _options: unknown, own: Command) => {
    const options = own.optsWithGlobals<ResumeCommandOptions>();
    const show: ShowRun = async (terminal, printer) => {
      // The run knows its flow: in a file of several, nobody has to say it again.
      const flow = options.flow ?? (run && (await flowOf(run)));
      const [{ name, inside, sources }, makePrinter] = await Promise.all([openFlow(file, flow, options, terminal, 'option'), printer]);
      await checkTasks(inside, sources, '--force-task', options.forceTask);
      await checkTasks(inside, sources, '--force-only', options.forceOnly);
      await checkTasks(inside, sources, '--only', options.only);
      return await followRun({ name, file, inside, options, terminal, makePrinter }, async (start) => {
        const { origin, handle } = await inside.resume(sources, { runId: run, from: options.from }, start);
        const ended = `${origin.state} ${formatAgo((origin.finishedAt ?? origin.createdAt).getTime(), terminal.now())}`;
        if (handle !== undefined) return { handle, note: `resumes ${origin.id} (${ended})`, resumes: origin.id };
        tellNothing(terminal, options, { run: origin.id, flow: name, state: origin.state, ended });
        return undefined;
      });
    };
    context.exit(await withRunOutput(options, context.terminal, show));
  });
}

/** The run has succeeded. */
function tellNothing(
  { out }: Terminal,
  { json, quiet }: ResumeCommandOptions,
  { ended, ...run }: { readonly run: string; readonly flow: string; readonly state: string; readonly ended: string },
): void {
  if (json || (out.isTTY !== true && !quiet)) out.write(`${JSON.stringify({ ...run, nothingToResume: true })}\n`);
  else if (!quiet) out.write(`nothing to resume: ${run.run} of flow ${terminalText(run.flow)} is a ${ended}\n`);
}
