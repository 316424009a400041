/** For `JSON.stringify`: JSON has no word for these. */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return [...value];
  return value instanceof Set ? [...value] : value;
}
