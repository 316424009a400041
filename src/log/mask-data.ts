import type { Mask } from './mask.js';

/**
 * A copy of plain data with every text in it masked. Not the data as JSON: there a text that itself holds JSON is quoted twice, and a
 * secret in it would be spelled in a way that no mask looks for.
 */
export function maskData<T>(data: T, mask: Mask): T {
  return masked(data, mask) as T;
}

function masked(data: unknown, mask: Mask): unknown {
  if (typeof data === 'string') return mask(data);
  if (typeof data !== 'object' || data === null) return data;
  if (Array.isArray(data)) return data.map((part) => masked(part, mask));
  return Object.fromEntries(Object.entries(data).map(([key, part]) => [key, masked(part, mask)]));
}
