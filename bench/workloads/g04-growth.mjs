import { loadMillrace } from '../millrace.mjs';

const SMALL = 10_000;
const LARGE = 100_000;

/** The body of a flow of so many tasks. */
const SHAPES = {
  'fan-out': (count, { next }) => {
    for (let n = 0; n < count; n++) next(n);
  },
  chain: (count, { next }) => {
    let last = next(0);
    for (let n = 1; n < count; n++) last = next(last);
    return last;
  },
  'wide join': (count, { next, join }) =>
    join(Array.from({ length: count - 1 }, (_, n) => next(n))),
};

export const workload = {
  goal: 'G4',
  title: 'time of ten times the tasks',
  repetitions: 3,
  variants: Object.fromEntries(
    Object.entries(SHAPES).flatMap(([shape, body]) => [SMALL, LARGE].map((count) => [nameOf(shape, count), () => inMillrace(shape, body, count)])),
  ),
  rows: Object.keys(SHAPES).map((shape) => ({
    title: `${shape}: time of 100,000 tasks / time of 10,000`,
    ours: nameOf(shape, LARGE),
    peer: nameOf(shape, SMALL),
    bar: 12,
    stretch: 10,
  })),
};

function nameOf(shape, count) {
  return `${shape} ${count}`;
}

async function inMillrace(shape, body, count) {
  const { flow, task } = await loadMillrace();
  const next = task((n) => n + 1, { name: 'next' });
  const join = task((numbers) => numbers.length, { name: 'join' });
  const shaped = flow(shape, () => body(count, { next, join }));
  return async () => void (await shaped.run());
}
