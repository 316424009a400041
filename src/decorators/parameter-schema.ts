import { describe, MillraceError } from '../base/error.js';
import type { AnySchema } from '../flow/parameters.js';

/**
 * The schema, with a field's initializer as its default. The initializer is judged like any other value.
 * @throws MillraceError `PARAM_DECLARATION_INVALID` when the schema refuses it
 */
export function withDefault(schema: AnySchema, fallback: unknown, name: string): AnySchema {
  const standard = schema['~standard'];
  const verdict = standard.validate(fallback);
  if ('then' in verdict) verdict.then(undefined, () => undefined);
  else if (verdict.issues !== undefined) {
    const complaints = verdict.issues.map(({ message }) => message).join('; ');
    throw new MillraceError('PARAM_DECLARATION_INVALID', `parameter '${name}': its schema refuses its default ${describe(fallback)} (${complaints})`);
  }
  return { '~standard': { ...standard, validate: (value) => standard.validate(value === undefined ? fallback : value) } };
}

/** Accepts what is of the same kind as the default; where there is none, or null, anything but nothing. */
export function kindSchema(fallback: unknown): AnySchema {
  const kind = kindOf(fallback);
  return {
    '~standard': {
      version: 1,
      vendor: 'millrace',
      validate(value) {
        if (value === undefined) return fallback === undefined ? { issues: [{ message: 'a value is required' }] } : { value: fallback };
        return kind === undefined || kindOf(value) === kind ? { value } : { issues: [{ message: `${kind} is required, like the default` }] };
      },
    },
  };
}

function kindOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? 'an object' : `an instance of ${value.constructor.name}`;
}
