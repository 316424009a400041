import { open } from 'node:fs/promises';
import { getSystemErrorName } from 'node:util';
import { HEADER_KEY } from './column-table.js';
import type { FileFormat } from './file-format.js';
import { loadLibrary } from './optional-library.js';
import { isPolars } from './table-kind.js';

/** Half the bytes to digest, write and read, in a compression that every reader knows. */
export const POLARS_PARQUET = { compression: 'snappy' } as const;

/** Below this many cells a buffer is quicker than a file. */
const CELLS_WORTH_A_FILE = 100_000;

/** DataFrames as Parquet files that polars writes and reads by itself. */
export const POLARS_FILES: FileFormat = {
  takes: (value) => isPolars(value) && value.height * value.width >= CELLS_WORTH_A_FILE,

  write(value, path) {
    try {
      if (isPolars(value)) value.writeParquet(path, POLARS_PARQUET);
    } catch (error) {
      throw asSystemError(error);
    }
  },

  async knows(path) {
    // Polars takes a path with another ending for the content of a file.
    return path.endsWith('.parquet') && isOfPolars(await readEnd(path));
  },

  async read(path) {
    const { readParquet } = await loadLibrary('nodejs-polars', 'to read back a polars DataFrame');
    return readParquet(path);
  },
};

/** A footer has the names of all columns, of every 100,000 rows or so; the writer's own name is at its very end. */
const END = 64 * 1024;

async function readEnd(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(END, size)), 0, undefined, Math.max(0, size - END));
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Looked up in the file's footer, where writers give their names, without the library that understands all of it.
 * @param bytes the whole file, or the end of it
 */
export function isOfPolars(bytes: Uint8Array): boolean {
  if (bytes.length < 12) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8).getUint32(0, true);
  const footer = Buffer.from(bytes.buffer, bytes.byteOffset + Math.max(0, bytes.length - 8 - length), Math.min(length, bytes.length - 8));
  return footer.includes('Polars') && !footer.includes(HEADER_KEY);
}

/** Polars tells what the system said as text: `… (os error 28)`. */
function asSystemError(error: unknown): unknown {
  const number = /\(os error (\d+)\)/.exec(String(error))?.[1] ?? /\bOs \{ code: (\d+)/.exec(String(error))?.[1];
  // On Windows the numbers are others than Node's.
  if (number === undefined || process.platform === 'win32') return error;
  return Object.assign(error as Error, { code: getSystemErrorName(-Number(number)), syscall: 'write' });
}
