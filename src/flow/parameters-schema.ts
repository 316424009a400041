import { type JsonSchema, jsonSchemaOf } from './json-schema.js';
import { describeDefinition } from './named-parameters.js';
import { definitionsIn, isSchema, type ParamDefinition, type ParamSpec } from './param.js';

/**
 * What a run may be given, as one JSON Schema of an object: for forms and for checks far from the flow's code. What has none of its own is let
 * through; the flow itself has the last word.
 * @throws MillraceError `PARAM_DECLARATION_INVALID`
 */
export function schemaOfParameters(spec: ParamSpec): JsonSchema {
  if (isSchema(spec)) return jsonSchemaOf(spec) ?? { type: 'object' };
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, definition] of definitionsIn(spec)) {
    const own = ownSchema(definition);
    const { help, required: isRequired, default: shown } = describeDefinition(name, definition);
    const isPlain = ['string', 'number', 'boolean'].includes(typeof shown) && !definition.secret;
    properties[name] = { ...own, ...(isPlain ? { default: shown } : {}), ...(help === undefined ? {} : { description: help }) };
    if (isRequired) required.push(name);
  }
  return { type: 'object', properties, required, additionalProperties: false };
}

function ownSchema({ schema, fallback, file, secret }: ParamDefinition): JsonSchema {
  if (file !== undefined) return { type: 'string' };
  if (schema === undefined) return { type: typeof fallback };
  const { $schema: _, ...own } = (jsonSchemaOf(schema) ?? {}) as JsonSchema & { readonly $schema?: string };
  // A default, or an example, may be the secret.
  return secret ? (own.type === undefined ? {} : { type: own.type }) : own;
}
