import type { Data, DataType, Field, Schema, Vector } from 'apache-arrow';
import { propertyStep } from '../../base/value-path.js';
import { notStorable } from '../json-encode.js';
import type { Column, ColumnType, TypedName } from './column.js';
import type { ColumnTable, TableHeader } from './column-table.js';
import { loadLibrary, type OptionalLibraries } from './optional-library.js';
import { type ArrowTable, type ColumnValues, isTypedArray, type TypedArray } from './table-kind.js';

type Arrow = OptionalLibraries['apache-arrow'];

const WHY = 'to handle Arrow tables';

/** An Arrow table as plain columns, with its schema beside them. @throws MillraceError `RESULT_NOT_STORABLE` for types that Arrow alone knows */
export async function columnsOfArrow(table: ArrowTable): Promise<ColumnTable> {
  const arrow = await loadLibrary('apache-arrow', WHY);
  const columns = table.schema.fields.map((field, at) => columnOf(arrow, field, table.getChildAt(at) as Vector));
  const schema = Buffer.from(arrow.tableToIPC(new arrow.Table(table.schema), 'stream')).toString('base64');
  return { header: { kind: 'arrow', rows: table.numRows, columns: columns.map(({ name, type }) => [name, type]), schema }, columns };
}

/** The Arrow table that `columnsOfArrow` took apart. */
export async function arrowFromColumns(header: TableHeader, columns: readonly ColumnValues[]): Promise<ArrowTable> {
  const arrow = await loadLibrary('apache-arrow', WHY);
  const { schema } = arrow.tableFromIPC(Buffer.from(header.schema ?? '', 'base64'));
  return makeTable(
    arrow,
    schema,
    schema.fields.map((field, at) => dataOf(arrow, field.type, columns[at] as ColumnValues)),
    header.rows,
  );
}

/** An Arrow table of plain columns. @param metadata of its schema */
export function makeArrowTable(arrow: Arrow, { header, columns }: ColumnTable, metadata: Map<string, string>): ArrowTable {
  const fields = columns.map(({ name, type, nullable }) => new arrow.Field(name, arrowType(arrow, type), nullable));
  const data = columns.map(({ values }, at) => dataOf(arrow, (fields[at] as Field).type, values));
  return makeTable(arrow, new arrow.Schema(fields, metadata), data, header.rows);
}

/** The cells of a column as `makeColumn` has them. */
export function readVector(vector: Vector, type: ColumnType): ColumnValues {
  switch (type) {
    case 'null':
    case 'boolean':
      return gotten(vector);
    case 'text':
    case 'json':
      return vector.data[0]?.dictionary === undefined ? cells(vector, textOf) : looked(vector);
    case 'date':
      return cells(vector, (value) => new Date(Number(value)));
    case 'bytes':
      return cells(vector, (value) => new Uint8Array(value as Uint8Array));
    case 'buffer':
      return cells(vector, (value) => Buffer.from(value as Uint8Array));
    case 'Uint8ClampedArray':
      return new Uint8ClampedArray(joined(vector) as Uint8Array);
    default:
      return vector.nullCount === 0 ? joined(vector) : cells(vector, (value) => value);
  }
}

/** `get` would take a byte order mark at the beginning for none of the text. */
function textOf(raw: unknown): string {
  const { buffer, byteOffset, length } = raw as Uint8Array;
  return Buffer.from(buffer, byteOffset, length).toString();
}

/** The texts of a dictionary, looked up by the numbers that the column has. */
function looked(vector: Vector): unknown[] {
  return vector.data.flatMap((chunk) => {
    const texts = readVector(chunk.dictionary as Vector, 'text');
    const list = new Array<unknown>(chunk.length);
    for (let index = 0; index < list.length; index++) list[index] = chunk.getValid(index) ? texts[Number((chunk.values as TypedArray)[index])] : null;
    return list;
  });
}

function columnOf(arrow: Arrow, field: Field, vector: Vector): Column {
  const type = plainType(arrow, field.type);
  if (type === undefined)
    throw notStorable(
      propertyStep(field.name),
      `is an Arrow column of type ${String(field.type)}, which parquet() cannot store exactly: arrow() can`,
    );
  // What a column says of nulls is in its schema; here it counts whether there are any.
  return { name: field.name, type, nullable: vector.nullCount > 0 || type === 'null', values: readVector(vector, type) };
}

/** Times are taken as the integers they are, so that no microsecond is lost. */
function plainType(arrow: Arrow, type: DataType): ColumnType | undefined {
  const { DataType: is } = arrow;
  if (is.isNull(type)) return 'null';
  if (is.isBool(type)) return 'boolean';
  if (is.isUtf8(type) || (is.isDictionary(type) && is.isUtf8(type.dictionary))) return 'text';
  if (is.isBinary(type)) return 'bytes';
  if (is.isInt(type) || is.isTimestamp(type) || is.isDate(type) || is.isTime(type) || is.isDuration(type)) return type.ArrayType.name as TypedName;
  if (is.isFloat(type) && type.ArrayType !== Uint16Array) return type.ArrayType.name as TypedName;
  return undefined;
}

