import type { Command } from 'commander';
import type { FlowInside } from '../flow/flow.js';
import type { ParameterSources } from '../flow/parameters.js';
import { findReferencedFlows } from './flow-file/find-flow.js';
import type { HowToName } from './flow-file/refuse-file.js';
import { loadFlowFile } from './load-flow-file.js';
import type { Terminal } from './terminal.js';

export interface FlowCommandOptions {
  readonly param?: readonly string[];
  readonly paramFile?: string;
}

/** What every command over a flow file takes first. */
export const FLOW_FILE = 'a TypeScript or JavaScript file that exports a flow';

/** The arguments that every command over a flow file takes. */
export function addFlowArguments(command: Command): Command {
  return command
    .argument('<file>', FLOW_FILE)
    .argument('[flow]', 'the name of the flow, where the file has several and none is the default export')
    .option('-p, --param <name=value>', 'a parameter; may be repeated', collect)
    .option('--param-file <file>', 'a JSON file with parameters by name')
    .addHelpText('after', '\nParameters are taken from --param, then --param-file, then MILLRACE_PARAM_<NAME>, then their defaults.');
}

/** For options that may be repeated. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

export interface OpenedFlow {
  readonly name: string;
  readonly inside: FlowInside;
  readonly sources: ParameterSources;
}

/** Loads the file, finds the flow that is meant, and gathers its parameters, unchecked. @throws FlowFileError and errors of the parameters' syntax */
export async function openFlow(
  file: string,
  flow: string | undefined,
  options: FlowCommandOptions,
  terminal: Terminal,
  howToName?: HowToName,
): Promise<OpenedFlow> {
  const sources = await parameterSources(options, terminal);
  const chosen = await (await loadFlowFile(file, terminal.cwd)).choose(flow, howToName);
  await findReferencedFlows();
  return { name: chosen.flowName, inside: chosen.inside, sources };
}

async function parameterSources({ param = [], paramFile }: FlowCommandOptions, terminal: Terminal): Promise<ParameterSources> {
  if (param.length === 0 && paramFile === undefined) return { environment: terminal.env };
  const { parseParamArguments, readParamFile } = await import('../flow/parameters.js');
  const commandLine = parseParamArguments(param);
  return paramFile === undefined
    ? { commandLine, environment: terminal.env }
    : { commandLine, environment: terminal.env, file: await readParamFile(paramFile) };
}
