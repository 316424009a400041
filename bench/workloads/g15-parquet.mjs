import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadMillrace } from '../millrace.mjs';
import { makeColumns, ROWS, toRows } from '../table-rows.mjs';

export const workload = {
  goal: 'G15',
  title: 'a million rows of 8 columns out and in as Parquet',
  repetitions: 1,
  variants: { 'polars, kept': polarsKept, 'polars, bare': polarsBare, 'rows, kept': rowsKept, 'hyparquet, bare': hyparquetBare },
  rows: [
    { title: 'a million rows of 8 columns out and in as Parquet, a DataFrame', ours: 'polars, kept', peer: 'polars, bare', bar: 1.43 },
    { title: 'a million rows of 8 columns out and in as Parquet, row objects', ours: 'rows, kept', peer: 'hyparquet, bare', bar: 1.43 },
  ],
};

async function polarsKept({ folder }) {
  const frame = await makeFrame();
  return await throughTheStore(join(folder, 'polars-home'), frame, (read) => read.height);
}

async function polarsBare({ folder }) {
  const frame = await makeFrame();
  const { default: polars } = await import('nodejs-polars');
  const path = join(folder, 'bare-polars.parquet');
  return () => {
    frame.writeParquet(path, { compression: 'snappy' });
    check(polars.readParquet(path).height);
  };
}

async function rowsKept({ folder }) {
  const rows = toRows(makeColumns());
  return await throughTheStore(join(folder, 'rows-home'), rows, (read) => read.length);
}

/** The types are given, as whoever uses the library alone must. */
async function hyparquetBare({ folder }) {
  const rows = toRows(makeColumns());
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const { parquetReadObjects } = await import('hyparquet');
  const types = { id: 'INT32', big: 'INT64', price: 'DOUBLE', quantity: 'INT32', kind: 'STRING', city: 'STRING', open: 'BOOLEAN', at: 'TIMESTAMP' };
  const path = join(folder, 'bare.parquet');
  return async () => {
    const columnData = Object.entries(types).map(([name, type]) => ({ name, type, nullable: false, data: rows.map((row) => row[name]) }));
    writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData })));
    const { buffer, byteOffset, byteLength } = readFileSync(path);
    check((await parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + byteLength) })).length);
  };
}

/** Kept by a first run, read back, verified, by a second. */
async function throughTheStore(home, value, lengthOf) {
  const { cache, flow, parquet, task } = await loadMillrace(home);
  const make = task(() => value, { name: 'make', cache: cache.default, version: '1', serializer: parquet() });
  const table = flow('table', async () => lengthOf(await make()));
  // Opening the record is no part of a table's way: it is done once by whatever runs first, and is G8's and G12's to measure.
  await flow('opening', () => task(() => 1, { name: 'one' })()).run();
  return async () => {
    await table.run();
    check(await table.run());
  };
}

async function makeFrame() {
  const { default: polars } = await import('nodejs-polars');
  const { big, ...columns } = makeColumns();
  return polars.DataFrame({ ...columns, big: BigInt64Array.from(big) });
}

function check(length) {
  if (length !== ROWS) throw new Error(`expected ${ROWS} rows; got ${length}`);
}
