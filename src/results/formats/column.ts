import { builtinName } from '../../base/builtin-kind.js';
import { MillraceError } from '../../base/error.js';
import { nameKind, propertyStep } from '../../base/value-path.js';
import { isWellFormed } from '../../base/well-formed.js';
import { decodeText, encodeText } from '../json.js';
import { notStorable } from '../json-encode.js';
import { type ColumnValues, isTypedArray, type TypedArray } from './table-kind.js';

/** What the cells of a column are, null aside. `int32` are numbers too; a column of nested values is written as JSON text. */
export type CellType = 'null' | 'boolean' | 'int32' | 'float64' | 'bigint' | 'text' | 'date' | 'bytes' | 'buffer' | 'json';

export type TypedName =
  | 'Int8Array'
  | 'Uint8Array'
  | 'Uint8ClampedArray'
  | 'Int16Array'
  | 'Uint16Array'
  | 'Int32Array'
  | 'Uint32Array'
  | 'Float32Array'
  | 'Float64Array'
  | 'BigInt64Array'
  | 'BigUint64Array';

export type ColumnType = CellType | TypedName;

/** One column as the writers of files take it: of one type, its nulls being `null`. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** Numbers and bigints without nulls are a typed array; dates are Dates; nested values are JSON text. */
  readonly values: ColumnValues;
}

const TYPED: Readonly<Record<TypedName, new (length: number) => TypedArray>> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

export function isTypedName(type: ColumnType): type is TypedName {
  return Object.hasOwn(TYPED, type);
}

export function newTypedArray(type: TypedName, length: number): TypedArray {
  return new TYPED[type](length);
}

/**
 * Finds out what a column holds and makes it ready to be written.
 * @param pathTo where a cell lies inside the value, for messages
 * @throws MillraceError `RESULT_NOT_STORABLE` for `undefined`, a mixture of types, and what no file can say
 */
export function makeColumn(name: string, values: ColumnValues, pathTo: (index: number) => string): Column {
  // Readers take a byte order mark at the beginning for none of the name.
  if (!isWellFormed(name) || name.startsWith('\ufeff')) throw notStorable(propertyStep(name), 'is a column whose name no file can hold');
  if (isTypedArray(values)) {
    const type = builtinName(values);
    if (!Object.hasOwn(TYPED, type)) throw notStorable(propertyStep(name), `is ${nameKind(values)}, which no column holds`);
    return { name, type: type as TypedName, nullable: false, values };
  }
  const { type, nullable } = judgeCells(values, pathTo);
  return { name, type, nullable, values: packed(type, nullable, values, pathTo) };
}

function judgeCells(values: readonly unknown[], pathTo: (index: number) => string): { readonly type: CellType; readonly nullable: boolean } {
  let type: CellType = 'null';
  let nullable = false;
  let small = true;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === null) {
      nullable = true;
      continue;
    }
    const found = cellType(value, () => pathTo(index));
    if (type === 'null') type = found;
    else if (found !== type) throw notStorable(pathTo(index), `is a ${CELL_NAMES[found]} in a column of ${CELL_NAMES[type]}s`);
    if (small && found === 'float64') small = (value as number) === ((value as number) | 0) && !Object.is(value, -0);
  }
  return { type: type === 'float64' && small ? 'int32' : type, nullable: nullable || type === 'null' };
}

const CELL_NAMES: Readonly<Record<CellType, string>> = {
  null: 'null',
  boolean: 'boolean',
  int32: 'number',
  float64: 'number',
  bigint: 'bigint',
  text: 'string',
  date: 'Date',
  bytes: 'Uint8Array',
  buffer: 'Buffer',
  json: 'nested value',
};

function cellType(value: unknown, path: () => string): CellType {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'number':
      return 'float64';
    case 'string':
      if (!isWellFormed(value)) throw notStorable(path(), 'is a text with half a surrogate pair in it, which UTF-8 cannot say');
      return 'text';
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw notStorable(path(), 'is a bigint of more than 64 bits');
      return 'bigint';
    case 'object':
      return objectType(value as object, path);
    case 'undefined':
      throw notStorable(path(), 'is undefined: a table has null for what is not there');
    default:
      throw notStorable(path(), `is ${nameKind(value)}`);
  }
}

function objectType(value: object, path: () => string): CellType {
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype === Date.prototype) {
    if (Number.isNaN((value as Date).getTime())) throw notStorable(path(), 'is an invalid Date');
    return 'date';
  }
  if (prototype === Buffer.prototype) return 'buffer';
  return prototype === Uint8Array.prototype ? 'bytes' : 'json';
}

function packed(type: CellType, nullable: boolean, values: readonly unknown[], pathTo: (index: number) => string): ColumnValues {
  if (type === 'json') return values.map((value, index) => (value === null ? null : nestedText(value, pathTo(index))));
  if (nullable) return values;
  if (type === 'int32') return new Int32Array(values as number[]);
  if (type === 'float64') return new Float64Array(values as number[]);
  return type === 'bigint' ? new BigInt64Array(values as bigint[]) : values;
}

function nestedText(value: unknown, path: string): string {
  try {
    return encodeText(value);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    throw notStorable(path, `cannot be written as JSON (${error.message})`, error);
  }
}

/** The cells as they were before `makeColumn`: an array of values, or the typed array it was. */
export function cellsOf(type: ColumnType, values: ColumnValues): ColumnValues {
  if (type === 'json') return (values as readonly (string | null)[]).map((text) => (text === null ? null : decodeText(text)));
  if (isTypedName(type) || !isTypedArray(values)) return values;
  return Array.from<unknown>(values as ArrayLike<unknown>);
}
