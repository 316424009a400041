import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { COUNT, makeKilobyte, makeTable } from '../kilobyte.mjs';
import { loadMillrace } from '../millrace.mjs';

export const workload = {
  goal: 'G8',
  title: 'first run of 10,000 cached tasks with 1 KB results, default store',
  repetitions: 1,
  variants: { millrace: inMillrace, 'files (sync)': inFiles, 'files (async, 16)': inFilesAsync },
  rows: [
    { ours: 'millrace', peer: 'files (sync)', bar: 1.3, stretch: 1 },
    { title: 'the same', ours: 'millrace', peer: 'files (async, 16)', bar: 1.3, stretch: 1 },
  ],
};

/** Keys, entries, records and results, committed with `synchronous=FULL`. */
async function inMillrace({ folder }) {
  const table = makeTable(await loadMillrace(join(folder, 'home')));
  return async () => void (await table.run());
}

/** Each result to a temporary file that is renamed; nothing is synced to disk, no key, no record. */
function inFiles({ folder }) {
  const results = join(folder, 'sync');
  mkdirSync(results);
  return () => {
    for (let n = 0; n < COUNT; n++) {
      const path = join(results, `${n}.json`);
      writeFileSync(`${path}.tmp`, JSON.stringify(makeKilobyte(n)));
      renameSync(`${path}.tmp`, path);
    }
  };
}

function inFilesAsync({ folder }) {
  const results = join(folder, 'async');
  mkdirSync(results);
  const write = async (n) => {
    const path = join(results, `${n}.json`);
    await writeFile(`${path}.tmp`, JSON.stringify(makeKilobyte(n)));
    await rename(`${path}.tmp`, path);
  };
  return async () => {
    const limit = pLimit(16);
    await Promise.all(Array.from({ length: COUNT }, (_, n) => limit(write, n)));
  };
}
