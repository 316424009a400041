import { describe } from '../base/error.js';
import { frozenCopy } from './frozen-copy.js';
import { type JsonSchema, jsonSchemaOf, typeText } from './json-schema.js';
import { describeDefinition } from './named-parameters.js';
import { type AnySchema, isSchema, type ParamDefinition, UNSAFE_NAMES } from './param.js';
import { ParameterError, type ParameterIssue, type ParameterOrigin } from './parameter-error.js';
import { type GivenValue, givenNames, givenValue, type ParameterSources } from './parameter-sources.js';
import { readText } from './parameter-text.js';
import type { ParameterInfo, ResolvedParameters } from './resolved-parameters.js';
import { askForDefaultNow, askSchema, type SchemaComplaint } from './schema-verdict.js';
import { unknownParameters } from './unknown-parameters.js';

/** What is known of a schema for all parameters together. */
interface ObjectShape {
  readonly properties: Readonly<Record<string, PropertyShape>>;
  /** Names other than the properties are errors. */
  readonly closed: boolean;
  readonly required: ReadonlySet<string>;
}

interface PropertyShape {
  readonly jsonSchema: JsonSchema | undefined;
  readonly schema: AnySchema | undefined;
}

/** A parameter may be called `toString`. */
function propertyOf(shape: ObjectShape | undefined, name: string): PropertyShape | undefined {
  return shape !== undefined && Object.hasOwn(shape.properties, name) ? shape.properties[name] : undefined;
}

/** Undefined where it cannot be looked into: it is then asked only when all values are there. */
function shapeOf(spec: AnySchema): ObjectShape | undefined {
  const jsonSchema = jsonSchemaOf(spec);
  if (jsonSchema?.properties !== undefined) {
    const { additionalProperties: rest = false, patternProperties } = jsonSchema;
    const properties = Object.fromEntries(
      Object.entries(jsonSchema.properties).map(([name, property]) => [name, { jsonSchema: property, schema: undefined }]),
    );
    return { properties, closed: rest === false && patternProperties === undefined, required: new Set(jsonSchema.required) };
  }
  return valibotShape(spec);
}

/** valibot offers no JSON Schema of itself, but its object schemas show their `entries`; only the kinds below let unknown names pass in silence. */
function valibotShape(spec: AnySchema): ObjectShape | undefined {
  const { entries, type } = spec as { readonly entries?: unknown; readonly type?: unknown };
  if (spec['~standard'].vendor !== 'valibot' || typeof entries !== 'object' || entries === null) return undefined;
  const schemas = Object.entries(entries).filter((entry): entry is [string, AnySchema] => isSchema(entry[1]));
  const properties = Object.fromEntries(schemas.map(([name, schema]) => [name, { jsonSchema: jsonSchemaOf(schema), schema }]));
  const required = schemas.filter(([, schema]) => askForDefaultNow(schema)?.accepted === false).map(([name]) => name);
  return { properties, closed: type === 'object' || type === 'strict_object', required: new Set(required) };
}

const PLAIN: Omit<ParamDefinition, 'schema'> = {
  fallback: undefined,
  help: undefined,
  env: undefined,
  significant: true,
  secret: false,
  delimiter: undefined,
  file: undefined,
};

export function describeObjectSchema(spec: AnySchema): readonly ParameterInfo[] {
  const shape = shapeOf(spec);
  if (shape === undefined) return [];
  return Object.entries(shape.properties).map(([name, { jsonSchema, schema }]) => {
    if (schema !== undefined) return describeDefinition(name, { ...PLAIN, schema });
    const { default: fallback, description: help } = jsonSchema ?? {};
    const shown = { ...(fallback !== undefined && { default: frozenCopy(fallback) }), ...(help !== undefined && { help }) };
    return Object.freeze({ name, type: typeText(jsonSchema), required: shape.required.has(name), ...shown, secret: false, significant: true });
  });
}

/** A parameter on its way: a text may stand for several values, of which the schema takes the first it accepts. */
interface Entry {
  readonly given: GivenValue;
  readonly candidates: readonly unknown[];
  chosen: number;
}

/** Settles parameters that one schema judges together. @throws ParameterError */
export async function resolveBySchema(spec: AnySchema, sources: ParameterSources): Promise<ResolvedParameters> {
  const shape = shapeOf(spec);
  const known = Object.keys(shape?.properties ?? {});
  const given = [...givenNames(sources).keys()];
  const unknown = await unknownParameters(shape?.closed ? known : given.filter((name) => !UNSAFE_NAMES.has(name)), sources);
  const strangers = new Set(unknown.map((issue) => issue.parameter));
  const entries = readEntries(new Set([...known, ...given.filter((name) => !strangers.has(name))]), shape, sources);
  const typeIssues = [...entries].filter(([, entry]) => entry.candidates.length === 0).map(([name, entry]) => issueOf(name, entry, shape, undefined));
  if (typeIssues.length > 0) throw new ParameterError([...typeIssues, ...unknown]);
  const verdict = await tryCandidates(spec, entries);
  if (!verdict.accepted || unknown.length > 0) {
    throw new ParameterError([...(verdict.accepted ? [] : issuesOf(verdict.complaints, entries, shape)), ...unknown]);
  }
  return settled(verdict.value, entries);
}

