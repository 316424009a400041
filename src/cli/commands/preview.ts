import { Command } from 'commander';
import type { Graph } from '../../graph/graph-view.js';
import { terminalText } from '../../log/terminal-text.js';
import { reasonWords } from '../../model/reason-text.js';
import type { CommandContext } from '../command.js';
import { addFlowArguments, type FlowCommandOptions, openFlow } from '../flow-command.js';
import { withOwnOutput } from '../own-output.js';

interface PreviewOptions extends FlowCommandOptions {
  readonly json?: true;
  readonly why?: true;
}

export function previewCommand(context: CommandContext): Command {
  return addFlowArguments(new Command('preview').description('show what a run would do, and why, without running a task'))
    .option('--json', 'print JSON')
    .option('--why', 'list every cause of each task that would run')
    .action(async (file: string, flow: string | undefined, options: PreviewOptions) => {
      await withOwnOutput(context.terminal, async (terminal) => {
        const { inside, sources } = await openFlow(file, flow, options, terminal);
        const graph = await inside.preview(sources);
        const tree = options.json ? JSON.stringify(graph.toJSON(), null, 2) : graph.toTree();
        const causes = options.why && !options.json ? causesOf(graph) : '';
        terminal.out.write(`${tree}\n${causes}`);
      });
    });
}

/** What the tree has no room for: a task to a block, a cause to a line. */
function causesOf({ nodes }: Pick<Graph, 'nodes'>): string {
  const blocks = nodes.flatMap(({ id, why }) => {
    if (why === undefined) return [];
    const causes = why.detail === undefined ? [] : why.detail.split('; ');
    return [[`${terminalText(id)}: ${reasonWords(why)}`, ...causes.map((cause) => `  ${terminalText(cause)}`)].join('\n')];
  });
  return blocks.length === 0 ? '' : `\n${blocks.join('\n')}\n`;
}
