// What a training leaves beside its model: its loss, step by step, how far it is, a table, plots and a card for people. The data are a file among
// the parameters: what it held is kept with the run.
//   millrace run flow.ts                          and then
//   millrace inspect mileage/latest               lists artifacts and metrics
//   millrace inspect mileage/latest --artifact card
//   millrace inspect mileage/latest/train --metric loss > loss.csv
//   millrace inspect mileage/latest/train --artifact fit -o fit.vl.json
import { fileURLToPath } from 'node:url';
import { cache, ctx, Fail, flow, includeFile, markdown, param, plot, task } from 'millrace';
import * as z from 'zod';

// 406 cars of 1970 to 1982, as the vega-datasets package ships them.
const CARS = fileURLToPath(new URL('../data/cars.json', import.meta.resolve('vega-datasets')));

const Cars = z
  .array(z.object({ Name: z.string(), Miles_per_Gallon: z.number().nullable(), Horsepower: z.number().nullable(), Weight_in_lbs: z.number() }))
  .min(10);
type Car = z.infer<typeof Cars>[number];

interface Row {
  readonly name: string;
  readonly mpg: number;
  /** Standardized: horsepower and weight, and a 1 for what depends on neither. */
  readonly x: readonly number[];
}

const FEATURES = ['Horsepower', 'Weight_in_lbs'] as const;

export const prepare = task(async (cars: readonly Car[]): Promise<Row[]> => {
  const whole = cars.filter((car) => car.Miles_per_Gallon !== null && car.Horsepower !== null);
  const columns = FEATURES.map((feature) => whole.map((car) => Number(car[feature])));
  const spread = columns.map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
  });
  await ctx().artifact(
    'features',
    FEATURES.map((feature, at) => ({ feature, ...spread[at], cars: whole.length, left_out: cars.length - whole.length })),
  );
  return whole.map((car, row) => ({
    name: car.Name,
    mpg: Number(car.Miles_per_Gallon),
    x: [1, ...columns.map((values, at) => (Number(values[row]) - (spread[at]?.mean ?? 0)) / (spread[at]?.deviation ?? 1))],
  }));
});

const predict = (weights: readonly number[], { x }: Row): number => x.reduce((sum, value, at) => sum + value * (weights[at] ?? 0), 0);

export const train = task(async (rows: readonly Row[], rate: number, epochs: number): Promise<number[]> => {
  let weights = [0, 0, 0];
  let loss = 0;
  for (let epoch = 0; epoch < epochs && Number.isFinite(loss); epoch++) {
    const errors = rows.map((row) => predict(weights, row) - row.mpg);
    loss = errors.reduce((sum, error) => sum + error ** 2, 0) / rows.length;
    ctx().metric('loss', loss);
    ctx().progress((epoch + 1) / epochs, `loss ${loss.toFixed(2)}`);
    weights = weights.map(
      (weight, at) => weight - (2 * rate * rows.reduce((sum, { x }, row) => sum + (errors[row] ?? 0) * (x[at] ?? 0), 0)) / rows.length,
    );
  }
  // The curve of a training that diverged is kept, NaN and all; it is shown with --last-attempt.
  if (!Number.isFinite(loss)) throw new Fail(`the loss is ${loss}: take a smaller rate than ${rate}`);
  const points = rows.map((row) => ({ name: row.name, mpg: row.mpg, predicted: predict(weights, row) }));
  await ctx().artifact(
    'fit',
    plot({
      title: 'Miles per gallon, as they are and as predicted',
      data: { values: points },
      mark: { type: 'point', tooltip: true },
      encoding: { x: { field: 'mpg', type: 'quantitative' }, y: { field: 'predicted', type: 'quantitative' } },
    }),
  );
  const worst = points.sort((a, b) => Math.abs(b.mpg - b.predicted) - Math.abs(a.mpg - a.predicted)).slice(0, 5);
  await ctx().artifact('worst', worst);
  return weights;
});

export const score = task((rows: readonly Row[], weights: readonly number[]): number => {
  const mean = rows.reduce((sum, { mpg }) => sum + mpg, 0) / rows.length;
  const of = (error: (row: Row) => number): number => rows.reduce((sum, row) => sum + error(row) ** 2, 0);
  const r2 = 1 - of((row) => row.mpg - predict(weights, row)) / of((row) => row.mpg - mean);
  ctx().metric('r2', r2);
  return Math.round(r2 * 1000) / 1000;
});

/** What one would tell a colleague. */
export const card = task(async (cars: number, r2: number): Promise<void> => {
  await ctx().artifact('card', markdown(`# Mileage\n\nA linear model of **${cars}** cars: it explains **${(r2 * 100).toFixed(1)} %**.`));
});

export const mileage = flow(
  'mileage',
  {
    description: 'How far a car goes on a gallon, from its power and its weight.',
    cache: cache.default,
    params: {
      cars: includeFile({ default: CARS, parse: 'json', schema: Cars, help: 'a JSON file of cars' }),
      rate: param({ default: 0.1, help: 'how far a step goes' }),
      epochs: param({ default: 200, help: 'how many steps' }),
    },
  },
  ({ cars, rate, epochs }) => {
    const rows = prepare(cars);
    const r2 = score(rows, train(rows, rate, epochs));
    card(cars.length, r2);
    return { r2 };
  },
);
