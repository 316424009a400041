import { jsonValue } from '../base/json-value.js';
import { parameterValue } from '../runtime/past/source.js';

/** As JSON has it; what it has no word for becomes a text. */
export function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (key, part: unknown) => {
    const known = jsonValue(key, part);
    if (typeof known === 'number' && !Number.isFinite(known)) return String(known);
    return known instanceof Uint8Array ? `${known.byteLength} bytes` : known;
  });
  return text === undefined ? null : JSON.parse(text);
}

/** Parameters as rows have them, for others. */
export function plainParams(params: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).map(([name, text]) => [name, plain(parameterValue(text))]));
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function isoOr(at: number | undefined): string | undefined {
  return at === undefined ? undefined : iso(at);
}
