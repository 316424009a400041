import { asError, MillraceError } from '../../base/error.js';
import type { Serializer } from '../../model/serializer.js';
import { type ColumnTable, HEADER_KEY, notATable, parseHeader, putTogether, takeApart } from './column-table.js';
import { loadLibrary } from './optional-library.js';
import { type ArrowTable, isPolars, tableKind } from './table-kind.js';

/**
 * Tables as Arrow files (Feather): larger than Parquet, and the fastest there is to write and to read, for nothing is packed. Takes what
 * `parquet` takes, and gives back the same kind of table; an Arrow table keeps every type that Arrow knows.
 *
 * Needs the package apache-arrow, for DataFrames nodejs-polars; loaded when first needed. A file made by others is read as an Arrow table.
 *
 * Throws as `parquet` does.
 */
// biome-ignore lint/suspicious/noExplicitAny: tables of any library
export function arrow<T = any>(): Serializer<T> {
  return ARROW;
}

const ARROW: Serializer = Object.freeze({
  exact: true,
  name: 'arrow',
  ext: 'arrow',
  contentType: 'application/vnd.apache.arrow.file',
  encode,
  decode,
});

const WHY = 'to handle Arrow tables';

function encode(value: unknown): Uint8Array | Promise<Uint8Array> {
  if (isPolars(value)) return markedAsPolars(value.writeIPC());
  const kind = tableKind(value);
  if (kind === undefined || kind === 'polars') throw notATable(value, 'arrow');
  return write(kind === 'arrow' ? (value as ArrowTable) : takeApart(value, kind));
}

async function write(table: ArrowTable | ColumnTable): Promise<Uint8Array> {
  const library = await loadLibrary('apache-arrow', WHY);
  if (!('header' in table)) return library.tableToIPC(table, 'file');
  const { makeArrowTable } = await loadColumns();
  return library.tableToIPC(makeArrowTable(library, table, new Map([[HEADER_KEY, JSON.stringify(table.header)]])), 'file');
}

/** Most programs keep no table: what writes and reads them is loaded by those that do. */
const loadColumns = (): Promise<typeof import('./arrow-columns.js')> => import('./arrow-columns.js');

async function decode(bytes: Uint8Array): Promise<unknown> {
  if (isOfPolars(bytes)) {
    const { readIPC } = await loadLibrary('nodejs-polars', 'to read back a polars DataFrame');
    return readIPC(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  const library = await loadLibrary('apache-arrow', WHY);
  try {
    if (!isArrow(bytes)) throw new MillraceError('RESULT_UNREADABLE', 'the bytes are no Arrow file, or the end of one is missing');
    const table = library.tableFromIPC(aligned(bytes));
    const text = table.schema.metadata.get(HEADER_KEY);
    if (text === undefined) return table;
    const header = parseHeader(text);
    const { readVector } = await loadColumns();
    return await putTogether(
      header,
      header.columns.map(([, type], at) => readVector(table.getChildAt(at) as NonNullable<ReturnType<ArrowTable['getChildAt']>>, type)),
    );
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new MillraceError('RESULT_UNREADABLE', `the bytes are no Arrow file that can be read: ${asError(error).message}`, { cause: error });
  }
}

/**
 * After the six letters that open an Arrow file come two bytes that only fill up. Polars leaves no name in its files, so that one of ours is
 * known by these.
 */
const FILLED = Buffer.from('ARROW1pl');

function markedAsPolars(file: Buffer): Buffer {
  file.set(FILLED.subarray(6), 6);
  return file;
}

/** The library takes what is cut short for a table without rows. */
function isArrow(bytes: Uint8Array): boolean {
  const magic = FILLED.subarray(0, 6);
  const isFile = magic.equals(bytes.subarray(0, 6)) && magic.equals(bytes.subarray(-6));
  // Others may have written a stream, which has no end to be known by.
  return isFile || (bytes.length >= 8 && bytes.subarray(0, 4).every((byte) => byte === 0xff));
}

function isOfPolars(bytes: Uint8Array): boolean {
  return FILLED.equals(bytes.subarray(0, FILLED.length));
}

/** Columns are views of the file's memory, where numbers of eight bytes lie on multiples of eight. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}
