import { describe } from '../base/error.js';
import type { FileComplaint } from './file-complaint.js';
import { frozenCopy } from './frozen-copy.js';
import { type IncludedFile, parseIncluded, readIncluded, wantedFile } from './included-content.js';
import { type JsonSchema, jsonSchemaOf, typeText } from './json-schema.js';
import { maskedIssues } from './masked-issues.js';
import type { FileParameter, ParamDefinition } from './param.js';
import { ParameterError, type ParameterIssue, type ParameterOrigin } from './parameter-error.js';
import { type GivenValue, givenValue, type ParameterSources } from './parameter-sources.js';
import { readText } from './parameter-text.js';
import { type ParameterInfo, type ResolvedParameters, secretTexts } from './resolved-parameters.js';
import { askForDefault, askForDefaultNow, askSchema, type SchemaVerdict } from './schema-verdict.js';
import { unknownParameters } from './unknown-parameters.js';

export function describeDefinition(name: string, definition: ParamDefinition): ParameterInfo {
  const { schema, help, env, secret, significant, file } = definition;
  if (file !== undefined) return describeFile(name, definition, file);
  const jsonSchema = schema && jsonSchemaOf(schema);
  const byDefault: SchemaVerdict | undefined = schema === undefined ? { accepted: true, value: definition.fallback } : askForDefaultNow(schema);
  // What goes in is shown, not what a transform makes of it.
  const fallback = jsonSchema?.default ?? (byDefault?.accepted ? byDefault.value : undefined);
  const text = help ?? jsonSchema?.description;
  return Object.freeze({
    name,
    type: typeName(jsonSchema, fallback),
    required: !(byDefault?.accepted ?? fallback !== undefined),
    ...(fallback !== undefined && { default: secret ? '***' : frozenCopy(fallback) }),
    ...(text !== undefined && { help: text }),
    ...(env !== undefined && { env }),
    secret,
    significant,
  });
}

function describeFile(name: string, { fallback, help, env, significant }: ParamDefinition, { parse }: FileParameter): ParameterInfo {
  const text = { ...(help !== undefined && { help }), ...(env !== undefined && { env }) };
  const type = typeof parse === 'string' && parse !== 'text' ? `file (${parse})` : 'file';
  return Object.freeze({
    name,
    type,
    required: fallback === undefined,
    ...(fallback !== undefined && { default: fallback }),
    ...text,
    secret: false,
    significant,
  });
}

function typeName(jsonSchema: JsonSchema | undefined, fallback: unknown): string {
  const type = typeText(jsonSchema);
  if (type !== 'unknown' || fallback === undefined || fallback === null) return type;
  return Array.isArray(fallback) ? 'unknown[]' : typeof fallback;
}

type Settled = { readonly value: unknown; readonly origin: ParameterOrigin; readonly file?: IncludedFile } | { readonly issue: ParameterIssue };

/** Settles parameters declared one by one. @throws ParameterError */
export async function resolveByName(definitions: ReadonlyMap<string, ParamDefinition>, sources: ParameterSources): Promise<ResolvedParameters> {
  const values: Record<string, unknown> = {};
  const origins: Record<string, ParameterOrigin> = {};
  const secrets = new Set<string>();
  const files: Record<string, IncludedFile> = {};
  const issues: ParameterIssue[] = [];
  for (const [name, definition] of definitions) {
    const given = givenValue(sources, name, definition.env, definition.secret);
    if (definition.secret && given !== undefined) for (const text of secretTexts(given.value)) secrets.add(text);
    const settled = await settle(name, definition, given, sources);
    if ('issue' in settled) {
      issues.push(settled.issue);
      continue;
    }
    values[name] = frozenCopy(settled.value);
    origins[name] = settled.origin;
    if (settled.file !== undefined) files[name] = settled.file;
    if (definition.secret) for (const text of secretTexts(settled.value)) secrets.add(text);
  }
  issues.push(...(await unknownParameters([...definitions.keys()], sources)));
  if (issues.length > 0) throw new ParameterError(maskedIssues(issues, [...secrets]));
  return Object.freeze({
    values: Object.freeze(values),
    sources: Object.freeze(origins),
    secrets: Object.freeze([...secrets]),
    files: Object.freeze(files),
  });
}

