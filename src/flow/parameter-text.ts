import { alternativesOf, type JsonSchema, typesOf } from './json-schema.js';
import { UNSAFE_NAMES } from './param.js';

/** What tells how to read a text: a JSON Schema where there is one, else the type of the default where there is one (S17). */
export interface TextType {
  readonly jsonSchema: JsonSchema | undefined;
  readonly fallback: unknown;
  /** The fallback was learnt by asking a schema for its default: a transform may have given it another type than what goes in, so other readings follow. */
  readonly guessed: boolean;
}

/**
 * The values a text may stand for, the likeliest first; the parameter's schema has the last word. None: the text is of another type.
 * - by JSON Schema: numbers are decimal, booleans `true` or `false`, `null` is null, arrays and objects are JSON, strings the text itself;
 *   of a union, each alternative in the order declared
 * - by the type of the default, likewise
 * - else the text itself, then as JSON
 */
export function readText(text: string, { jsonSchema, fallback, guessed }: TextType): readonly unknown[] {
  const bySchema = jsonSchema === undefined ? undefined : readBySchema(text, jsonSchema);
  if (bySchema !== undefined) return bySchema;
  const type = typeOfDefault(fallback);
  const byDefault = type === undefined ? [] : readAs(text, type);
  return type === undefined || guessed ? [...byDefault, text, ...asJson(text)] : byDefault;
}

/** Undefined when the schema does not restrict the type, so that it cannot tell how to read. */
function readBySchema(text: string, schema: JsonSchema): readonly unknown[] | undefined {
  if (schema.enum !== undefined) return schema.enum.filter((value) => isWritten(text, value));
  if (schema.const !== undefined) return isWritten(text, schema.const) ? [schema.const] : [];
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) {
    const read = alternatives.map((alternative) => readBySchema(text, alternative));
    if (read.every((values) => values === undefined)) return undefined;
    return read.flatMap((values) => values ?? [text, ...asJson(text)]);
  }
  const types = typesOf(schema);
  return types.length === 0 ? undefined : types.flatMap((type) => readAs(text, type));
}

function readAs(text: string, type: string): readonly unknown[] {
  switch (type) {
    case 'string':
      return [text];
    case 'number':
    case 'integer':
      return asNumber(text);
    case 'boolean':
      return text === 'true' ? [true] : text === 'false' ? [false] : [];
    case 'null':
      return text === 'null' ? [null] : [];
    case 'array':
      return asJson(text).filter(Array.isArray);
    case 'object':
      return asJson(text).filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
    default:
      return [text, ...asJson(text)];
  }
}

/** An enum's string is written as it is; a number, boolean or null as in JSON. */
function isWritten(text: string, value: unknown): boolean {
  if (typeof value === 'string') return text === value;
  if (typeof value === 'number') return asNumber(text)[0] === value;
  return JSON.stringify(value) === text;
}

/** `Number('')` is 0 and `Number('0x1f')` 31: neither is what somebody means who sets a parameter. */
function asNumber(text: string): readonly number[] {
  if (!/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(text)) return [];
  const value = Number(text);
  return Number.isFinite(value) ? [value] : [];
}

function asJson(text: string): readonly unknown[] {
  try {
    return [parseJson(text)];
  } catch {
    return [];
  }
}

/** JSON from outside: keys that could reach an object's prototype are dropped at every depth. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => (UNSAFE_NAMES.has(key) ? undefined : value));
}

function typeOfDefault(fallback: unknown): string | undefined {
  if (typeof fallback === 'string' || typeof fallback === 'number' || typeof fallback === 'boolean') return typeof fallback;
  if (Array.isArray(fallback)) return 'array';
  if (typeof fallback !== 'object' || fallback === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(fallback);
  return prototype === Object.prototype || prototype === null ? 'object' : undefined;
}
