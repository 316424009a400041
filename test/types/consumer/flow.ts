// A user's file, compiled against the declarations as they are published; copied into a project of its own by scripts/test-types.mjs.
import { type Future, flow, task } from 'millrace';
import * as testing from 'millrace/testing';

const load = task(async (path: string): Promise<readonly number[]> => [path.length]);
const total = task((numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0));

export const sums = flow('sums', () => ({ total: total(load('numbers.csv')) }));
export const result: Promise<{ readonly total: number }> = sums.run();
export const future: Future<number> = total([1, 2]);
export const suites: readonly string[] = Object.keys(testing);