async function settle(name: string, definition: ParamDefinition, given: GivenValue | undefined, sources: ParameterSources): Promise<Settled> {
  const { schema, fallback, file } = definition;
  if (file !== undefined) return await settleFile(name, given ?? defaultFile(fallback), file, sources);
  if (given === undefined) {
    const absent: SchemaVerdict = schema === undefined ? { accepted: true, value: fallback } : await askForDefault(schema);
    if (absent.accepted) return { value: absent.value, origin: 'default' };
    const type = typeText(schema && jsonSchemaOf(schema));
    const isResumed = sources.recorded !== undefined;
    const expected = `${type === 'unknown' ? 'a value' : type}${isResumed && definition.secret ? ' again, since secrets are not recorded' : ''}`;
    const { env, secret } = definition;
    const known = { ...(env === undefined ? {} : { env }), ...(secret ? { secret } : {}) };
    return { issue: { parameter: name, problem: 'missing', expected, got: 'nothing', source: 'none', ...known } };
  }
  if (given.origin === 'earlier run' && (await isWhole(definition, given.value))) return { value: given.value, origin: given.origin };
  const jsonSchema = schema && jsonSchemaOf(schema);
  const absent = schema === undefined || jsonSchema !== undefined ? undefined : await askForDefault(schema);
  const learnt = jsonSchema?.default ?? (absent?.accepted ? absent.value : undefined);
  const type = { jsonSchema, fallback: schema === undefined ? fallback : learnt, guessed: schema !== undefined, delimiter: definition.delimiter };
  const candidates = given.isText ? readText(given.value as string, type) : [given.value];
  let refusal: SchemaVerdict | undefined;
  for (const candidate of candidates) {
    const verdict = schema === undefined ? judgeByDefault(candidate, fallback) : await askSchema(schema, candidate);
    if (verdict.accepted) return { value: verdict.value, origin: given.origin };
    refusal ??= verdict;
  }
  return { issue: invalid(name, typeName(jsonSchema, type.fallback), given, refusal, definition.secret) };
}

/** What cannot be stored is recorded as a text that says what it was. Any other value was judged when it was given, and may have been transformed since. */
async function isWhole({ schema, fallback }: ParamDefinition, value: unknown): Promise<boolean> {
  if (typeof value !== 'string') return true;
  return (schema === undefined ? judgeByDefault(value, fallback) : await askSchema(schema, value)).accepted;
}

function defaultFile(path: ParamDefinition['fallback']): GivenValue | undefined {
  return path === undefined ? undefined : { value: path, isText: true, origin: 'default' };
}

async function settleFile(name: string, given: GivenValue | undefined, file: FileParameter, { contents }: ParameterSources): Promise<Settled> {
  if (given === undefined) return { issue: { parameter: name, problem: 'missing', expected: 'a file', got: 'nothing', source: 'none' } };
  const { value, origin } = given;
  const refuse = (complaint: FileComplaint): Settled => ({ issue: { parameter: name, problem: 'invalid', ...complaint, source: origin } });
  const wanted = wantedFile(value);
  if (wanted === undefined) return refuse({ expected: 'a file: file(path), or its path', got: describe(value) });
  const read = await readIncluded(wanted, contents);
  if ('expected' in read) return refuse(read);
  const parsed = await parseIncluded(read, wanted.path, file);
  return 'expected' in parsed ? refuse(parsed) : { value: parsed.value, origin, file: { ...read, delimiter: file.delimiter } };
}

/** A value given as a value is not coerced: `'3'` is no number. */
function judgeByDefault(value: unknown, fallback: ParamDefinition['fallback']): SchemaVerdict {
  const fits = typeof value === typeof fallback && (!Number.isNaN(value) || Number.isNaN(fallback));
  return fits ? { accepted: true, value } : { accepted: false, complaints: [] };
}

/** A schema's own words may quote the value, so those about a secret are left out. */
function invalid(name: string, type: string, given: GivenValue, refusal: SchemaVerdict | undefined, secret: boolean): ParameterIssue {
  const words = secret || refusal === undefined || refusal.accepted ? '' : refusal.complaints.map((complaint) => complaint.text).join('; ');
  const kind = type === 'unknown' ? 'a value its schema accepts' : type;
  const expected = words === '' ? kind : `${kind} (${words})`;
  const said = type === 'unknown' && words !== '' ? { said: words } : {};
  return { parameter: name, problem: 'invalid', expected, ...said, got: secret ? '***' : describe(given.value), source: given.origin };
}
