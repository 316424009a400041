import type { PolarsFrame } from './optional-library.js';

/**
 * What a table is, so that it comes back as that: a nodejs-polars DataFrame, an Arrow table, an arquero table, a list of row objects, or an
 * object of columns of which one at least is a typed array.
 */
export type TableKind = 'polars' | 'arrow' | 'arquero' | 'rows' | 'columns';

/** The little that is asked of an arquero table. */
export interface ArqueroTable {
  columnNames(): string[];
  numRows(): number;
  isGrouped(): boolean;
  reify(): ArqueroTable;
  data(): Readonly<Record<string, unknown>>;
}

export type ArrowTable = import('apache-arrow').Table;
export type Rows = readonly Readonly<Record<string, unknown>>[];
export type ColumnValues = readonly unknown[] | TypedArray;
export type Columns = Readonly<Record<string, ColumnValues>>;
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Tables are known by what they can do, not by their class: each library may be there in several copies. */
export function frameKind(value: unknown): 'polars' | 'arrow' | 'arquero' | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (has(value, 'writeParquet', 'writeIPC', 'getColumn')) return 'polars';
  if (has(value, 'getChild') && Array.isArray(Reflect.get(value, 'batches')) && typeof Reflect.get(value, 'schema') === 'object') return 'arrow';
  if (has(value, 'columnNames', 'reify', 'data', 'numRows')) return 'arquero';
  return undefined;
}

export function tableKind(value: unknown): TableKind | undefined {
  const frame = frameKind(value);
  if (frame !== undefined) return frame;
  if (Array.isArray(value)) return value.every(isRecord) ? 'rows' : undefined;
  return isColumns(value) ? 'columns' : undefined;
}

export function isPolars(value: unknown): value is PolarsFrame {
  return frameKind(value) === 'polars';
}

export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function isColumns(value: unknown): value is Columns {
  if (!isRecord(value)) return false;
  const columns = Object.values(value);
  const lengths = new Set(columns.map((column) => (isTypedArray(column) || Array.isArray(column) ? column.length : -1)));
  return lengths.size === 1 && !lengths.has(-1) && columns.some(isTypedArray);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

function has(value: object, ...methods: readonly string[]): boolean {
  return methods.every((method) => typeof Reflect.get(value, method) === 'function');
}
