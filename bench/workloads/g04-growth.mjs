import { loadMillrace } from '../millrace.mjs';

const SMALL = 10_000;
const LARGE = 100_000;
/** Until all is compiled, a task costs five times what it costs later, and the small runs would be made of nothing else. */
const WARM_UP = 2;

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
  'wide join': (count, { next, join }) => join(Array.from({ length: count - 1 }, (_, n) => next(n))),
};

export const workload = {
  goal: 'G4',
  title: 'time of ten times the tasks',
  repetitions: 5,
  variants: Object.fromEntries(
    Object.entries(SHAPES).flatMap(([shape, body]) => [SMALL, LARGE].map((count) => [nameOf(shape, count), () => inMillrace(shape, body, count)])),
  ),
  rows: Object.keys(SHAPES).map((shape) => ({
    title: `${shape}, warm: time of 100,000 tasks / time of 10,000`,
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
  const shaped = (size) => flow(shape, () => body(size, { next, join }));
  for (let run = 0; run < WARM_UP; run++) await shaped(LARGE).run();
  const measured = shaped(count);
  return async () => void (await measured.run());
}
