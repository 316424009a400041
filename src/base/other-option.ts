import { nearest } from './nearest.js';

/** The first option that is none of those there are, and what to do about it: it would be ignored. Undefined where all are known. */
export function otherOption(options: object, known: readonly string[]): { readonly name: string; readonly hint: string } | undefined {
  const name = Object.keys(options).find((given) => !known.includes(given) && (options as Readonly<Record<string, unknown>>)[given] !== undefined);
  if (name === undefined) return undefined;
  const meant = nearest(name, known);
  return { name, hint: meant === undefined ? `There are ${[...known].sort().join(', ')}.` : `Did you mean '${meant}'?` };
}
