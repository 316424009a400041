/**
 * For `JSON.stringify`: JSON has no word for these. Of a Map, which may have keys of any kind, it is the pairs. A program that needs them in full
 * reads the stored result.
 */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Map || value instanceof Set ? [...value] : value;
}

/** A copy of it as JSON has it; what JSON has no word for becomes a text, nothing at all null. */
export function plainData(value: unknown): unknown {
  const text = JSON.stringify(value, (key, part: unknown) => {
    const known = jsonValue(key, part);
    if (typeof known === 'number' && !Number.isFinite(known)) return String(known);
    return known instanceof Uint8Array ? `${known.byteLength} bytes` : known;
  });
  return text === undefined ? null : JSON.parse(text);
}
