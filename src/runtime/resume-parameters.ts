import { MillraceError } from '../base/error.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import { givenNames } from '../flow/parameter-sources.js';
import { describeParameters, type ParameterSources } from '../flow/parameters.js';
import { SECRET_MASK } from '../log/mask.js';
import type { RunRow } from '../model/records.js';
import { decodeText } from '../results/json.js';

/**
 * Sources in which the parameters of the resumed run stand in for what is not given (S30). Secrets are not in the record: they come again as they
 * came before.
 * @throws MillraceError `PARAM_NOT_RECORDED`
 */
export function withRecorded(flow: FlowDefinition, origin: RunRow, sources: ParameterSources): ParameterSources {
  const declared = new Map(describeParameters(flow.params ?? {}).map((info) => [info.name, info]));
  const given = givenNames(sources);
  const recorded: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(origin.params)) {
    const isGone = declared.size > 0 && !declared.has(name);
    if (isGone || given.has(name) || declared.get(name)?.secret) continue;
    recorded[name] = decoded(name, text, origin);
  }
  return { ...sources, recorded };
}

function decoded(name: string, text: string, { id }: RunRow): unknown {
  try {
    if (!text.includes(SECRET_MASK)) return decodeText(text);
  } catch {
    // Of a class that the flow does not teach any more.
  }
  throw new MillraceError('PARAM_NOT_RECORDED', `expected parameter '${name}' to be given again: the record of run ${id} has only ${text}`, {
    hint: 'A value with a secret in it is not recorded as it was.',
  });
}
