import { describe, MillraceError } from '../../base/error.js';

/**
 * Many rows in one row of a table: a row costs the driver some 2 µs and each of its values some 0.2 µs, a value in a list of JSON a tenth of
 * that. Each column is the list of its values, or of one value where it is the same in all rows. What is undefined is written as null: a column
 * that can hold null itself cannot be kept so.
 */

/** @throws MillraceError `RECORD_VALUE_INVALID` for NaN and infinite numbers, which JSON would turn into null */
export function packColumn(values: readonly unknown[]): readonly unknown[] {
  const [first] = values;
  const isEmpty = isEmptyList(first);
  let isOne = true;
  for (let at = 0; at < values.length; at += 1) {
    const value = checked(values[at]);
    isOne &&= value === first || (isEmpty && isEmptyList(value));
  }
  return isOne ? values.slice(0, 1) : values;
}

/** The column of what `of` gives of each row. @throws as `packColumn` */
export function packedBy<T>(rows: readonly T[], of: (row: T) => unknown): readonly unknown[] {
  return packColumn(rows.map(of));
}

function checked(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw notFinite(value);
  return value;
}

/** The value at place `at`. */
export function unpackValue<T>(column: readonly unknown[], at: number): T {
  return (column[column.length === 1 ? 0 : at] ?? undefined) as T;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function notFinite(value: number): MillraceError {
  return new MillraceError('RECORD_VALUE_INVALID', `expected the numbers of a row to be finite; got ${describe(value)}`);
}
