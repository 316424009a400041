import { Command } from 'commander';
import type { InvalidateOptions } from '../../flow/flow-runtime.js';
import { terminalText } from '../../log/terminal-text.js';
import type { CommandContext } from '../command.js';
import { addFlowArguments, collect, type FlowCommandOptions, openFlow } from '../flow-command.js';
import { withOwnOutput } from '../own-output.js';

interface InvalidateCommandOptions extends FlowCommandOptions {
  readonly task?: readonly string[];
  readonly upstream?: true;
  readonly downstream?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Results are forgotten, not destroyed: past runs keep theirs. */
export function invalidateCommand(context: CommandContext): Command {
  return addFlowArguments(new Command('invalidate').description('forget stored results, so that the next run computes them anew'))
    .requiredOption('-t, --task <task>', "a task's name, an id (clean#2), or a pattern ('train-*'); may be repeated", collect)
    .option('--upstream', 'also what it is made of')
    .option('--downstream', 'also what is made of it')
    .option('--dry-run', 'only say what would be forgotten')
    .option('--json', 'print JSON')
    .action(async (file: string, flow: string | undefined, options: InvalidateCommandOptions) => {
      const { upstream = false, downstream = false } = options;
      const selections = (options.task ?? []).map((task) => ({ task, upstream, downstream }));
      await invalidate(context, file, flow, options, selections);
    });
}

export function resetCommand(context: CommandContext): Command {
  return addFlowArguments(new Command('reset').description('forget the stored results of all tasks of a flow'))
    .option('--dry-run', 'only say what would be forgotten')
    .option('--json', 'print JSON')
    .action(
      async (file: string, flow: string | undefined, options: InvalidateCommandOptions) => await invalidate(context, file, flow, options, [{}]),
    );
}

async function invalidate(
  { terminal: outer }: CommandContext,
  file: string,
  flow: string | undefined,
  options: InvalidateCommandOptions,
  selections: readonly InvalidateOptions[],
): Promise<void> {
  await withOwnOutput(outer, async (terminal) => {
    const { inside, sources } = await openFlow(file, flow, options, terminal);
    const dryRun = options.dryRun === true;
    const concerned = new Set<string>();
    for (const selection of selections) for (const id of await inside.invalidate(sources, { ...selection, dryRun })) concerned.add(id);
    const ids = [...concerned];
    if (options.json) terminal.out.write(`${JSON.stringify({ dryRun, invalidated: ids }, null, 2)}\n`);
    else terminal.out.write(`${sentence(ids, dryRun)}\n`);
  });
}

function sentence(ids: readonly string[], dryRun: boolean): string {
  if (ids.length === 0) return 'nothing to forget: no stored result is concerned';
  // A map is one of them, however many results its children have.
  const what = `what is stored of ${ids.length} ${ids.length === 1 ? 'call' : 'calls'}`;
  return [`${dryRun ? 'would forget' : 'forgot'} ${what}:`, ...ids.map((id) => `  ${terminalText(id)}`)].join('\n');
}
