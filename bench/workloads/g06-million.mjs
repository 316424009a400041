import pLimit from 'p-limit';
import { loadMillrace } from '../millrace.mjs';

const TASKS = 1_000_000;
const CONCURRENCY = 16;

const body = (n) => n;

export const workload = {
  goal: 'G6',
  title: 'fan-out of 1,000,000 no-op tasks in the default heap',
  repetitions: 1,
  variants: { millrace: inMillrace, 'p-limit': inLimit },
  rows: [{ ours: 'millrace', peer: 'p-limit', bar: 1, stretch: 0.4 }],
};

async function inMillrace() {
  const { flow, task } = await loadMillrace();
  const noop = task(body, { name: 'noop' });
  const fanOut = flow('fan-out', { concurrency: CONCURRENCY }, () => {
    for (let n = 0; n < TASKS; n++) noop(n);
  });
  return async () => void (await fanOut.run());
}

function inLimit() {
  return async () => {
    const limit = pLimit(CONCURRENCY);
    await Promise.all(Array.from({ length: TASKS }, (_, n) => limit(body, n)));
  };
}
