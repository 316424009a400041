import { all, type FinalState, type Future, type Task, type TaskError, task } from '../../src/index.js';
import { is } from './expect-type.js';
import { clean, load, type Model, type Row, score, train } from './sample.js';

export async function futuresAreTyped(): Promise<void> {
  // The value's type, whether the function is asynchronous or not.
  const rows = load('rows.csv');
  is<typeof rows, Future<Row[]>>(true);
  is<ReturnType<typeof clean>, Future<Row[]>>(true);
  is<ReturnType<typeof train>, Future<Model>>(true);
  is<Awaited<typeof rows>, Row[]>(true);
  const nothing = task(async (): Promise<void> => {});
  is<ReturnType<typeof nothing>, Future<void>>(true);
  const union = task((flag: boolean) => (flag ? 1 : 'one'));
  is<ReturnType<typeof union>, Future<1 | 'one'>>(true);
  const thenable = task((): PromiseLike<number> => Promise.resolve(1));
  is<ReturnType<typeof thenable>, Future<number>>(true);

  // A future is what it is a future of: no number for a string, but a narrower one for a wider one.
  const wider: Future<number | string> = score(train(rows, { rate: 0.1, depth: 3 }), rows);
  is<Awaited<typeof wider>, number | string>(true);
  // @ts-expect-error a future of rows is no future of a string
  const wrong: Future<string> = rows;
  // @ts-expect-error a future is not its value
  const value: Row[] = rows;
  // @ts-expect-error nor has it the value's members
  rows.length;
  // @ts-expect-error a promise is no future: it is not part of a graph
  const promise: Future<number> = Promise.resolve(1);
  void [wrong, value, promise];
}

export function partsOfResults(): void {
  const model = train([], { rate: 0.1, depth: 3 });
  is<ReturnType<typeof model.get<'score'>>, Future<number>>(true);
  const trainedAt = model.get('meta').get('trainedAt');
  is<typeof trainedAt, Future<Date>>(true);
  const first = load('rows.csv').get(0);
  is<typeof first, Future<Row>>(true);
  const pair = task((): [number, string] => [1, 'one']);
  const second = pair().get(1);
  is<typeof second, Future<string>>(true);
  const byName = task((): Record<string, Date> => ({}));
  const day = byName().get('monday');
  is<typeof day, Future<Date>>(true);
  // @ts-expect-error no such property
  model.get('accuracy');
  // @ts-expect-error a key of the part, not of the whole
  model.get('trainedAt');
}

export async function statesAndPromises(): Promise<void> {
  const rows = load('rows.csv');
  const state = rows.state;
  is<(typeof state & 'cached') | (typeof state & 'upstream-failed'), 'cached' | 'upstream-failed'>(true);
  is<typeof rows.id, string>(true);
  is<typeof rows.taskName, string>(true);
  is<ReturnType<typeof rows.result>, Promise<Row[]>>(true);
  is<ReturnType<typeof rows.settled>, Promise<FinalState<Row[]>>>(true);
  const caught = rows.catch((error) => {
    is<typeof error, TaskError>(true);
    return error.attempts;
  });
  is<typeof caught, Promise<Row[] | number>>(true);
  is<ReturnType<typeof rows.finally>, Promise<Row[]>>(true);
  const [loaded, total] = await Promise.all([rows, score(train(rows, { rate: 0.1, depth: 3 }), rows)]);
  is<typeof loaded, Row[]>(true);
  is<typeof total, number>(true);
}

export async function failuresStayInTheGraph(): Promise<void> {
  const rows = load('rows.csv');
  const outcome = rows.outcome();
  is<typeof outcome, Future<FinalState<Row[]>>>(true);
  const final = await outcome;
  if ('value' in final) is<typeof final.value, Row[]>(true);
  else is<typeof final.error, TaskError | undefined>(true);
  // @ts-expect-error there is no value before the state is known
  final.value;

  const orNull = rows.orElse(null);
  is<typeof orNull, Future<Row[] | null>>(true);
  const orOther = rows.orElse(load('fallback.csv'));
  is<Awaited<typeof orOther>, Row[]>(true);
}

export function orderWithoutData(): void {
  const rows = load('rows.csv');
  const later = clean(rows).after(rows, load('other.csv'));
  is<typeof later, Future<Row[]>>(true);
  clean(rows).after([rows, load('other.csv')]);
  const ordered = clean.after(rows);
  is<typeof ordered, typeof clean>(true);
  // @ts-expect-error only futures can be waited for
  clean(rows).after('rows');
  // @ts-expect-error a task is no future: call it
  clean(rows).after(load);
}

export async function manyAtOnce(): Promise<void> {
  const rows = load('rows.csv');
  const model = train(rows, { rate: 0.1, depth: 3 });
  const both = all([rows, model]);
  is<typeof both, Future<[Row[], Model]>>(true);
  const mixed = all([rows, 3, model.get('score')]);
  const last = mixed.get(2);
  is<typeof last, Future<number>>(true);
  const list = all(['a', 'b'].map((path) => load(path)));
  is<typeof list, Future<Row[][]>>(true);
  const none = all([]);
  is<Awaited<typeof none>, []>(true);
  const [first] = await both;
  is<typeof first, Row[]>(true);
}

export function tasksKeepTheirType(): void {
  is<typeof clean, Task<[rows: readonly Row[]], Row[]>>(true);
  is<typeof clean.taskName, string>(true);
  // The function itself, for unit tests.
  const raw = clean.fn([]);
  is<typeof raw, Row[] | Promise<Row[]>>(true);
  const patient = load.with({ version: '2', cache: false, tags: ['slow'] });
  is<typeof patient, typeof load>(true);
  // @ts-expect-error unknown option
  load.with({ chache: false });
  // @ts-expect-error outputs belong to the type of the result and cannot be changed
  load.with({ outputs: {} });
}
