import { valueDigest } from '../base/canonical.js';
import { MillraceError } from '../base/error.js';
import { taughtForm } from './class-registry.js';
import { frameKind } from './formats/table-kind.js';

/** Undefined for values that are known by their bytes only: frames, models, streams (S21). */
export function canonicalDigest(value: unknown): string | undefined {
  // A DataFrame without columns looks like any empty object.
  if (isConsumable(value) || frameKind(value) !== undefined) return undefined;
  try {
    return valueDigest(value, taughtForm);
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'VALUE_NOT_CANONICAL') return undefined;
    throw error;
  }
}

/** A stream or iterator was used up by the encoder: what comes after must read the stored one. */
export function isConsumable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || ('next' in value && Symbol.iterator in value));
}
