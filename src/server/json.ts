import { plainData } from '../base/json-value.js';
import { parameterValue } from '../runtime/past/source.js';

/** Parameters as rows have them, for others. One that was not given, and has no default, is left out. */
export function plainParams(params: Readonly<Record<string, string>>): Record<string, unknown> {
  const values = Object.entries(params).map(([name, text]) => [name, parameterValue(text)] as const);
  return Object.fromEntries(values.flatMap(([name, value]) => (value === undefined ? [] : [[name, plainData(value)]])));
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function isoOr(at: number | undefined): string | undefined {
  return at === undefined ? undefined : iso(at);
}
