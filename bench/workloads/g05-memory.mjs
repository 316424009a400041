import process from 'node:process';
import { loadMillrace } from '../millrace.mjs';

const SIZES = { '100,000': 100_000, '1,000,000': 1_000_000 };
const LIMITS = { '100,000': { bar: 900, stretch: 500 }, '1,000,000': { bar: 600, stretch: 300 } };

export const workload = {
  goal: 'G5',
  title: 'memory per node of a fan-out',
  repetitions: 1,
  flags: ['--expose-gc'],
  variants: Object.fromEntries(
    Object.entries(SIZES).flatMap(([size, count]) => [
      [`peak at ${size}`, () => peak(count)],
      [`live at ${size}`, () => live(count)],
    ]),
  ),
  rows: Object.keys(SIZES).flatMap((size) => [
    { title: `peak memory of the process per node, ${size} nodes`, ours: `peak at ${size}`, unit: 'B', ...LIMITS[size] },
    { title: `of these reachable when the graph is drawn, ${size} nodes`, ours: `live at ${size}`, unit: 'B' },
  ]),
};

/** The high-water mark of the process's resident memory, garbage not yet collected included, less what it was when all was loaded. */
async function peak(count) {
  const fanOut = await fanOutOf(count);
  await (await fanOutOf(1)).run();
  return async () => {
    const before = highWater();
    await fanOut.run();
    return (highWater() - before) / count;
  };
}

function highWater() {
  return process.resourceUsage().maxRSS * 1024;
}

/** The heap after a full collection with every node registered and none started, less the heap before. */
async function live(count) {
  return async () => {
    let drawn = 0;
    const fanOut = await fanOutOf(count, () => {
      globalThis.gc();
      drawn = process.memoryUsage().heapUsed;
    });
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    await fanOut.run();
    return (drawn - before) / count;
  };
}

async function fanOutOf(count, whenDrawn = () => {}) {
  const { flow, task } = await loadMillrace();
  const noop = task((n) => n, { name: 'noop' });
  return flow('fan-out', () => {
    for (let n = 0; n < count; n++) noop(n);
    whenDrawn();
  });
}
