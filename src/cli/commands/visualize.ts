import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { VisualizeOptions } from '../../flow/flow-runtime.js';
import type { CommandContext } from '../command.js';
import { addFlowArguments, type FlowCommandOptions, openFlow } from '../flow-command.js';
import { flowOf } from '../flow-of-run.js';
import { withOwnOutput } from '../own-output.js';
import type { Terminal } from '../terminal.js';

interface VisualizeCommandOptions extends FlowCommandOptions {
  readonly format?: NonNullable<VisualizeOptions['format']>;
  readonly output?: string;
  readonly run?: string;
}

export function visualizeCommand(context: CommandContext): Command {
  return addFlowArguments(new Command('visualize').description("draw a flow's graph"))
    .addOption(new Option('--format <format>', '(default: by the ending of the output file, else dot)').choices(['dot', 'svg', 'mermaid', 'json']))
    .option('-o, --output <file>', 'write the drawing to this file')
    .option('--run <run>', 'draw a run of the past instead, with its states in colour')
    .action(async (file: string, flow: string | undefined, options: VisualizeCommandOptions) => {
      await withOwnOutput(context.terminal, async (terminal) => await draw(file, flow, options, terminal));
    });
}

async function draw(
  file: string,
  flow: string | undefined,
  { format, output, run, ...options }: VisualizeCommandOptions,
  terminal: Terminal,
): Promise<void> {
  // The run knows its flow: in a file of several, nobody has to say it again.
  const { inside, sources } = await openFlow(file, flow ?? (run && (await flowOf(run))), options, terminal);
  const drawing = await inside.visualize(sources, {
    ...(format === undefined ? {} : { format }),
    ...(output === undefined ? {} : { file: resolve(terminal.cwd, output) }),
    ...(run === undefined ? {} : { from: { runId: run } }),
  });
  if (output === undefined) terminal.out.write(drawing.endsWith('\n') ? drawing : `${drawing}\n`);
  else terminal.err.write(`wrote ${output}\n`);
}
