import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  cache,
  csv,
  externalTask,
  flow,
  load,
  localStore,
  param,
  parquet,
  s3Store,
  secret,
  sqlTable,
  task,
  text,
  unmapped,
} from '../../src/index.js';
import { CREDENTIALS, useCredentials } from '../s3/credentials.js';
import { startS3Server } from '../s3/s3-server.js';
import { freshHome, statesOfLatest } from './engine/workbench.js';

// What users of Prefect 1, d6tflow and Luigi write about files and tables, in Millrace.

type Row = Record<string, number>;
let root = '';
beforeEach(() => {
  root = freshHome();
  vi.stubEnv('MILLRACE_HOME', join(root, '.millrace'));
});

describe('Prefect 1', () => {
  const splitData = task((data: number[], testRatio: number) => ({
    test: data.slice(0, data.length * testRatio),
    train: data.slice(data.length * testRatio),
  }));

  it('P8: results under a name of one’s own, by date and by argument; P9: read by their address', async () => {
    const folder = mkdtempSync(`${root}-processed-`);
    const splitToFolder = splitData.with({ store: localStore(folder) });
    const splitByDate = splitToFolder.with({ target: '{date:EEE_MMM_dd_yyyy_HH-mm-ss}/{task}_output' });
    const splitByRatio = splitToFolder.with({ target: (_data, testRatio) => `split-${testRatio}.json` });
    const split = await flow('by-date', () => splitByDate([1, 2, 3, 4], 0.5)).run();
    await flow('by-ratio', () => splitByRatio([1, 2, 3, 4], 0.25)).run();
    const [day = '', file] = readdirSync(folder).sort();
    expect([day, file]).toEqual([expect.stringMatching(/^[A-Z][a-z]{2}_[A-Z][a-z]{2}_\d\d_\d{4}_\d\d-\d\d-\d\d$/), 'split-0.25.json']);
    expect(await load<typeof split>(localStore(folder), `${day}/splitData_output`)).toEqual(split);
    expect(await load<typeof split>(localStore(folder), 'split-0.25.json')).toEqual({ test: [1], train: [2, 3, 4] });
  });
});

describe('Luigi', () => {
  it('L1: two tasks, each with a text file as target', async () => {
    const writePipeline = task(() => 'pipeline', { target: 'data/output_one.txt', serializer: text() });
    const addMy = task((line: string) => `My ${line}`, { target: 'data/output_two.txt', serializer: text() });
    const pipeline = flow('pipeline', () => addMy(writePipeline()));
    expect(await pipeline.run()).toBe('My pipeline');
    expect(['one', 'two'].map((name) => readFileSync(join(root, `data/output_${name}.txt`), 'utf8'))).toEqual(['pipeline', 'My pipeline']);
    await pipeline.run();
    expect(await statesOfLatest('pipeline')).toEqual({ 'writePipeline#0': 'cached', 'addMy#0': 'cached' });
  });
});

describe('d6tflow', () => {
  it('D10: relies on others to run it: a colleague’s task, and a file known by its address only', async () => {
    useCredentials();
    await using server = await startS3Server({ credentials: CREDENTIALS, buckets: ['team', 'vendor'] });
    const bucket = (name: string) => s3Store({ bucket: name, endpoint: server.endpoint });
    const preprocess = task((data: Row[], enabled: boolean) => (enabled ? data : []), {
      serializer: parquet<Row>(),
      store: bucket('team'),
      cache: cache.default,
    });
    const count = task((data: Row[]) => data.length);
    await flow('colleague', () => preprocess([{ a: 1 }], true)).run();
    await bucket('vendor').write('prices.parquet', (await parquet<Row>().encode([{ p: 1 }, { p: 2 }])) as Uint8Array);
    const theirs = preprocess.external({ from: bucket('team'), timeout: '1h' });
    const vendor = externalTask<Row[]>('vendor', { target: 's3://vendor/prices.parquet', serializer: parquet<Row>() });
    expect(await flow('research', () => [count(theirs([{ a: 1 }], true)), count(vendor())]).run()).toEqual([1, 2]);
  });

  it('D9: a database table as output', async () => {
    vi.stubEnv('DATABASE_URL', `sqlite:${join(root, 'task1.db')}`);
    const toTable = task((data: Row[]) => data, { target: sqlTable<Row>('task1', { db: secret('DATABASE_URL') }) });
    expect(await flow('to-table', () => toTable([{ a: 1 }, { a: 2 }])).run()).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await sqlTable<Row>('task1', { db: join(root, 'task1.db') }).read()).toEqual([{ a: 1 }, { a: 2 }]);
  });
});

describe('at work', () => {
  it('a nightly load into a table: rows of a day are replaced, not doubled', async () => {
    interface Order {
      readonly id: string;
      readonly cents: number;
    }
    vi.stubEnv('DATABASE_URL', join(root, 'orders.db'));
    const ordersTable = sqlTable<Order>('orders', { db: secret('DATABASE_URL'), mode: 'upsert', key: ['id'] });
    const fetchOrders = task((day: string) => [
      { id: `${day}-1`, cents: 100 },
      { id: 'open', cents: Number(day) },
    ]);
    const saveOrders = task((orders: Order[]) => orders, { target: ordersTable });
    const nightly = flow('nightly-orders', { params: { day: param({ default: '1' }) } }, ({ day }) => {
      const saved = saveOrders(fetchOrders(day));
      return { rows: saved.get('length') };
    });
    expect([await nightly.run(), await nightly.run({ day: '2' }), await nightly.run({ day: '2' })]).toEqual([{ rows: 2 }, { rows: 3 }, { rows: 3 }]);
  });

  it('labels of a model in a file of its name', async () => {
    const classify = task((ticket: string, model: string) => ({ ticket, topic: model }));
    const writeLabels = task((labels: { ticket: string; topic: string }[]) => labels, { target: 'out/labels-{param.model}.csv', serializer: csv() });
    const labelTickets = flow('label-tickets', { params: { model: param({ default: 'small-1' }) } }, ({ model }) =>
      writeLabels(classify.map(['a', 'b'], unmapped(model)).successes()).get('length'),
    );
    expect(await labelTickets.run({ model: 'large-1' })).toBe(2);
    expect(readFileSync(join(root, 'out/labels-large-1.csv'), 'utf8')).toBe('ticket,topic\na,large-1\nb,large-1\n');
    writeFileSync(join(root, 'out/labels-large-1.csv'), 'edited');
    expect((await labelTickets.preview({ model: 'large-1' })).nodes.find(({ task: name }) => name === 'writeLabels')?.target).toBe(
      'out/labels-large-1.csv',
    );
  });
});
