import type { Serializer } from '../../model/serializer.js';
import { type ColumnTable, notATable, putTogether, takeApart } from './column-table.js';
import { loadLibrary } from './optional-library.js';
import { isOfPolars, POLARS_PARQUET } from './polars-file.js';
import { type ArrowTable, isPolars, tableKind } from './table-kind.js';

/**
 * Tables as Parquet files: small, by column, read by every data tool. A list of row objects, an object of columns with typed arrays among
 * them, a nodejs-polars DataFrame, an Arrow table or an arquero table; each comes back as what it was.
 *
 * The columns of rows are booleans, numbers (also `NaN`, `-0`, infinities), bigints of up to 64 bits, texts, Dates, bytes, or nested values
 * (kept as JSON text), with `null` for what is not there. Rows and columns, Arrow and arquero tables need the packages hyparquet and
 * hyparquet-writer, DataFrames need nodejs-polars; they are loaded when they are first needed. A file made by others is read as a DataFrame
 * when polars wrote it, else as rows.
 *
 * `encode` throws MillraceError `RESULT_NOT_STORABLE`, with the path inside the value, for a column of mixed types, `undefined` and what
 * would not come back equal; both throw `FORMAT_LIBRARY_MISSING`; `decode` throws `RESULT_UNREADABLE`.
 */
// biome-ignore lint/suspicious/noExplicitAny: tables of any library, rows of any columns
export function parquet(): Serializer<any>;
export function parquet<R extends object>(): Serializer<R[]>;
export function parquet(): Serializer {
  return PARQUET;
}

const PARQUET: Serializer = Object.freeze({
  exact: true,
  name: 'parquet',
  ext: 'parquet',
  contentType: 'application/vnd.apache.parquet',
  encode,
  decode,
});

function encode(value: unknown): Uint8Array | Promise<Uint8Array> {
  if (isPolars(value)) return value.writeParquet(POLARS_PARQUET);
  const kind = tableKind(value);
  if (kind === undefined || kind === 'polars') throw notATable(value, 'parquet');
  return write(kind === 'arrow' ? columnsOf(value as ArrowTable) : takeApart(value, kind));
}

/** Most programs keep no table: what writes and reads them is loaded by those that do. */
async function write(table: ColumnTable | Promise<ColumnTable>): Promise<Uint8Array> {
  const { writeParquet } = await import('./parquet-file.js');
  return await writeParquet(await table);
}

async function columnsOf(table: ArrowTable): Promise<ColumnTable> {
  const { columnsOfArrow } = await import('./arrow-columns.js');
  return await columnsOfArrow(table);
}

async function decode(bytes: Uint8Array): Promise<unknown> {
  if (isOfPolars(bytes)) {
    const { readParquet: readFrame } = await loadLibrary('nodejs-polars', 'to read back a polars DataFrame');
    return readFrame(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  const { readParquet } = await import('./parquet-file.js');
  const table = await readParquet(bytes);
  if ('rows' in table) return table.rows;
  if (table.header.kind !== 'arrow') return await putTogether(table.header, table.columns);
  const { arrowFromColumns } = await import('./arrow-columns.js');
  return await arrowFromColumns(table.header, table.columns);
}