function readEntries(names: ReadonlySet<string>, shape: ObjectShape | undefined, sources: ParameterSources): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const name of names) {
    const given = givenValue(sources, name, undefined);
    if (given === undefined) continue;
    const { jsonSchema, schema } = propertyOf(shape, name) ?? {};
    const absent = schema && askForDefaultNow(schema);
    const fallback = jsonSchema?.default ?? (absent?.accepted ? absent.value : undefined);
    const candidates = given.isText ? readText(given.value as string, { jsonSchema, fallback, guessed: true }) : [given.value];
    entries.set(name, { given, candidates, chosen: 0 });
  }
  return entries;
}

/** Asks the schema; while it complains of a text that has another reading, takes that. Each round moves at least one text on, so it ends. */
async function tryCandidates(spec: AnySchema, entries: ReadonlyMap<string, Entry>): ReturnType<typeof askSchema> {
  const current = (): Record<string, unknown> => Object.fromEntries([...entries].map(([name, entry]) => [name, entry.candidates[entry.chosen]]));
  const first = await askSchema(spec, current());
  for (let verdict = first; ; verdict = await askSchema(spec, current())) {
    if (verdict.accepted) return verdict;
    let moved = false;
    for (const name of new Set(verdict.complaints.map((complaint) => complaint.key))) {
      const entry = name === undefined ? undefined : entries.get(name);
      if (entry === undefined || entry.chosen + 1 >= entry.candidates.length) continue;
      entry.chosen++;
      moved = true;
    }
    // The first complaint is about the likeliest reading, so it is the one to show.
    if (!moved) return first.accepted ? verdict : mergeComplaints(first.complaints, verdict.complaints);
  }
}

/** Only what is still wrong, in the words it was said first. */
function mergeComplaints(
  first: readonly SchemaComplaint[],
  last: readonly SchemaComplaint[],
): { accepted: false; complaints: readonly SchemaComplaint[] } {
  const stillWrong = new Set(last.map((complaint) => complaint.key));
  const told = first.filter((complaint) => stillWrong.has(complaint.key));
  const toldKeys = new Set(told.map((complaint) => complaint.key));
  return { accepted: false, complaints: [...told, ...last.filter((complaint) => !toldKeys.has(complaint.key))] };
}

function issuesOf(
  complaints: readonly SchemaComplaint[],
  entries: ReadonlyMap<string, Entry>,
  shape: ObjectShape | undefined,
): readonly ParameterIssue[] {
  const byName = new Map<string | undefined, SchemaComplaint[]>();
  for (const complaint of complaints) byName.set(complaint.key, [...(byName.get(complaint.key) ?? []), complaint]);
  return [...byName].map(([name, said]) => {
    const words = said.map((complaint) => complaint.textInside).join('; ');
    const entry = name === undefined ? undefined : entries.get(name);
    if (name !== undefined && entry !== undefined) return issueOf(name, entry, shape, words);
    if (name !== undefined) return { parameter: name, problem: 'missing', expected: typeAsText(name, shape), got: 'nothing', source: 'none' };
    const source = [...entries.values()][0]?.given.origin ?? 'none';
    return {
      parameter: '',
      problem: 'invalid',
      expected: words,
      said: words,
      got: describe(Object.fromEntries([...entries].map(([key, { given }]) => [key, given.value]))),
      source,
    };
  });
}

function issueOf(name: string, { given }: Entry, shape: ObjectShape | undefined, words: string | undefined): ParameterIssue {
  const type = typeAsText(name, shape);
  return {
    parameter: name,
    problem: 'invalid',
    expected: words === undefined ? type : `${type} (${words})`,
    ...(words !== undefined && type === ANY_VALUE ? { said: words } : {}),
    got: describe(given.value),
    source: given.origin,
  };
}

function typeAsText(name: string, shape: ObjectShape | undefined): string {
  const type = typeText(propertyOf(shape, name)?.jsonSchema);
  return type === 'unknown' ? ANY_VALUE : type;
}

const ANY_VALUE = 'a value the schema accepts';

function settled(value: unknown, entries: ReadonlyMap<string, Entry>): ResolvedParameters {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ParameterError([
      { parameter: '', problem: 'invalid', expected: 'a schema that gives an object', got: describe(value), source: 'none' },
    ]);
  }
  const origins: Record<string, ParameterOrigin> = {};
  for (const name of new Set([...Object.keys(value), ...entries.keys()])) origins[name] = entries.get(name)?.given.origin ?? 'default';
  return Object.freeze({
    values: frozenCopy(value) as Readonly<Record<string, unknown>>,
    sources: Object.freeze(origins),
    secrets: Object.freeze([]),
    files: Object.freeze({}),
  });
}
