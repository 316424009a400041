import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { COUNT, makeKilobyte, makeTable } from '../kilobyte.mjs';
import { loadMillrace } from '../millrace.mjs';

export const workload = {
  goal: 'G9',
  title: 'cached re-run of those 10,000 in a fresh process',
  repetitions: 1,
  prepare,
  variants: { 'values asked for': valuesAskedFor, files: inFiles, 'files (async, 16)': inFilesAsync, 'not asked for': valuesNotAskedFor },
  rows: [
    { title: 'cached re-run of those 10,000, all values asked for', ours: 'values asked for', peer: 'files', bar: 1, stretch: 0.85 },
    { title: 'cached re-run of those 10,000, values not asked for', ours: 'not asked for', peer: 'files', bar: 0.5, stretch: 0.4 },
    { title: 'all values, against files read asynchronously', ours: 'values asked for', peer: 'files (async, 16)' },
    { title: 'no values, against the same', ours: 'not asked for', peer: 'files (async, 16)' },
  ],
};

async function prepare({ folder }) {
  await makeTable(await loadMillrace(homeOf(folder))).run();
  mkdirSync(filesOf(folder));
  for (let n = 0; n < COUNT; n++) writeFileSync(pathOf(folder, n), JSON.stringify(makeKilobyte(n)));
}

/** Every key is checked, every value read, verified and decoded. */
async function valuesAskedFor({ folder }) {
  const millrace = await loadMillrace(homeOf(folder));
  const table = makeTable(millrace, async (rows) => (await millrace.all(rows)).length);
  return async () => check(await table.run());
}

/** Every key is checked, no value read. */
async function valuesNotAskedFor({ folder }) {
  const table = makeTable(await loadMillrace(homeOf(folder)));
  return async () => void (await table.run());
}

/** No key, no digest, no record. */
function inFiles({ folder }) {
  return () => check(Array.from({ length: COUNT }, (_, n) => JSON.parse(readFileSync(pathOf(folder, n), 'utf8'))).length);
}

function inFilesAsync({ folder }) {
  const read = async (n) => JSON.parse(await readFile(pathOf(folder, n), 'utf8'));
  return async () => {
    const limit = pLimit(16);
    check((await Promise.all(Array.from({ length: COUNT }, (_, n) => limit(read, n)))).length);
  };
}

function check(count) {
  if (count !== COUNT) throw new Error(`expected ${COUNT} values; got ${count}`);
}

function homeOf(folder) {
  return join(folder, 'home');
}

function filesOf(folder) {
  return join(folder, 'files');
}

function pathOf(folder, n) {
  return join(filesOf(folder), `${n}.json`);
}
