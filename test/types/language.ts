import { all, check, type Future, limit, type MappedFuture, match, type merge, sequence, task, unmapped, when } from '../../src/index.js';
import { is } from './expect-type.js';
import { clean, load, type Model, type Row, score, train } from './sample.js';

const isBig = task((x: number) => x > 1);
const best = task((scores: readonly number[]) => Math.max(...scores));

export function mapsAreTyped(): void {
  const rows = load.map(['a', 'b']);
  is<typeof rows, MappedFuture<Row[]>>(true);
  const models = train.map(rows, unmapped({ rate: 0.1, depth: 1 }));
  is<typeof models, MappedFuture<Model>>(true);
  const scores = score.map(models, unmapped(load('test.csv')));
  is<ReturnType<typeof scores.at>, Future<number>>(true);
  is<typeof scores.length, Future<number>>(true);
  best(scores);
  best(scores.successes());
  const cleaned = clean.mapWith({ concurrency: 4, maxSplits: 100, key: (path) => String(path.length) })(rows);
  is<typeof cleaned, MappedFuture<Row[]>>(true);
  // @ts-expect-error one call takes a path, not a number
  load.map([1]);
  // @ts-expect-error what is the same for all is wrapped in unmapped
  score.map(models, { rate: 0.1, depth: 1 });
}

export function branchesAreTyped(): void {
  const model = train(load('a'), { rate: 0.1, depth: 1 });
  const value = score(model, load('b'));
  const maybe = when(isBig(value), () => model);
  is<typeof maybe, Future<Model | undefined>>(true);
  const either = when(
    isBig(all([value, 1]).get(0)),
    () => model,
    () => value,
  );
  is<typeof either, Future<Model | number>>(true);
  const chosen = match('a' as 'a' | 'b', { a: () => model, b: () => value });
  is<typeof chosen, Future<Model | number>>(true);
  is<ReturnType<typeof merge<Model>>, Future<Model>>(true);
  const last = sequence(
    () => model,
    () => value,
  );
  is<typeof last, Future<number>>(true);
  // @ts-expect-error a number is not a condition
  when(value, () => model);
}

export function optionsAreTyped(): void {
  task((rows: readonly number[]) => rows.length, {
    retries: { max: 3, delay: ['1s', '5s'], jitter: 0.1, if: (_error, attempt) => attempt < 2 },
    timeout: '30s',
    limit: limit('gpu', 1),
    trigger: 'none-failed',
    checks: [check('some', (length) => length > 0 || 'none')],
    hooks: { onSuccess: (_context, length) => void length.toFixed() },
  });
  // @ts-expect-error no such rule
  task(() => 1, { trigger: 'sometimes' });
  // @ts-expect-error no such unit
  task(() => 1, { timeout: '30 parsecs' });
}
