import { Command } from 'commander';
import type { CommandContext } from '../command.js';
import { addFlowArguments, type FlowCommandOptions, openFlow } from '../flow-command.js';
import { withOwnOutput } from '../own-output.js';

interface PreviewOptions extends FlowCommandOptions {
  readonly json?: true;
}

export function previewCommand(context: CommandContext): Command {
  return addFlowArguments(new Command('preview').description('show what a run would do, and why, without running a task'))
    .option('--json', 'print JSON')
    .action(async (file: string, flow: string | undefined, options: PreviewOptions) => {
      await withOwnOutput(context.terminal, async (terminal) => {
        const { inside, sources } = await openFlow(file, flow, options, terminal);
        const graph = await inside.preview(sources);
        terminal.out.write(`${options.json ? JSON.stringify(graph.toJSON(), null, 2) : graph.toTree()}\n`);
      });
    });
}
