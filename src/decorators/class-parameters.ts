import { isDeepStrictEqual } from 'node:util';
import { asError, describe, MillraceError } from '../base/error.js';
import { type AnySchema, type ParamSpec, param } from '../flow/parameters.js';
import { scopes } from '../flow/scope.js';
import { isRef } from '../graph/ref.js';
import { isPlain } from '../graph/references.js';
import { dataFields } from './instance-fields.js';
import { markedFields, type ParameterOptions } from './parameter-decorator.js';
import { kindSchema, withDefault } from './parameter-schema.js';

/** A class without required constructor parameters. */
export type InstanceMaker = new () => object;

export interface ClassParameters {
  readonly spec: Exclude<ParamSpec, AnySchema>;
  /** Puts the values of a run into the fields of an instance. */
  assign(instance: object, values: Readonly<Record<string, unknown>>): void;
}

/**
 * The fields of a class as parameters, with their initializers as defaults: read from a sample, which is made once, outside of any flow.
 * @throws MillraceError `FLOW_CLASS_INVALID` when no sample can be made, `PARAM_DECLARATION_INVALID`
 */
export function classParameters(Class: InstanceMaker): ClassParameters {
  const sample = scopes.exit(() => makeInstance(Class));
  const marks = markedFields(sample);
  const fields = dataFields(sample);
  const names = new Set([...fields.keys(), ...marks.keys()]);
  const spec: Record<string, ClassParameters['spec'][string]> = {};
  for (const name of names) {
    const mark = marks.get(name);
    const initial = fields.get(name);
    if (mark !== undefined) spec[name] = declare(name, mark, initial);
    else if (initial === undefined ? marks.size === 0 : isData(initial)) spec[name] = declare(name, {}, initial);
  }
  const isState = (name: string, value: unknown): boolean =>
    !marks.has(name) && typeof value === 'object' && value !== null && !isRef(value) && isDeepStrictEqual(value, fields.get(name));
  return {
    spec: Object.freeze(spec),
    assign(instance, values) {
      // A list that nobody gave and nobody marked is the instance's own to fill: the recorded value is a frozen copy.
      for (const name of Object.keys(spec)) if (!isState(name, values[name])) Reflect.set(instance, name, values[name]);
    },
  };
}

/** @throws MillraceError `FLOW_CLASS_INVALID` */
function makeInstance(Class: InstanceMaker): object {
  if (Class.length > 0) {
    throw new MillraceError('FLOW_CLASS_INVALID', `expected class ${Class.name} to have a constructor without parameters; it takes ${Class.length}`, {
      hint: 'Make them fields with @Parameter(): a run puts their values in.',
    });
  }
  try {
    return new Class();
  } catch (error) {
    throw new MillraceError('FLOW_CLASS_INVALID', `expected an instance of ${Class.name} to be made; it threw: ${asError(error).message}`, {
      cause: error,
      hint: 'One is made to read the defaults of its parameters: do the work in run(), not in the constructor.',
    });
  }
}

function declare(name: string, { schema, default: fallback, help, env }: ParameterOptions, initial: unknown): ClassParameters['spec'][string] {
  if (initial !== undefined && fallback !== undefined && !isDeepStrictEqual(initial, fallback)) {
    throw new MillraceError(
      'PARAM_DECLARATION_INVALID',
      `expected one default for parameter '${name}'; got ${describe(initial)} from the initializer and ${describe(fallback)} from @Parameter`,
    );
  }
  const byDefault = initial ?? fallback;
  const options = { ...(help !== undefined && { help }), ...(env !== undefined && { env }) };
  if (schema !== undefined) return param(byDefault === undefined ? schema : withDefault(schema, byDefault, name), options);
  if (typeof byDefault === 'string' || typeof byDefault === 'number' || typeof byDefault === 'boolean')
    return param({ ...options, default: byDefault });
  return param(kindSchema(byDefault), options);
}

/** What a run can be given and its record can show: connections, caches and the like are the instance's own affair. */
function isData(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function' && typeof value !== 'symbol';
  if (value instanceof Date) return true;
  return depth < 8 && isPlain(value) && Object.values(value).every((part) => isData(part, depth + 1));
}
