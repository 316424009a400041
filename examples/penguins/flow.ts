import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cache, ctx, Fail, flow, json, param, task } from 'millrace';
import KNN from 'ml-knn';
import { RandomForestClassifier } from 'ml-random-forest';
import * as z from 'zod';
import { classify, features, labels, type Model, scaled, scaleOf } from './model.js';
import { Penguin, Row } from './penguin.js';

// 344 penguins of the Palmer Archipelago, as the vega-datasets package ships them.
const PENGUINS = fileURLToPath(new URL('../data/penguins.json', import.meta.resolve('vega-datasets')));

// A task is a plain function. What it returns is stored, so that it can be looked at, and need not be computed again.
export const read = task(async (path: string): Promise<Row[]> => checked(Row, JSON.parse(await readFile(path, 'utf8'))));

/** A row that lacks a measurement is of no use and dropped. An impossible one means that something is wrong with the file: that fails. */
export const clean = task((rows: Row[]): Penguin[] => {
  const complete = rows.filter((row) => Object.values(row).every((value) => value !== null));
  ctx().log.info(`${complete.length} of ${rows.length} rows are complete; ${rows.length - complete.length} dropped`);
  return checked(Penguin, complete);
});

/** Some of the shuffled penguins are kept back, to judge the models by what they have not seen. */
export const split = task(
  (penguins: Penguin[], testRatio: number, seed: number) => {
    const random = randomNumbers(seed);
    const shuffled = penguins
      .map((penguin) => ({ penguin, place: random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ penguin }) => penguin);
    const testSize = Math.ceil(shuffled.length * testRatio);
    return { train: shuffled.slice(testSize), test: shuffled.slice(0, testSize) };
  },
  // Named outputs are stored one by one, and the call below can be taken apart into a future of each.
  { outputs: { train: json(), test: json() } },
);

export const trainForest = task((train: Penguin[], trees: number, seed: number): Model => {
  const forest = new RandomForestClassifier({ nEstimators: trees, maxFeatures: 3, replacement: false, seed, noOOB: true });
  forest.train(features(train), labels(train));
  return { kind: 'random forest', saved: JSON.stringify(forest) };
});

export const trainNeighbours = task((train: Penguin[], k: number): Model => {
  const scale = scaleOf(features(train));
  const neighbours = new KNN(scaled(features(train), scale), labels(train), { k });
  return { kind: 'nearest neighbours', saved: JSON.stringify(neighbours), scale };
});

export const score = task(
  (model: Model, test: Penguin[]): number => {
    const guesses = classify(model, test);
    const right = test.filter(({ species }, index) => species === guesses[index]).length;
    ctx().log.info(`${model.kind}: ${right} of ${test.length} right`);
    return right / test.length;
  },
  // The task is called twice: a name of their own tells its runs apart.
  { name: (model) => model.kind },
);

export const choose = task(
  (candidates: { model: Model; accuracy: number }[]) => candidates.reduce((best, next) => (next.accuracy > best.accuracy ? next : best)),
  { outputs: { model: json(), accuracy: json() } },
);

export const penguins = flow(
  'penguins',
  {
    description: 'Learns to tell three species of penguins apart by their measurements.',
    // Reuse what was computed by an earlier run from the same inputs with the same code.
    cache: cache.default,
    params: {
      data: param({ default: PENGUINS, help: 'JSON file with the measured penguins' }),
      testRatio: param(z.number().gt(0).max(0.9).default(0.25), { help: 'share of the penguins that is kept back to score the models' }),
      trees: param(z.int().min(1).default(50), { help: 'size of the random forest' }),
      neighbours: param(z.int().min(1).default(5), { help: 'how many nearest neighbours vote' }),
      seed: param(z.int().default(17), { help: 'the same seed gives the same split and the same forest' }),
    },
  },
  // Calls of tasks give futures and run nothing yet: they draw the graph. What does not wait for another runs at the same time.
  ({ data, testRatio, trees, neighbours, seed }) => {
    const { train, test } = split(clean(read(data)), testRatio, seed);
    const forest = trainForest(train, trees, seed);
    const nearest = trainNeighbours(train, neighbours);
    const { model, accuracy } = choose([
      { model: forest, accuracy: score(forest, test) },
      { model: nearest, accuracy: score(nearest, test) },
    ]);
    return { chosen: model.get('kind'), accuracy };
  },
);

/** Fail ends the task for good: trying again would not help. */
function checked<T>(schema: z.ZodType<T>, rows: unknown): T[] {
  const { success, data, error } = z.array(schema).safeParse(rows);
  if (!success) throw new Fail(`the data are not as expected:\n${z.prettifyError(error)}`);
  return data;
}

/** Random numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
