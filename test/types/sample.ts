import { task } from '../../src/index.js';

/** The tasks of a small training flow, used by all type tests. */
export interface Row {
  readonly id: number;
  readonly x: number;
  readonly label: 'a' | 'b';
}

export interface Model {
  readonly weights: Float64Array;
  readonly score: number;
  readonly meta: { readonly trainedAt: Date };
}

export const load = task(async (_path: string, _options?: { readonly limit?: number }): Promise<Row[]> => [], { tags: ['io'] });
export const clean = task((rows: readonly Row[]) => rows.filter((row) => row.x > 0));
export const train = task(
  async (_rows: readonly Row[], _settings: { readonly rate: number; readonly depth: number }): Promise<Model> => ({
    weights: new Float64Array(2),
    score: 1,
    meta: { trainedAt: new Date() },
  }),
);
export const score = task((model: Model, rows: readonly Row[]) => model.score * rows.length);