function arrowType(arrow: Arrow, type: ColumnType): DataType {
  switch (type) {
    case 'boolean':
      return new arrow.Bool();
    case 'int32':
    case 'Int32Array':
      return new arrow.Int32();
    case 'float64':
    case 'Float64Array':
      return new arrow.Float64();
    case 'bigint':
    case 'BigInt64Array':
      return new arrow.Int64();
    case 'date':
      return new arrow.TimestampMillisecond();
    case 'bytes':
    case 'buffer':
      return new arrow.Binary();
    case 'Int8Array':
      return new arrow.Int8();
    case 'Uint8Array':
    case 'Uint8ClampedArray':
      return new arrow.Uint8();
    case 'Int16Array':
      return new arrow.Int16();
    case 'Uint16Array':
      return new arrow.Uint16();
    case 'Uint32Array':
      return new arrow.Uint32();
    case 'Float32Array':
      return new arrow.Float32();
    case 'BigUint64Array':
      return new arrow.Uint64();
    default:
      return new arrow.Utf8();
  }
}

function makeTable(arrow: Arrow, schema: Schema, children: Data[], rows: number): ArrowTable {
  const data = arrow.makeData({ type: new arrow.Struct(schema.fields), length: rows, nullCount: 0, children });
  return new arrow.Table(schema, new arrow.RecordBatch(schema, data as never));
}

/** One column's memory as Arrow lays it out. */
function dataOf(arrow: Arrow, type: DataType, values: ColumnValues): Data {
  const { DataType: is } = arrow;
  const { length } = values;
  if (is.isDictionary(type)) return arrow.vectorFromArray(values as unknown[], type).data[0] as Data;
  if (is.isNull(type)) return arrow.makeData({ type, length });
  const common = { length, ...validity(values) };
  if (is.isBool(type)) return arrow.makeData({ type, ...common, data: bits(values, (value) => value === true) } as never);
  if (is.isUtf8(type) || is.isBinary(type)) return arrow.makeData({ type, ...common, ...packedBytes(values) } as never);
  return arrow.makeData({ type, ...common, data: fixed(type, values) } as never);
}

function fixed(type: DataType, values: ColumnValues): TypedArray {
  const make = type.ArrayType as new (source: number | ColumnValues) => TypedArray;
  if (isTypedArray(values)) return values instanceof make ? values : new make(values);
  const array = new make(values.length);
  const big = array instanceof BigInt64Array;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value !== null) array[index] = (value instanceof Date && big ? BigInt(value.getTime()) : value) as never;
  }
  return array;
}

function validity(values: ColumnValues): { nullCount: number; nullBitmap?: Uint8Array } {
  if (isTypedArray(values)) return { nullCount: 0 };
  let nullCount = 0;
  for (const value of values) if (value === null) nullCount++;
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap: bits(values, (value) => value !== null) };
}

function bits(values: ColumnValues, isSet: (value: unknown) => boolean): Uint8Array {
  const packed = new Uint8Array((values.length + 7) >> 3);
  for (let index = 0; index < values.length; index++)
    if (isSet(values[index])) packed[index >> 3] = (packed[index >> 3] as number) | (1 << (index & 7));
  return packed;
}

/** All texts, or all bytes, one behind the other, and where each begins. */
function packedBytes(values: ColumnValues): { valueOffsets: Int32Array; data: Uint8Array } {
  const valueOffsets = new Int32Array(values.length + 1);
  const pieces: Uint8Array[] = [];
  let total = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as string | Uint8Array | null;
    if (value !== null && value.length > 0) {
      const piece = typeof value === 'string' ? Buffer.from(value) : value;
      pieces.push(piece);
      total += piece.length;
    }
    if (total > 0x7fff_ffff) throw notStorable('', 'has a column of more than 2 GB of text, which an Arrow column cannot hold');
    valueOffsets[index + 1] = total;
  }
  return { valueOffsets, data: Buffer.concat(pieces, total) };
}

/** The memory of all chunks as one typed array of its own: a view would keep the whole file. */
function joined(vector: Vector): TypedArray {
  const chunks = vector.data.map((chunk) => (chunk.values as TypedArray).subarray(0, chunk.length));
  const [first] = chunks;
  if (first === undefined) return new (vector.type.ArrayType as new (length: number) => TypedArray)(0);
  if (chunks.length === 1) return first.slice();
  const all = new (first.constructor as new (length: number) => TypedArray)(vector.length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk as never, at);
    at += chunk.length;
  }
  return all;
}

/** Cell by cell from the memory beneath: `get` turns times into rounded numbers. */
function cells(vector: Vector, convert: (raw: unknown) => unknown): unknown[] {
  const list: unknown[] = [];
  for (const chunk of vector.data) {
    for (let index = 0; index < chunk.length; index++) list.push(chunk.getValid(index) ? convert(raw(chunk, index)) : null);
  }
  return list;
}

function raw(chunk: Data, index: number): unknown {
  const offsets = chunk.valueOffsets as Int32Array | undefined;
  return offsets && offsets.length > 0
    ? (chunk.values as Uint8Array).subarray(offsets[index], offsets[index + 1])
    : (chunk.values as TypedArray)[index];
}

function gotten(vector: Vector): unknown[] {
  const list = new Array<unknown>(vector.length);
  for (let index = 0; index < list.length; index++) list[index] = vector.get(index);
  return list;
}
