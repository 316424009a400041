import { join } from 'node:path';
import { loadMillrace } from '../millrace.mjs';

const TASKS = 1_000;

/** Luigi, redun, Prefect and Metaflow are Python's, and not measured here: docs/performance.md says what is known of them. */
export const workload = {
  goal: 'G11',
  title: 'durable fan-out of 1,000',
  repetitions: 1,
  prepare: async ({ folder }) => void (await fanOut(folder, 'kept').then((run) => run())),
  variants: {
    'first run': ({ folder }) => fanOut(folder, 'new'),
    'cached re-run': ({ folder }) => fanOut(folder, 'kept'),
  },
  rows: [
    { title: 'durable fan-out of 1,000 cached tasks', ours: 'first run', unit: 'ms' },
    { title: 'cached re-run of those 1,000, all values asked for', ours: 'cached re-run', unit: 'ms' },
  ],
};

/** From a process that has only loaded the package: the record is opened, keys and code are checked, all is committed. */
async function fanOut(folder, home) {
  const { all, cache, flow, task } = await loadMillrace(join(folder, home));
  const square = task((n) => n * n, { name: 'square' });
  const squares = flow('squares', { cache: cache.default }, async () => (await all(Array.from({ length: TASKS }, (_, n) => square(n)))).length);
  return async () => {
    const count = await squares.run();
    if (count !== TASKS) throw new Error(`expected ${TASKS} values; got ${count}`);
  };
}
