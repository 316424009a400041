import type { AnySchema } from './param.js';

/** The part of JSON Schema that says how to read a text and how to name a type. All other keywords are left to the schema itself. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly items?: JsonSchema | boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly default?: unknown;
  readonly description?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** The JSON Schema of what a schema accepts, where it offers one: Standard JSON Schema is optional, and dates, say, have none. */
export function jsonSchemaOf(schema: AnySchema): JsonSchema | undefined {
  const { jsonSchema } = schema['~standard'] as { readonly jsonSchema?: { input?(options: { readonly target: string }): unknown } };
  try {
    const given = jsonSchema?.input?.({ target: 'draft-2020-12' });
    return typeof given === 'object' && given !== null ? withoutReferences(given as JsonSchema, given as JsonSchema, 0) : undefined;
  } catch {
    return undefined;
  }
}

const DEEPEST_REFERENCE = 8;

/** Follows references at the top and in unions, which is as far as texts are read; one that leads in circles or elsewhere says nothing. */
function withoutReferences(schema: JsonSchema, root: JsonSchema, depth: number): JsonSchema {
  if (depth > DEEPEST_REFERENCE) return {};
  if (schema.$ref !== undefined) {
    const name = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(schema.$ref)?.[1];
    const target = name === undefined ? undefined : root.$defs?.[name];
    return target === undefined ? {} : withoutReferences(target, root, depth + 1);
  }
  const inside = (list: readonly JsonSchema[]): JsonSchema[] => list.map((entry) => withoutReferences(entry, root, depth + 1));
  return {
    ...schema,
    ...(schema.anyOf && { anyOf: inside(schema.anyOf) }),
    ...(schema.oneOf && { oneOf: inside(schema.oneOf) }),
    ...(schema.allOf && { allOf: inside(schema.allOf) }),
    ...(schema.properties && {
      properties: Object.fromEntries(Object.entries(schema.properties).map(([name, entry]) => [name, withoutReferences(entry, root, depth + 1)])),
    }),
  };
}

/** The alternatives of a schema, in the order they were declared. */
export function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
}

export function typesOf(schema: JsonSchema): readonly string[] {
  return schema.type === undefined ? [] : typeof schema.type === 'string' ? [schema.type] : schema.type;
}

/** A type as people write it: `number`, `'rf' | 'gb'`, `string[]`, `unknown`. */
export function typeText(schema: JsonSchema | undefined): string {
  if (schema === undefined) return 'unknown';
  if (schema.enum !== undefined) return schema.enum.map(literalText).join(' | ');
  if (schema.const !== undefined) return literalText(schema.const);
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return [...new Set(alternatives.map(typeText))].join(schema.allOf === alternatives ? ' & ' : ' | ');
  const types = typesOf(schema).map((type) => (type === 'array' ? arrayText(schema.items) : type));
  return types.length === 0 ? 'unknown' : types.join(' | ');
}

function arrayText(items: JsonSchema | boolean | undefined): string {
  const element = typeText(typeof items === 'object' ? items : undefined);
  return /[ |&]/.test(element) ? `(${element})[]` : `${element}[]`;
}

function literalText(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : (JSON.stringify(value) ?? 'unknown');
}
