import { alternativesOf, type JsonSchema, typesOf } from './json-schema.js';
import { UNSAFE_NAMES } from './param.js';

/** What tells how to read a text: a JSON Schema where there is one, else the type of the default where there is one (S17). */
export interface TextType {
  readonly jsonSchema: JsonSchema | undefined;
  readonly fallback: unknown;
  /** The fallback was learnt by asking a schema for its default: a transform may have given it another type than what goes in, so other readings follow. */
  readonly guessed: boolean;
  /** Between the elements of a list. @default ',' */
  readonly delimiter?: string | undefined;
}

/**
 * The values a text may stand for, the likeliest first; the parameter's schema has the last word. None: the text is of another type.
 * - by JSON Schema: numbers are decimal, booleans `true` or `false`, `null` is null, arrays and objects are JSON, strings the text itself; an
 *   array may also be its elements with a delimiter between them; of a union, each alternative in the order declared
 * - by the type of the default, likewise
 * - else the text itself, then as JSON
 */
export function readText(text: string, { jsonSchema, fallback, guessed, delimiter = ',' }: TextType): readonly unknown[] {
  const bySchema = jsonSchema === undefined ? undefined : readBySchema(text, jsonSchema, delimiter);
  if (bySchema !== undefined) return bySchema;
  const type = typeOfDefault(fallback);
  const byDefault = type === undefined ? [] : readAs(text, type, { items: elementsOf(fallback), delimiter });
  return type === undefined || guessed ? [...byDefault, text, ...asJson(text)] : byDefault;
}

/** Undefined when the schema does not restrict the type, so that it cannot tell how to read. */
function readBySchema(text: string, schema: JsonSchema, delimiter: string): readonly unknown[] | undefined {
  if (schema.enum !== undefined) return schema.enum.filter((value) => isWritten(text, value));
  if (schema.const !== undefined) return isWritten(text, schema.const) ? [schema.const] : [];
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) {
    const read = alternatives.map((alternative) => readBySchema(text, alternative, delimiter));
    if (read.every((values) => values === undefined)) return undefined;
    return read.flatMap((values) => values ?? [text, ...asJson(text)]);
  }
  const types = typesOf(schema);
  return types.length === 0 ? undefined : types.flatMap((type) => readAs(text, type, { items: schema.items, delimiter }));
}

/** How a list is written that is not JSON. */
interface ListText {
  readonly items: JsonSchema | boolean | undefined;
  readonly delimiter: string;
}

function readAs(text: string, type: string, list: ListText): readonly unknown[] {
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
      return [...asJson(text).filter(Array.isArray), ...asList(text, list)];
    case 'object':
      return asJson(text).filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
    default:
      return [text, ...asJson(text)];
  }
}

/** Elements with a delimiter between them, each read as its type asks. What begins like JSON is meant to be it. */
function asList(text: string, { items, delimiter }: ListText): readonly unknown[][] {
  if (text.trim() === '') return [[]];
  const element = typeof items === 'object' ? items : undefined;
  const isNested = element !== undefined && typesOf(element).some((type) => type === 'array' || type === 'object');
  if (isNested || /^\s*[[{]/.test(text)) return [];
  const type: TextType = { jsonSchema: element, fallback: undefined, guessed: false };
  const elements = text.split(delimiter).map((part) => readText(part.trim(), type));
  return elements.every((readings) => readings.length > 0) ? [elements.map(([likeliest]) => likeliest)] : [];
}

/** Of which type the elements of a default are, where all are of one. */
function elementsOf(fallback: unknown): JsonSchema | undefined {
  if (!Array.isArray(fallback) || fallback.length === 0) return undefined;
  const types = new Set(fallback.map((element) => typeof element));
  const [type] = types;
  return types.size === 1 && (type === 'string' || type === 'number' || type === 'boolean') ? { type } : undefined;
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
