import { z } from '@hono/zod-openapi';
import { nearest } from '../base/nearest.js';
import { encodeText } from '../results/json.js';
import { ApiError, type ApiIssue } from './api-error.js';
import type { ServedFlow, ServedParameter } from './served-flows.js';

/**
 * Parameters that somebody asks for, checked by the flow's JSON Schema as its service tells it, and as a due run has them. The flow itself has the
 * last word when the run starts: not all that a schema can ask for has a word in JSON Schema.
 * @param isWhole those that are required must be there; a run that resumes another has them from that one
 * @throws ApiError `PARAMETER_INVALID`, with every issue
 */
export function requestedParams(flow: ServedFlow, given: Readonly<Record<string, unknown>>, isWhole: boolean): Readonly<Record<string, string>> {
  const byName = new Map(flow.parameters.map((parameter) => [parameter.name, parameter]));
  const issues: ApiIssue[] = [];
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const issue = issueOf(name, value, byName, flow);
    if (issue === undefined) texts[name] = encodeText(value);
    else issues.push({ path: name, message: issue });
  }
  if (isWhole) {
    // What the service has in its own environment is no concern of ours.
    const missing = flow.parameters.filter(
      ({ name, required, secret, env }) => required && !secret && env === undefined && !Object.hasOwn(given, name),
    );
    for (const { name, type } of missing) issues.push({ path: name, message: `expected ${type}; got nothing` });
  }
  if (issues.length > 0)
    throw new ApiError(
      422,
      'PARAMETER_INVALID',
      `${issues.length === 1 ? 'a parameter is' : `${issues.length} parameters are`} not what flow '${flow.name}' takes`,
      { issues },
    );
  return texts;
}

function issueOf(name: string, value: unknown, known: ReadonlyMap<string, ServedParameter>, { parametersSchema }: ServedFlow): string | undefined {
  const parameter = known.get(name);
  if (parameter?.secret)
    return 'a secret is not taken from here, since what is asked for is recorded; its service has it in its environment or its file of secrets';
  const properties = (parametersSchema?.properties ?? {}) as Readonly<Record<string, unknown>>;
  const isKnown = parameter !== undefined || Object.hasOwn(properties, name);
  const isOpen = parametersSchema !== undefined && parametersSchema.additionalProperties !== false;
  if (!isKnown && !isOpen) {
    const meant = nearest(name, [...known.keys()]);
    return meant === undefined ? 'there is no such parameter' : `there is no such parameter; did you mean '${meant}'?`;
  }
  return Object.hasOwn(properties, name) ? complaintOf(properties[name], value, parametersSchema) : undefined;
}

/** What a schema has against a value. One that cannot be understood here has nothing against any: the flow will. */
function complaintOf(schema: unknown, value: unknown, root: ServedFlow['parametersSchema']): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  try {
    // References in it lead to the definitions of the whole.
    const checker = z.fromJSONSchema({ ...(root?.$defs === undefined ? {} : { $defs: root.$defs }), ...schema } as Parameters<
      typeof z.fromJSONSchema
    >[0]);
    const verdict = checker.safeParse(value);
    return verdict.success
      ? undefined
      : verdict.error.issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`).join('; ');
  } catch {
    return undefined;
  }
}
