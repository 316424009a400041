import { setTimeout as sleep } from 'node:timers/promises';
import { loadMillrace } from '../millrace.mjs';

const TASKS = 1_000;
const CONCURRENCY = 100;
const SLEEP_MS = 10;
/** A thousand tasks are too few for V8 to have compiled what they run before the seventh or so. */
const REPETITIONS = 15;

export const workload = {
  goal: 'G7',
  title: '1,000 tasks that sleep 10 ms, concurrency 100',
  repetitions: REPETITIONS,
  variants: { millrace: inMillrace, 'bare lanes': inLanes },
  rows: [
    { ours: 'millrace', peer: (TASKS / CONCURRENCY) * SLEEP_MS, peerName: 'ideal', bar: 1.15, stretch: 1.08 },
    { title: 'the same; how late the timers themselves are', ours: 'bare lanes', peer: (TASKS / CONCURRENCY) * SLEEP_MS, peerName: 'ideal' },
  ],
};

async function inMillrace() {
  const { flow, task } = await loadMillrace();
  const nap = task(() => sleep(SLEEP_MS), { name: 'nap' });
  const sleepers = flow('sleepers', { concurrency: CONCURRENCY }, () => {
    for (let n = 0; n < TASKS; n++) nap();
  });
  return async () => void (await sleepers.run());
}

/** So many loops that sleep one nap after the other. */
function inLanes() {
  const lane = async () => {
    for (let n = 0; n < TASKS / CONCURRENCY; n++) await sleep(SLEEP_MS);
  };
  return async () => void (await Promise.all(Array.from({ length: CONCURRENCY }, lane)));
}
