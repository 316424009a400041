import type { FlowDefinition } from '../flow/flow-runtime.js';
import { givenNames, type ParameterSources } from '../flow/parameter-sources.js';
import { resolveParameters } from '../flow/parameters.js';
import { encodeText } from '../results/json.js';
import { sourcesOf } from './run-sources.js';

/**
 * What was given on purpose, by name, as values that the flow's schemas understand: texts of a command line are read as their parameters ask. For who
 * keeps them until a run starts elsewhere.
 * @throws ParameterError
 */
export async function inputsOf(flow: FlowDefinition, given: ParameterSources): Promise<Readonly<Record<string, unknown>>> {
  const inputs: Record<string, unknown> = { ...given.file?.values };
  const { commandLine = {} } = given;
  if (Object.keys(commandLine).length > 0) {
    const { values } = await resolveParameters(flow.params ?? {}, sourcesOf(flow, given));
    for (const [name, text] of Object.entries(commandLine)) inputs[name] = await inputOf(flow, given, { name, text, value: values[name] });
  }
  const argument = (given.argument ?? {}) as Readonly<Record<string, unknown>>;
  for (const name of givenNames({ argument: given.argument }).keys()) inputs[name] = argument[name];
  return inputs;
}

interface TypedParameter {
  readonly name: string;
  readonly text: string;
  /** What it came to. */
  readonly value: unknown;
}

/** Of what the text may stand for, the first that comes to the same; a transform's result is seldom what it takes. */
async function inputOf(flow: FlowDefinition, given: ParameterSources, { name, text, value }: TypedParameter): Promise<unknown> {
  const { [name]: _, ...others } = given.commandLine ?? {};
  for (const candidate of [value, ...asJson(text), text]) {
    try {
      const argument = { ...(given.argument as object | undefined), [name]: candidate };
      const { values } = await resolveParameters(flow.params ?? {}, sourcesOf(flow, { ...given, commandLine: others, argument }));
      if (encodeText(values[name]) === encodeText(value)) return candidate;
    } catch {
      // Not what the schema takes, or nothing that can be stored.
    }
  }
  return text;
}

function asJson(text: string): readonly unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}
