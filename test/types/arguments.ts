import { type Future, task } from '../../src/index.js';
import { is } from './expect-type.js';
import { clean, load, type Row, score, train } from './sample.js';

export function valuesAndFutures(): void {
  const rows = load('rows.csv');
  clean([{ id: 1, x: 2, label: 'a' }]);
  clean(rows);
  clean(load('other.csv'));
  load('rows.csv', { limit: 3 });
  load('rows.csv', undefined);
  // @ts-expect-error wrong type
  clean('rows.csv');
  // @ts-expect-error future of a wrong type
  clean(train(rows, { rate: 0.1, depth: 3 }));
  // @ts-expect-error a label that is none
  clean([{ id: 1, x: 2, label: 'c' }]);
  // @ts-expect-error too few arguments
  train(rows);
  // @ts-expect-error too many arguments
  clean(rows, 1);
  // @ts-expect-error a task is not its result
  clean(load);
  // @ts-expect-error a promise is no argument: await it, or make it a task
  clean(Promise.resolve([]));
}

export function futuresInsideContainers(): void {
  const rows = load('rows.csv');
  const model = train(rows, { rate: 0.1, depth: 3 });
  const rate = score(model, rows);
  train(rows, { rate, depth: 3 });
  train([{ id: rate, x: rate, label: 'b' }], { rate, depth: 3 });
  // @ts-expect-error wrong type inside
  train(rows, { rate: 'fast', depth: 3 });
  // @ts-expect-error future of a wrong type inside
  train(rows, { rate: model, depth: 3 });
  // @ts-expect-error property missing
  train(rows, { rate });
  // @ts-expect-error unknown property
  train(rows, { rate, depth: 3, width: 2 });

  const report = task((_page: { models: { score: number }[]; title: string; notes?: Record<string, number> }) => 'page');
  report({ models: [model, model], title: 'Two models' });
  report({ models: [model, { score: 1 }, { score: rate }], title: 'Three', notes: { best: rate, worst: 2 } });
  // @ts-expect-error a list of futures of something else
  report({ models: [rows], title: 'None' });

  const tuple = task((_pair: [number, string]) => 1);
  tuple([rate, 'one']);
  // @ts-expect-error in the wrong order
  tuple(['one', rate]);
  // @ts-expect-error too long
  tuple([rate, 'one', 2]);
}

export function optionalRestAndUnions(): void {
  const rate = score(train([], { rate: 1, depth: 1 }), []);
  const optional = task((_options?: { readonly rate?: number }) => 1);
  optional();
  optional({});
  optional({ rate });
  // @ts-expect-error under exactOptionalPropertyTypes a property left out is not one that is undefined
  optional({ rate: undefined });

  const rest = task((_first: string | number | null, ..._days: Date[]) => 1);
  rest(null);
  rest(rate, new Date(), new Date());
  // @ts-expect-error no date
  rest('first', 'monday');

  const either = task((_shape: { kind: 'circle'; radius: number } | { kind: 'square'; side: number }) => 1);
  either({ kind: 'circle', radius: rate });
  // @ts-expect-error a circle has no side
  either({ kind: 'circle', side: 1 });

  const flag = task((_flag: boolean, _mode: 'fast' | 'exact') => 1);
  const isLarge = task((x: number) => x > 1);
  flag(isLarge(rate), 'fast');
  // @ts-expect-error no such mode
  flag(true, 'slow');
  // @ts-expect-error a number is no boolean
  flag(rate, 'fast');
}

export function valuesThatAreNoContainers(): void {
  class Frame {
    readonly columns: readonly string[];
    readonly #rows = 0;
    constructor(columns: readonly string[]) {
      this.columns = columns;
    }
    size(): number {
      return this.#rows * this.columns.length;
    }
  }
  const read = task(() => new Frame(['a']));
  const use = task((frame: Frame) => frame.columns);
  use(read());
  use(new Frame([]));
  // @ts-expect-error a method is missing
  use({ columns: [] });
  // Containers are looked into by their public members, so a look-alike without the private ones is not refused by its type.
  use({ columns: [], size: () => 0 });

  const binary = task((_bytes: Uint8Array, _byName: Map<string, number>, _when: Date) => 1);
  binary(new Uint8Array(1), new Map([['a', 1]]), new Date());
  const when = train([], { rate: 1, depth: 1 }).get('meta').get('trainedAt');
  binary(new Uint8Array(1), new Map(), when);
  // @ts-expect-error a future inside a map is not found (S1)
  binary(new Uint8Array(1), new Map([['a', score(train([], { rate: 1, depth: 1 }), [])]]), when);

  const callback = task((visit: (row: Row) => number) => visit({ id: 1, x: 1, label: 'a' }));
  callback((row) => row.x);
  // @ts-expect-error the callback takes a row
  callback((text: string) => text.length);
}

interface Tree {
  readonly value: number;
  readonly children: readonly Tree[];
}

type JsonValue = null | string | number | boolean | JsonValue[] | { [key: string]: JsonValue };

export function anyUnknownAndRecursiveTypes(): void {
  const rate = score(train([], { rate: 1, depth: 1 }), []);
  const show = task((x: unknown) => String(x));
  show(rate);
  show({ deep: [rate] });
  const loose = task((x: any) => x as number);
  loose(rate);
  is<ReturnType<typeof loose>, Future<number>>(true);

  const sum = task((tree: Tree) => tree.value);
  sum({ value: 1, children: [{ value: rate, children: [] }] });
  // @ts-expect-error a tree of texts
  sum({ value: 1, children: [{ value: 'one', children: [] }] });
  const print = task((value: JsonValue) => JSON.stringify(value));
  print({ a: [1, rate, { b: null }] });
  // @ts-expect-error a date is no JSON
  print({ a: new Date() });
}

export function whatTypeScriptCannotKeep(): void {
  // Inference through `task` sees the last overload only.
  function overloaded(x: string): string;
  function overloaded(x: number): number;
  function overloaded(x: string | number): string | number {
    return x;
  }
  const last = task(overloaded);
  last(1);
  // @ts-expect-error the first overload is lost
  last('one');

  // A type parameter is lost as well; a generic helper inside a task with plain types is the way.
  const identity = task(<T>(x: T): T => x);
  const lost = identity(3);
  // @ts-expect-error the result is no longer known to be a number
  const known: Future<string> & Future<number> & { readonly number: true } = lost;
  void known;
}
