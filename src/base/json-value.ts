/**
 * For `JSON.stringify`: JSON has no word for these. Of a Map, which may have keys of any kind, it is the pairs. A program that needs them in full
 * reads the stored result.
 */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Map || value instanceof Set ? [...value] : value;
}
