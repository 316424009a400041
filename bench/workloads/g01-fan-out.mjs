import pLimit from 'p-limit';
import { loadMillrace } from '../millrace.mjs';

const TASKS = 100_000;
/** async.auto takes time that grows with the square of the tasks: 100,000 of them would take it a quarter of an hour. */
const FEW_TASKS = 2_000;
const CONCURRENCY = 16;

const plain = (n) => n;
const asynchronous = async (n) => n;

export const workload = {
  goal: 'G1',
  title: 'fan-out of 100,000 no-op tasks, in memory, concurrency 16',
  repetitions: 5,
  variants: {
    millrace: () => inMillrace(plain),
    'p-limit': () => inLimit(plain),
    'millrace (async body)': () => inMillrace(asynchronous),
    'p-limit (async body)': () => inLimit(asynchronous),
    'p-graph': inGraph,
    'millrace (2,000)': () => inMillrace(plain, FEW_TASKS),
    'async.auto (2,000)': inAuto,
  },
  rows: [
    { ours: 'millrace', peer: 'p-limit', bar: 1.5, stretch: 0.7 },
    { title: 'the same, async function as body', ours: 'millrace (async body)', peer: 'p-limit (async body)', bar: 1.5, stretch: 0.7 },
    { title: 'the same', ours: 'millrace', peer: 'p-graph' },
    { title: 'fan-out of 2,000', ours: 'millrace (2,000)', peer: 'async.auto (2,000)' },
  ],
};

async function inMillrace(body, tasks = TASKS) {
  const { flow, task } = await loadMillrace();
  const noop = task(body, { name: 'noop' });
  const fanOut = flow('fan-out', { concurrency: CONCURRENCY }, () => {
    for (let n = 0; n < tasks; n++) noop(n);
  });
  return async () => void (await fanOut.run());
}

function inLimit(body) {
  return async () => {
    const limit = pLimit(CONCURRENCY);
    await Promise.all(Array.from({ length: TASKS }, (_, n) => limit(body, n)));
  };
}

async function inAuto() {
  const { default: auto } = await import('async/auto.js');
  return async () => {
    const tasks = {};
    for (let n = 0; n < FEW_TASKS; n++) tasks[`task ${n}`] = async () => plain(n);
    await auto(tasks, CONCURRENCY);
  };
}

async function inGraph() {
  const { PGraph } = await import('p-graph');
  return async () => {
    const nodes = new Map();
    for (let n = 0; n < TASKS; n++) nodes.set(`task ${n}`, { run: () => plain(n) });
    await new PGraph(nodes, []).run({ concurrency: CONCURRENCY });
  };
}
