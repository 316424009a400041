import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadMillrace } from '../millrace.mjs';
import { makeColumns, ROWS, toRows } from '../table-rows.mjs';

/** About 100 MB as JSON. JSON has no word for bigints and dates: they are left out, so that nobody needs to translate. */
const WITHOUT = ['big', 'at'];

export const workload = {
  goal: 'G15',
  title: 'a 100 MB table out and in, by column',
  repetitions: 1,
  variants: { 'Arrow columns': byColumn, DataFrame: asFrame, 'JSON rows': jsonRows },
  rows: [
    { title: 'a 100 MB table out and in as an Arrow table', ours: 'Arrow columns', peer: 'JSON rows', bar: 0.25, stretch: 0.15 },
    { title: 'a 100 MB table out and in as a DataFrame', ours: 'DataFrame', peer: 'JSON rows', bar: 0.25, stretch: 0.15 },
  ],
};

async function byColumn({ folder }) {
  const { tableFromArrays } = await import('apache-arrow');
  const { id, price, quantity, kind, city, open } = makeColumns(WITHOUT);
  const table = tableFromArrays({ id: Int32Array.from(id), price: Float64Array.from(price), quantity: Int32Array.from(quantity), kind, city, open });
  return await throughTheStore(join(folder, 'arrow-home'), table, (read) => read.numRows);
}

async function asFrame({ folder }) {
  const { default: polars } = await import('nodejs-polars');
  return await throughTheStore(join(folder, 'frame-home'), polars.DataFrame(makeColumns(WITHOUT)), (read) => read.height);
}

/** No digest, no record, nothing checked. */
function jsonRows({ folder }) {
  const rows = toRows(makeColumns(WITHOUT));
  const path = join(folder, 'rows.json');
  return () => {
    writeFileSync(path, JSON.stringify(rows));
    check(JSON.parse(readFileSync(path, 'utf8')).length);
  };
}

async function throughTheStore(home, value, lengthOf) {
  const { cache, flow, task } = await loadMillrace(home);
  const make = task(() => value, { name: 'make', cache: cache.default, version: '1' });
  const table = flow('table', async () => lengthOf(await make()));
  // Opening the record is no part of a table's way: it is done once by whatever runs first, and is G8's and G12's to measure.
  await flow('opening', () => task(() => 1, { name: 'one' })()).run();
  return async () => {
    await table.run();
    check(await table.run());
  };
}

function check(length) {
  if (length !== ROWS) throw new Error(`expected ${ROWS} rows; got ${length}`);
}
