import { describe } from '../base/error.js';
import { describeDefinition, resolveByName } from './named-parameters.js';
import { describeObjectSchema, resolveBySchema } from './object-parameters.js';
import { definitionsIn, isSchema, type ParamSpec } from './param.js';
import { ParameterError } from './parameter-error.js';
import type { ParameterSources } from './parameter-sources.js';
import type { ParameterInfo, ResolvedParameters } from './resolved-parameters.js';

export { type AnySchema, type Param, type ParamSpec, type ParamsIn, type ParamsOf, param } from './param.js';
export { ParameterError, type ParameterIssue } from './parameter-error.js';
export { type ParameterSources, parseParamArguments, readParamFile } from './parameter-sources.js';
export type { ParameterInfo, ResolvedParameters } from './resolved-parameters.js';

/**
 * A flow's parameters in the order they are declared. Of one schema for all of them, as far as it can be looked into: it offers a
 * JSON Schema, or is one of valibot's objects.
 * @throws MillraceError `PARAM_DECLARATION_INVALID`
 */
export function describeParameters(spec: ParamSpec): readonly ParameterInfo[] {
  if (isSchema(spec)) return describeObjectSchema(spec);
  return [...definitionsIn(spec)].map(([name, definition]) => describeDefinition(name, definition));
}

/**
 * Settles the parameters of a run from their sources, by precedence: argument, command line, file, environment, default (S17).
 * @throws ParameterError with everything that is missing, unknown or ill-typed
 * @throws MillraceError `PARAM_DECLARATION_INVALID`
 */
export async function resolveParameters(spec: ParamSpec, sources: ParameterSources): Promise<ResolvedParameters> {
  const argument: unknown = sources.argument ?? {};
  if (typeof argument !== 'object' || Array.isArray(argument)) {
    const expected = 'an object with the parameters by name';
    throw new ParameterError([{ parameter: '', problem: 'invalid', expected, got: describe(argument), source: 'argument' }]);
  }
  return isSchema(spec) ? await resolveBySchema(spec, sources) : await resolveByName(definitionsIn(spec), sources);
}
