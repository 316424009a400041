import { fileURLToPath } from 'node:url';
import { loadMillrace } from '../millrace.mjs';
import { missingModules, runPython } from '../python.mjs';

const MANY = 100_000;
/** What distributed Dask takes for more of them is minutes. */
const FEW = 10_000;
const CONCURRENCY = 16;
const REPETITIONS = 2;

const MODULES = ['dask', 'distributed'];
const SCRIPT = fileURLToPath(new URL('../peers/dask_fan_out.py', import.meta.url));

const noop = (n) => n;

export const workload = {
  goal: 'G2',
  title: 'fan-out of 100,000 no-op tasks, in memory, concurrency 16',
  repetitions: REPETITIONS,
  missing: missingModules(MODULES, ['python3-dask', 'python3-distributed']),
  variants: {
    millrace: () => inMillrace(MANY, draw),
    'millrace (results read)': () => inMillrace(MANY, drawAndRead),
    'dask.delayed, threads': ({ folder }) => inDask(folder, 'threads', MANY),
    'millrace (10,000)': () => inMillrace(FEW, draw),
    'millrace (10,000, results read)': () => inMillrace(FEW, drawAndRead),
    'dask distributed': ({ folder }) => inDask(folder, 'cluster', FEW),
    'dask distributed, unqueued': ({ folder }) => inDask(folder, 'unqueued', FEW),
  },
  rows: [
    { ours: 'millrace', peer: 'dask.delayed, threads', bar: 0.04, stretch: 0.0167 },
    { title: 'the same, all results in one list', ours: 'millrace (results read)', peer: 'dask.delayed, threads' },
    { title: 'fan-out of 10,000', ours: 'millrace (10,000)', peer: 'dask distributed', bar: 0.005, stretch: 0.0025 },
    { title: 'the same, all results in one list', ours: 'millrace (10,000, results read)', peer: 'dask distributed' },
    { title: 'fan-out of 10,000', ours: 'millrace (10,000)', peer: 'dask distributed, unqueued' },
  ],
};

/** The work of G1. */
function draw(task, count) {
  for (let n = 0; n < count; n++) task(n);
}

/** Dask gives all results back, whether they are wanted or not. */
function drawAndRead(task, count, all) {
  return all(Array.from({ length: count }, (_, n) => task(n)));
}

async function inMillrace(count, body) {
  const { all, flow, task } = await loadMillrace();
  const fanned = task(noop, { name: 'noop' });
  const fanOut = flow('fan-out', { concurrency: CONCURRENCY }, () => body(fanned, count, all));
  return async () => void (await fanOut.run());
}

/** It has repeated the work in a process of its own, and ended, before the first repetition is asked for. @param folder for what a cluster writes */
function inDask(folder, mode, count) {
  const samples = runPython(MODULES, [SCRIPT, mode, String(count), String(REPETITIONS)], { TMPDIR: folder });
  return () => samples.shift();
}
