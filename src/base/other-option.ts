import { MillraceError } from './error.js';
import { nearest } from './nearest.js';

/**
 * Refuses an option that there is none of, which would be ignored: a mistyped `secret` must not be shown, a mistyped `timezone` not be UTC in silence.
 * @param whose ` of limit 'gpu'`: comes after the word `options`
 * @throws MillraceError with `code`, and what was probably meant
 */
export function refuseOtherOptions(options: object, known: readonly string[], code: string, whose: string): void {
  const name = Object.keys(options).find((given) => !known.includes(given) && (options as Readonly<Record<string, unknown>>)[given] !== undefined);
  if (name === undefined) return;
  const meant = nearest(name, known);
  const hint = meant === undefined ? `There are ${[...known].sort().join(', ')}.` : `Did you mean '${meant}'?`;
  throw new MillraceError(code, `expected options${whose} that there are; got '${name}'`, { hint });
}
