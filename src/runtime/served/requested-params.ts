import { describe } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import type { JsonSchema } from '../../flow/json-schema.js';
import { ParameterError, type ParameterIssue, type ParameterOrigin } from '../../flow/parameter-error.js';
import { readText } from '../../flow/parameter-text.js';
import { decodeText, encodeText } from '../../results/json.js';
import type { ServedDefinition } from './definition.js';

/** Parameters of a run that somebody asks for: texts of a command line, values of a file. */
export interface GivenParams {
  readonly texts: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the values come from. */
  readonly file: string | undefined;
  /** Those that are required need not be there: a run that resumes another has them from that one. @default false */
  readonly isPart?: boolean;
}

type ServedParameter = ServedDefinition['parameters'][number];

/**
 * As a due run has them, checked by the flow's JSON Schema as its service tells it. The flow itself has the last word when the run starts: not all that
 * a schema can ask for has a word in JSON Schema. Of a flow that nobody serves nothing is known: texts are read as JSON where they are any.
 * @throws ParameterError with everything that is wrong
 */
export async function requestedParams(served: ServedDefinition | undefined, given: GivenParams): Promise<Readonly<Record<string, string>>> {
  const issues: ParameterIssue[] = [];
  const params: Record<string, string> = {};
  const names = new Set([...Object.keys(given.texts), ...Object.keys(given.values)]);
  for (const name of names) {
    const verdict = await judged(name, given, served);
    if ('issue' in verdict) issues.push(verdict.issue);
    else params[name] = encodeText(verdict.value);
  }
  for (const { name, required, secret, env, type } of given.isPart ? [] : (served?.parameters ?? [])) {
    // What the service has in its own environment is no concern of ours.
    if (!required || secret || env !== undefined || names.has(name)) continue;
    issues.push({ parameter: name, problem: 'missing', expected: type, got: 'nothing', source: 'none' });
  }
  if (issues.length > 0) throw new ParameterError(issues);
  return params;
}

type Verdict = { readonly value: unknown } | { readonly issue: ParameterIssue };

async function judged(name: string, { texts, values, file }: GivenParams, served: ServedDefinition | undefined): Promise<Verdict> {
  const isText = Object.hasOwn(texts, name);
  const value = isText ? texts[name] : values[name];
  const source: ParameterOrigin = isText ? 'command line' : file === undefined ? 'argument' : `file ${file}`;
  const known = served?.parameters.find((one) => one.name === name);
  const schema = served?.parametersSchema?.properties?.[name];
  const refused = unknownOrSecret(name, known, source, served);
  if (refused !== undefined) return { issue: refused };
  const type = { jsonSchema: schema, fallback: fallbackOf(known), guessed: true };
  const candidates = !isText ? [value] : served === undefined ? asJson(value as string) : readText(value as string, type);
  const complaints: (string | undefined)[] = [];
  for (const candidate of candidates) {
    const complaint = await complaintOf(schema, candidate, served?.parametersSchema);
    if (complaint === undefined) return { value: candidate };
    complaints.push(complaint);
  }
  const expected = `${known?.type ?? 'a value its schema accepts'}${complaints[0] === undefined ? '' : ` (${complaints[0]})`}`;
  return { issue: { parameter: name, problem: 'invalid', expected, got: describe(value), source } };
}

function unknownOrSecret(
  name: string,
  known: ServedParameter | undefined,
  source: ParameterOrigin,
  served: ServedDefinition | undefined,
): ParameterIssue | undefined {
  if (known?.secret) {
    const expected = 'no secret: what is asked for is recorded, and the service has it in its environment or its file of secrets';
    return { parameter: name, problem: 'invalid', expected, got: '***', source };
  }
  const isOpen = served === undefined || served.parameters.length === 0 || typeof served.parametersSchema?.additionalProperties === 'object';
  if (known !== undefined || isOpen || served.parametersSchema?.additionalProperties === true) return undefined;
  const names = served.parameters.map((one) => one.name);
  const meant = nearest(name, names);
  const issue: ParameterIssue = { parameter: name, problem: 'unknown', expected: names.join(', '), got: `'${name}'`, source };
  return meant === undefined ? issue : { ...issue, suggestion: meant };
}

function fallbackOf(known: ServedParameter | undefined): unknown {
  return known?.default === undefined ? undefined : decodeText(known.default);
}

function asJson(text: string): readonly unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [text];
  }
}

/** What a schema has against a value. One that cannot be understood here has nothing against any: the flow will. */
async function complaintOf(schema: JsonSchema | undefined, value: unknown, root: JsonSchema | undefined): Promise<string | undefined> {
  if (schema === undefined) return undefined;
  const { z } = await import('zod');
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
