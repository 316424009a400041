import { loadMillrace } from '../millrace.mjs';

const LAYERS = 100;
/** async.auto takes time that grows with the square of the tasks. */
const FEW_LAYERS = 20;
const WIDTH = 100;
const CONCURRENCY = 16;
/** Until the fourth or so V8 is compiling, on either side: the median of a few would be of that, and another one in each process. */
const REPETITIONS = 15;

const add = (a, b) => (a + b) % 1_000_003;

export const workload = {
  goal: 'G3',
  title: 'layered graph of 100 × 100 tasks, two edges each, in memory',
  repetitions: REPETITIONS,
  variants: {
    millrace: () => inMillrace(LAYERS),
    'raw promises': inPromises,
    'p-graph': inGraph,
    'millrace (20 layers)': () => inMillrace(FEW_LAYERS),
    'async.auto (20 layers)': inAuto,
  },
  rows: [
    { ours: 'millrace', peer: 'raw promises', bar: 5, stretch: 2.5 },
    { title: 'the same', ours: 'millrace', peer: 'p-graph' },
    { title: 'layered graph of 20 × 100', ours: 'millrace (20 layers)', peer: 'async.auto (20 layers)' },
  ],
};

/** Builds the layers: each node of one is made of two neighbours in the layer before it. */
function layered(layers, first, next) {
  let layer = Array.from({ length: WIDTH }, (_, at) => first(at));
  for (let depth = 1; depth < layers; depth++) layer = layer.map((node, at) => next(node, layer[(at + 1) % WIDTH], depth, at));
  return layer;
}

async function inMillrace(count) {
  const { flow, task } = await loadMillrace();
  const start = task((n) => n, { name: 'start' });
  const sum = task(add, { name: 'sum' });
  const layers = flow('layers', { concurrency: CONCURRENCY }, () => layered(count, start, (a, b) => sum(a, b)));
  return async () => void (await layers.run());
}

/** No limit, no states, no names: the least that waits for two inputs. */
function inPromises() {
  const sum = async (a, b) => add(await a, await b);
  return async () => void (await Promise.all(layered(LAYERS, async (n) => n, sum)));
}

async function inAuto() {
  const { default: auto } = await import('async/auto.js');
  return async () => {
    const tasks = {};
    const define = (name, definition) => {
      tasks[name] = definition;
      return name;
    };
    layered(
      FEW_LAYERS,
      (n) => define(`0/${n}`, async () => n),
      (a, b, depth, at) => define(`${depth}/${at}`, [a, b, async (done) => add(done[a], done[b])]),
    );
    await auto(tasks, CONCURRENCY);
  };
}

/** It passes no values on, so they go through a table. */
async function inGraph() {
  const { PGraph } = await import('p-graph');
  return async () => {
    const nodes = new Map();
    const edges = [];
    const values = new Map();
    const define = (name, value) => {
      nodes.set(name, { run: () => void values.set(name, value()) });
      return name;
    };
    layered(
      LAYERS,
      (n) => define(`0/${n}`, () => n),
      (a, b, depth, at) => {
        const name = define(`${depth}/${at}`, () => add(values.get(a), values.get(b)));
        edges.push([a, name], [b, name]);
        return name;
      },
    );
    await new PGraph(nodes, edges).run({ concurrency: CONCURRENCY });
  };
}
