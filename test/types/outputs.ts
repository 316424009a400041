import { type Future, json, task } from '../../src/index.js';
import { is } from './expect-type.js';
import { load, type Row, score, train } from './sample.js';

const split = task((rows: readonly Row[], _fraction: number) => ({ train: [...rows], test: [...rows], size: rows.length }), {
  outputs: { train: json<Row[]>(), test: json<Row[]>() },
});

export function outputsDestructure(): void {
  const { train: trainRows, test: testRows } = split(load('rows.csv'), 0.8);
  is<typeof trainRows, Future<Row[]>>(true);
  is<typeof testRows, Future<Row[]>>(true);
  score(train(trainRows, { rate: 0.1, depth: 3 }), testRows);

  // What is no named output is still a part of the result.
  const size = split(load('rows.csv'), 0.8).get('size');
  is<typeof size, Future<number>>(true);
  // @ts-expect-error but does not destructure
  split(load('rows.csv'), 0.8).size;
  // @ts-expect-error no such output
  split(load('rows.csv'), 0.8).validation;
  // @ts-expect-error without outputs nothing does
  train(load('rows.csv'), { rate: 0.1, depth: 3 }).score;
}

export async function theWholeIsStillThere(): Promise<void> {
  const parts = await split([], 0.5);
  is<typeof parts, { train: Row[]; test: Row[]; size: number }>(true);
  const again = split.with({ version: '2' });
  const { test } = again([], 0.5);
  is<typeof test, Future<Row[]>>(true);
}

export function outputsAreChecked(): void {
  // @ts-expect-error a serializer of texts for rows
  task(() => ({ rows: [1, 2, 3], size: 3 }), { outputs: { rows: json<string[]>() } });
  // @ts-expect-error named outputs are properties of the result, and a number has no such property
  task(() => 3, { outputs: { rows: json<number[]>() } });
  // @ts-expect-error a serializer of texts for a task that gives numbers
  task(() => 3, { serializer: json<string>() });
  task(async () => 3, { serializer: json<number>() });
}
