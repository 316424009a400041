import { csv, externalTask, flow, type Secret, secret, sqlTable, type Target, type Task, task } from '../../src/index.js';
import { is } from './expect-type.js';

interface Row {
  readonly id: string;
  readonly cents: number;
}
declare const rows: Row[];
declare const numbers: Target<number>;

export function targetsAreNamed(): void {
  task((day: string) => ({ day }), { target: 'out/{input.day}.json' });
  task((_rows: Row[], ratio: number) => ratio, { target: (_rows, ratio) => `split-${ratio.toFixed(1)}.json` });
  task(() => rows, { name: 'a', target: sqlTable<Row>('rows', { db: 'a.db' }), serializer: csv() });
  task(() => 1, { name: 'b', target: numbers });
  // @ts-expect-error the target takes numbers
  task(() => 'x', { name: 'c', target: numbers });
  // @ts-expect-error a function gives a path
  task(() => 'x', { name: 'd', target: () => 7 });
}

export function tablesAreTyped(): void {
  const orders = sqlTable<Row>('orders', { db: secret('DATABASE_URL'), mode: 'upsert', key: ['id'] });
  is<typeof orders, Target<Row[]>>(true);
  is<ReturnType<typeof secret>, Secret>(true);
  // @ts-expect-error no column by this name
  sqlTable<Row>('orders', { db: 'a.db', mode: 'upsert', key: ['price'] });
}

export function externalsAreTyped(): void {
  const vendor = externalTask<Row[]>('vendor', { target: 's3://vendor/prices.parquet', poll: '1m', timeout: '1h' });
  is<typeof vendor, Task<[], Row[]>>(true);
  const count = task((all: Row[]) => all.length, { name: 'count' });
  const theirs = count.external({ timeout: '1h' });
  is<typeof theirs, Task<[all: Row[]], number>>(true);
  flow('relies', () => theirs(vendor()));
  // @ts-expect-error it has to be said where the data is
  externalTask('nowhere', {});
}
