import zlib from 'node:zlib';
import type { AsyncBuffer, Compressors, SchemaElement } from 'hyparquet';
import type { ColumnSource } from 'hyparquet-writer';
import { asError, MillraceError } from '../../base/error.js';
import { type Column, type ColumnType, isTypedName, newTypedArray } from './column.js';
import { type ColumnTable, HEADER_KEY, parseHeader, type TableHeader } from './column-table.js';
import { loadLibrary } from './optional-library.js';
import type { ColumnValues } from './table-kind.js';

/** Rows of a group: what a reader must hold at once of each column. */
const GROUP_ROWS = 100_000;

/** Writes columns as a Parquet file. The same table gives the same bytes: nothing of when and where is written. */
export async function writeParquet({ header, columns }: ColumnTable): Promise<Uint8Array> {
  const { ByteWriter, parquetWrite } = await loadLibrary('hyparquet-writer', 'to write Parquet');
  const writer = new ByteWriter();
  await parquetWrite({
    writer,
    columnData: columns.map(sourceOf),
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(elementOf)],
    rowGroupSize: GROUP_ROWS,
    // Half of the time, for figures that nobody who reads a whole table looks at.
    statistics: false,
    kvMetadata: [{ key: HEADER_KEY, value: JSON.stringify(header) }],
  });
  return writer.getBytes();
}

export interface ParquetTable {
  readonly header: TableHeader;
  /** In the order of the header: typed arrays where `makeColumn` had them, else arrays. */
  readonly columns: readonly ColumnValues[];
}

/**
 * Reads a Parquet file: by columns when it was written by `writeParquet`, else as rows.
 * @throws MillraceError `RESULT_UNREADABLE`
 */
export async function readParquet(bytes: Uint8Array): Promise<ParquetTable | { readonly rows: unknown[] }> {
  const { parquetMetadata, parquetReadObjects } = await loadLibrary('hyparquet', 'to read Parquet');
  const file = fileOf(bytes);
  try {
    const metadata = parquetMetadata(file.slice(0) as ArrayBuffer);
    const header = metadata.key_value_metadata?.find(({ key }) => key === HEADER_KEY)?.value;
    if (header === undefined) return { rows: await parquetReadObjects({ file, metadata, compressors: COMPRESSORS }) };
    return await readColumns(file, parseHeader(header));
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new MillraceError('RESULT_UNREADABLE', `the bytes are no Parquet file that can be read: ${asError(error).message}`, { cause: error });
  }
}

async function readColumns(file: AsyncBuffer, header: TableHeader): Promise<ParquetTable> {
  const { parquetRead } = await loadLibrary('hyparquet', 'to read Parquet');
  const columns = header.columns.map(([, type]) => emptyColumn(type, header.rows));
  const places = new Map(header.columns.map(([name], at) => [name, at]));
  let cells = 0;
  await parquetRead({
    file,
    utf8: false,
    parsers: { stringFromBytes: textOf, timestampFromMilliseconds: (millis: bigint) => new Date(Number(millis)) },
    onChunk: ({ columnName, columnData, rowStart }) => {
      const at = places.get(columnName);
      if (at === undefined) return;
      cells += columnData.length;
      columns[at] = fill(columns[at] as ColumnValues, header.columns[at]?.[1] as ColumnType, columnData, rowStart);
    },
  });
  if (cells !== header.rows * columns.length) {
    throw new MillraceError('RESULT_UNREADABLE', `the Parquet file has ${cells} cells of ${header.rows} rows of ${columns.length} columns`);
  }
  return { header, columns };
}

/** Numbers and bigints go into a typed array, until a null shows that they cannot. */
function emptyColumn(type: ColumnType, rows: number): ColumnValues {
  if (isTypedName(type)) return newTypedArray(type, rows);
  return new Array<unknown>(rows).fill(null);
}

function fill(column: ColumnValues, type: ColumnType, data: ArrayLike<unknown>, rowStart: number): ColumnValues {
  let target = column as unknown[];
  for (let index = 0; index < data.length; index++) {
    const value = data[index] ?? null;
    // Only of an Arrow table may a column of typed values have nulls.
    if (value === null && !Array.isArray(target)) target = Array.from<unknown>(target);
    target[rowStart + index] =
      type === 'bytes' && value !== null
        ? new Uint8Array(value as Uint8Array)
        : type === 'buffer' && value !== null
          ? Buffer.from(value as Uint8Array)
          : value;
  }
  return target;
}

function sourceOf({ name, type, values }: Column): ColumnSource {
  // A dictionary is looked up as a Map's key is, where 0 is -0.
  const plain = type === 'float64' || type === 'Float64Array' || type === 'Float32Array' || type === 'Uint32Array';
  return { name, data: dataOf(type, values) as ColumnSource['data'], ...(plain ? { encoding: 'PLAIN' as const } : {}) };
}

function dataOf(type: ColumnType, values: ColumnValues): ColumnValues {
  if (Array.isArray(values)) return values;
  switch (type) {
    case 'Int8Array':
    case 'Uint8Array':
    case 'Uint8ClampedArray':
    case 'Int16Array':
    case 'Uint16Array':
      return new Int32Array(values as ArrayLike<number>);
    case 'Uint32Array':
      return new Float64Array(values as ArrayLike<number>);
    case 'BigUint64Array': {
      const { buffer, byteOffset, length } = values as BigUint64Array;
      return new BigInt64Array(buffer, byteOffset, length);
    }
    default:
      return values;
  }
}

function elementOf({ name, type, nullable }: Column): SchemaElement {
  return { name, repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED', ...PHYSICAL[type] };
}

type Physical = Pick<SchemaElement, 'type' | 'converted_type'>;

const INT: Physical = { type: 'INT32' };
const TEXT: Physical = { type: 'BYTE_ARRAY', converted_type: 'UTF8' };

const PHYSICAL: Readonly<Record<ColumnType, Physical>> = {
  null: TEXT,
  boolean: { type: 'BOOLEAN' },
  int32: INT,
  float64: { type: 'DOUBLE' },
  bigint: { type: 'INT64' },
  text: TEXT,
  date: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  bytes: { type: 'BYTE_ARRAY' },
  buffer: { type: 'BYTE_ARRAY' },
  json: TEXT,
  Int8Array: INT,
  Uint8Array: INT,
  Uint8ClampedArray: INT,
  Int16Array: INT,
  Uint16Array: INT,
  Int32Array: INT,
  // Unsigned integers of 32 bits do not fit into INT32, and are exact as doubles.
  Uint32Array: { type: 'DOUBLE' },
  Float32Array: { type: 'FLOAT' },
  Float64Array: { type: 'DOUBLE' },
  BigInt64Array: { type: 'INT64' },
  BigUint64Array: { type: 'INT64', converted_type: 'UINT_64' },
};

function fileOf(bytes: Uint8Array): AsyncBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  return { byteLength, slice: (start, end = byteLength) => buffer.slice(byteOffset + start, byteOffset + end) as ArrayBuffer };
}

/** A decoder would take a byte order mark at the beginning for none of the text. */
function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

/** For files made by others; ours are compressed with Snappy, which hyparquet brings. */
const COMPRESSORS: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
  // From Node 22.15 on; without it hyparquet says which compression it lacks.
  ...('zstdDecompressSync' in zlib ? { ZSTD: zlib.zstdDecompressSync as (input: Uint8Array) => Uint8Array } : {}),
};
