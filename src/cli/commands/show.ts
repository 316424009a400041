import { Command } from 'commander';
import type { ParameterError, ParameterInfo } from '../../flow/parameters.js';
import type { Graph } from '../../graph/graph-view.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { addFlowArguments, type FlowCommandOptions, type OpenedFlow, openFlow } from '../flow-command.js';
import { withOwnOutput } from '../own-output.js';
import { formatTable } from '../table.js';
import { type Terminal, widthOf } from '../terminal.js';

interface ShowOptions extends FlowCommandOptions {
  readonly json?: true;
}

export function showCommand(context: CommandContext): Command {
  return addFlowArguments(new Command('show').description('show a flow: its parameters and its graph, as text'))
    .option('--json', 'print JSON')
    .action(async (file: string, flow: string | undefined, options: ShowOptions) => {
      await withOwnOutput(context.terminal, async (terminal) => {
        const opened = await openFlow(file, flow, options, terminal);
        terminal.out.write(`${options.json ? await asJson(opened) : await asText(opened, terminal)}\n`);
      });
    });
}

async function asJson(opened: OpenedFlow): Promise<string> {
  const { name, inside } = opened;
  const { graph } = await graphOrMissing(opened);
  const { description, owner } = inside.definition;
  const document = { flow: name, description, owner, parameters: inside.parameters(), graph: graph?.toJSON() };
  return JSON.stringify(document, null, 2);
}

async function asText(opened: OpenedFlow, terminal: Terminal): Promise<string> {
  const colours = coloursFor(terminal.out, terminal.env);
  const { name, inside } = opened;
  const parameters = inside.parameters();
  const { description, owner } = inside.definition;
  const about = [colours.bold(name), description, owner === undefined ? undefined : `${colours.dim('owner')} ${owner}`];
  const blocks = [about.filter((line) => line !== undefined).join('\n')];
  if (parameters.length > 0) {
    const rows = parameters.map((parameter) => [parameter.name, parameter.type, defaultOf(parameter), parameter.help ?? '']);
    const titles = [{ title: 'parameter' }, { title: 'type' }, { title: 'default' }, { title: '' }];
    blocks.push(formatTable(titles, rows, { width: widthOf(terminal.out), paintTitle: colours.dim }));
  }
  const { graph, missing } = await graphOrMissing(opened);
  // A graph may depend on its parameters; the parameters themselves are shown in any case.
  blocks.push(
    graph?.toString() ?? `${colours.cyan('hint')}: to see the graph, give ${missing.map((parameter) => `--param ${parameter}=…`).join(' ')}`,
  );
  return blocks.join('\n\n');
}

function defaultOf({ required, default: value }: ParameterInfo): string {
  if (required) return '(required)';
  return value === undefined ? '' : typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}

/** The graph, or the names of the required parameters it cannot be drawn without. What was given and is wrong is thrown. */
async function graphOrMissing({ inside, sources }: OpenedFlow): Promise<{ readonly graph?: Graph; readonly missing: readonly string[] }> {
  try {
    return { graph: await inside.graph(sources), missing: [] };
  } catch (error) {
    // By its fields: the flow file may have brought its own copy of the package.
    const { code, issues } = error as Partial<ParameterError>;
    if (code !== 'PARAMETER_INVALID' || !issues?.every((issue) => issue.problem === 'missing')) throw error;
    return { missing: issues.map((issue) => issue.parameter) };
  }
}
