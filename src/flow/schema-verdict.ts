import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AnySchema } from './param.js';

export interface SchemaComplaint {
  /** The first part of the path, for a schema of all parameters: the parameter's name. */
  readonly key: string | undefined;
  /** The whole path, and what the schema says without it. */
  readonly path: readonly string[];
  readonly message: string;
  /** What the schema says, with the path inside the value before it. */
  readonly text: string;
  /** The same, with the path inside the parameter that `key` names. */
  readonly textInside: string;
}

export type SchemaVerdict =
  | { readonly accepted: true; readonly value: unknown }
  | { readonly accepted: false; readonly complaints: readonly SchemaComplaint[] };

/** Asks a schema, synchronous or not; a schema whose own code throws has refused the value. */
export async function askSchema(schema: AnySchema, value: unknown): Promise<SchemaVerdict> {
  try {
    return verdictOf(await schema['~standard'].validate(value));
  } catch (thrown) {
    return { accepted: false, complaints: [complaintOf({ message: thrown instanceof Error ? thrown.message : 'the schema threw' })] };
  }
}

/**
 * What the parameter is when nobody gives it; not accepted: it is required.
 * `String(undefined)` is how coercing schemas swallow a missing value, and nobody's default.
 */
export async function askForDefault(schema: AnySchema): Promise<SchemaVerdict> {
  return withoutCoercion(await askSchema(schema, undefined));
}

/** As `askForDefault`, at once; undefined when the schema is asynchronous. */
export function askForDefaultNow(schema: AnySchema): SchemaVerdict | undefined {
  try {
    const result = schema['~standard'].validate(undefined);
    if (!('then' in result)) return withoutCoercion(verdictOf(result));
    // Nobody waits for it, so nobody may hear of its failure.
    result.then(undefined, () => undefined);
    return undefined;
  } catch {
    return { accepted: false, complaints: [] };
  }
}

function withoutCoercion(verdict: SchemaVerdict): SchemaVerdict {
  return verdict.accepted && verdict.value === 'undefined' ? { accepted: false, complaints: [] } : verdict;
}

function verdictOf(result: StandardSchemaV1.Result<unknown>): SchemaVerdict {
  if (result.issues === undefined) return { accepted: true, value: result.value };
  return { accepted: false, complaints: result.issues.map(complaintOf) };
}

function complaintOf({ message, path = [] }: StandardSchemaV1.Issue): SchemaComplaint {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
  const at = (inside: readonly string[]): string => (inside.length === 0 ? message : `at ${inside.join('.')}: ${message}`);
  return { key: keys[0], path: keys, message, text: at(keys), textInside: at(keys.slice(1)) };
}
