import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import polars from 'nodejs-polars';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  cache,
  csv,
  Fail,
  type FileRef,
  file,
  flow,
  flowRef,
  grid,
  load,
  localStore,
  memoryStore,
  param,
  parquet,
  registerClass,
  s3Store,
  type Task,
  task,
  text,
} from '../../src/index.js';
import { CREDENTIALS, useCredentials } from '../s3/credentials.js';
import { startS3Server } from '../s3/s3-server.js';
import { freshHome, recorded } from './engine/workbench.js';

// Where results lie, in which format, and what makes them count again: as users of Prefect 1, d6tflow, Luigi and Metaflow write it.

const server = await startS3Server({ credentials: CREDENTIALS });
// Not in the project folder: what a task reads there does not count.
const DATA = mkdtempSync(join(tmpdir(), 'millrace-field-'));
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(DATA, { recursive: true, force: true });
});

let folder: string;
beforeEach(() => {
  freshHome();
  folder = mkdtempSync(join(DATA, 'data-'));
  useCredentials();
});

interface Row {
  readonly x: number;
  readonly label: number;
}

const ROWS: readonly Row[] = Array.from({ length: 60 }, (_, at) => ({ x: (at % 2) * 3 + (at % 7) / 7, label: at % 2 }));

function halves<T>(rows: readonly T[], testRatio: number): { train: T[]; test: T[] } {
  const size = Math.round(rows.length * testRatio);
  return { train: rows.slice(size), test: rows.slice(0, size) };
}

/** Label 1 above the mean of the column, by a weight. */
class Classifier {
  readonly kind: 'svc' | 'knn';
  readonly weights: Float64Array;

  constructor(kind: 'svc' | 'knn', weights: Float64Array = new Float64Array(1)) {
    this.kind = kind;
    this.weights = weights;
  }

  fit(rows: readonly Row[]): this {
    const mean = rows.reduce((sum, { x }) => sum + x, 0) / rows.length;
    this.weights[0] = this.kind === 'svc' ? mean : mean * 10;
    return this;
  }

  score(rows: readonly Row[]): number {
    return rows.filter(({ x, label }) => Number(x > (this.weights[0] ?? 0)) === label).length / rows.length;
  }
}
registerClass(Classifier, {
  name: 'FieldExampleResultsClassifier',
  encode: ({ kind, weights }) => ({ kind, weights }),
  decode: ({ kind, weights }) => new Classifier(kind, weights),
});

const statesOf = async (name: string) => (await recorded(`${name}/latest`)).states;
const refOf = async (name: string, id: string) => {
  const [artifact] = (await recorded(`${name}/latest`)).task(id).artifacts;
  if (artifact === undefined) throw new Error(`${id} has no artifact`);
  return artifact.ref;
};
const filesIn = (path: string) => readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

describe('Prefect 1', () => {
  const split = task((testRatio: number) => halves(ROWS, testRatio));
  const dataEngineer = flow('data-engineer', { params: { testRatio: param({ default: 0.2 }) }, cache: cache.default }, ({ testRatio }) =>
    split(testRatio),
  );

  it('S19: results in a folder and in S3, read back by their addresses', async () => {
    const stores = [localStore(join(folder, 'processed')), s3Store({ bucket: 'results', prefix: 'iris', endpoint: server.endpoint })];
    for (const store of stores) {
      const kept = flow('kept', () => split.with({ store })(0.2));
      const value = await kept.run();
      const { uri } = await refOf('kept', 'split#0');
      expect(uri).toMatch(store.scheme === 's3' ? /^s3:\/\/results\/iris\/results\// : /^file:.*\/processed\/results\//);
      expect(await load<typeof value>(store, uri)).toEqual(value);
      expect(await (await kept.latest())?.output(split)).toEqual(value);
    }
  });

  it('the output of another flow: by task and parameters, of its latest run', async () => {
    await expect(dataEngineer.output(split, { testRatio: 0.3 })).rejects.toMatchObject({ code: 'NOT_COMPLETE' });
    await dataEngineer.run();
    await dataEngineer.run({ testRatio: 0.3 });
    expect((await dataEngineer.output(split, { testRatio: 0.3 })).test).toHaveLength(18);
    expect((await (await dataEngineer.latest())?.output(split))?.test).toHaveLength(18);
    const readSplit = task(() => dataEngineer.output(split));
    const dataScience = flow('data-science', () => readSplit().get('test'));
    expect(await dataScience.run()).toHaveLength(12);
  });

  it('S7: dependent flows by their names', async () => {
    const readSplit = task(async () => {
      const run = await dataEngineer.latest({ state: 'success' });
      if (!run) throw new Fail('no split yet');
      return await run.output(split);
    });
    flow('data-science-by-name', () => readSplit().get('test').get('length'));
    const mainByName = flow('main-by-name', () => flowRef('data-science-by-name').startChild().after(flowRef('data-engineer').startChild()));
    expect(await mainByName.run()).toBe(12);
  });
});

describe('d6tflow', () => {
  const getData = task(() => [...ROWS]);
  const preprocess = task((data: Row[], enabled: boolean) => (enabled ? data.map((row) => ({ ...row, x: row.x / 4 })) : data), {
    serializer: parquet<Row>(),
  });
  const train = task((data: Row[], model: 'svc' | 'knn') => new Classifier(model).fit(data));
  const evaluate = task((model: Classifier, data: Row[]) => model.score(data));
  const settings = { doPreprocess: param({ default: true }), model: z.enum(['svc', 'knn']).default('svc') };
  const ml = flow('ml', { params: settings, cache: cache.default }, ({ doPreprocess, model }) => {
    const data = preprocess(getData(), doPreprocess);
    return evaluate(train(data, model), data);
  });

  it('S16, S21: a table as Parquet between tasks; the second time nothing runs', async () => {
    expect(await ml.run()).toBeGreaterThan(0.9);
    expect((await refOf('ml', 'preprocess#0')).format).toBe('parquet');
    await ml.run();
    expect(new Set(Object.values(await statesOf('ml')))).toEqual(new Set(['cached']));
  });

  it.each<[string, (store: ReturnType<typeof localStore>) => Task<[Row[], boolean], Row[]>]>([
    ['csv.', (store) => preprocess.with({ serializer: csv<Row>({ delimiter: ';' }), store })],
    ['parquet', (store) => preprocess.with({ store })],
  ])('output formats: %s, read by other programs', async (format, make) => {
    const chosen = make(localStore(folder));
    const flowOfIt = flow('formats', { cache: cache.default }, () => chosen(getData(), false));
    expect(await flowOfIt.run()).toEqual(ROWS);
    expect((await refOf('formats', 'preprocess#0')).format.startsWith(format)).toBe(true);
    const [entry] = filesIn(folder);
    const bytes = readFileSync(join(entry?.parentPath ?? '', entry?.name ?? ''));
    const read = format === 'parquet' ? polars.readParquet(bytes) : polars.readCSV(bytes, { sep: ';' });
    expect([read.height, read.columns]).toEqual([60, ['x', 'label']]);
    expect(await flowOfIt.run()).toEqual(ROWS);
    expect(await statesOf('formats')).toMatchObject({ 'preprocess#0': 'cached' });
  });

  it('output formats: in memory', async () => {
    const inMemory = preprocess.with({ store: memoryStore() });
    const flowOfIt = flow('in-memory', { cache: cache.default }, () => inMemory(getData(), false));
    await flowOfIt.run();
    expect((await refOf('in-memory', 'preprocess#0')).uri).toMatch(/^memory:/);
    expect(await flowOfIt.run()).toEqual(ROWS);
    expect(await statesOf('in-memory')).toMatchObject({ 'preprocess#0': 'cached' });
  });

  it('S28: reset a task, its downstream, its upstream', async () => {
    await ml.run();
    expect((await ml.invalidate({ task: train, upstream: true, dryRun: true })).length).toBeGreaterThan(1);
    await ml.run();
    expect(await statesOf('ml')).toMatchObject({ 'getData#0': 'cached', 'train#0': 'cached' });

    await ml.invalidate({ task: getData });
    await ml.run();
    // It gave what it had given: all that follows stays.
    expect(await statesOf('ml')).toEqual({ 'getData#0': 'success', 'preprocess#0': 'cached', 'train#0': 'cached', 'evaluate#0': 'cached' });

    await ml.invalidate({ task: preprocess, downstream: true });
    await ml.run();
    expect(await statesOf('ml')).toEqual({ 'getData#0': 'cached', 'preprocess#0': 'success', 'train#0': 'success', 'evaluate#0': 'success' });
  });

  it('compare settings by their outputs', async () => {
    const scores: number[] = [];
    for (const params of grid({ doPreprocess: [true, false], model: ['svc', 'knn'] as const })) {
      await ml.run(params);
      const data = await ml.output(preprocess, params);
      const model = await ml.output(train, params);
      expect(model).toBeInstanceOf(Classifier);
      scores.push(model.score(data));
    }
    expect(scores).toEqual([1, 0.5, 1, 0.5]);
  });

  it('several outputs of one task, each in its format', async () => {
    const trainTest = task((data: Row[]) => halves(data, 0.2), { outputs: { train: parquet<Row>(), test: csv<Row>() } });
    const holdOut = flow('hold-out', { cache: cache.default }, () => {
      const { train: seen, test } = trainTest(getData());
      return evaluate(train(seen, 'svc'), test);
    });
    const score = await holdOut.run();
    expect(score).toBeGreaterThan(0.9);
    const formats = (await recorded('hold-out/latest')).task('trainTest#0').artifacts.map(({ name, ref }) => [name, ref.format.slice(0, 3)]);
    expect(formats.toSorted()).toEqual([
      ['test', 'csv'],
      ['train', 'par'],
    ]);
    expect(await holdOut.run()).toBe(score);
    expect(await statesOf('hold-out')).toMatchObject({ 'trainTest#0': 'cached', 'evaluate#0': 'cached' });
  });
});

describe('Luigi', () => {
  it('two tasks that write text', async () => {
    const writePipeline = task(() => 'pipeline', { serializer: text() });
    const addMy = task((line: string) => `My ${line}`, { serializer: text(), store: localStore(folder) });
    const pipeline = flow('pipeline', () => addMy(writePipeline()));
    expect(await pipeline.run()).toBe('My pipeline');
    expect(filesIn(folder).map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))).toEqual(['My pipeline']);
  });
});

describe('Metaflow and at work', () => {
  it('S22b: a file as an argument counts by its content', async () => {
    const path = join(folder, 'other.csv');
    const count = task(async (rows: FileRef) => (await rows.text()).trim().split('\n').length - 1, { cache: cache.default });
    const config = flow('config', () => count(file(path)));
    writeFileSync(path, 'a,b\n1,2\n');
    expect([await config.run(), await config.run()]).toEqual([1, 1]);
    expect(await statesOf('config')).toEqual({ 'count#0': 'cached' });
    writeFileSync(path, 'a,b\n1,2\n3,4\n');
    expect(await config.run()).toBe(2);
    writeFileSync(path, 'a,b\n1,2\n');
    expect(await config.run()).toBe(1);
    // S23: what it was before is there again.
    expect(await statesOf('config')).toEqual({ 'count#0': 'cached' });
  });

  it('S22b: a file that a task reads on its own counts too', async () => {
    const path = join(folder, 'data.csv');
    const readData = task((from: string) => readFileSync(from, 'utf8').trim().split('\n').length, { cache: cache.default });
    const counts = flow('counts', () => readData(path));
    writeFileSync(path, 'a\n1\n');
    expect([await counts.run(), await counts.run()]).toEqual([2, 2]);
    expect(await statesOf('counts')).toEqual({ 'readData#0': 'cached' });
    writeFileSync(path, 'a\n1\n2\n');
    expect(await counts.run()).toBe(3);
  });

  it('S22: tasks made in a loop are reused by what they list in captures', async () => {
    const make = (factors: readonly number[]) => {
      const tasks = factors.map((factor) =>
        task((x: number) => x * factor, { name: `times-${factor > 5 ? 'large' : 'small'}`, captures: { factor } }),
      );
      return flow('captured', { cache: cache.default }, () => tasks.map((one) => one(7)));
    };
    expect(await make([2, 10]).run()).toEqual([14, 70]);
    expect(await make([2, 10]).run()).toEqual([14, 70]);
    expect(await statesOf('captured')).toEqual({ 'times-small#0': 'cached', 'times-large#0': 'cached' });
    expect(await make([3, 10]).run()).toEqual([21, 70]);
    expect(await statesOf('captured')).toEqual({ 'times-small#0': 'success', 'times-large#0': 'cached' });
  });

  it('S22: without captures nothing is reused, and preview names the variable', async () => {
    const make = (factor: number) => flow('uncaptured', { cache: cache.default }, () => task((x: number) => x * factor, { name: 'times' })(7));
    expect([await make(2).run(), await make(3).run()]).toEqual([14, 21]);
    const tree = (await make(3).preview()).toTree();
    expect(tree).toContain('captured-variable');
    expect(tree).toContain('factor');
  });

  it('S22: a version in place of the code', async () => {
    let trained = 0;
    const make = (version: string) => flow('versions', { cache: cache.default }, () => task(() => ++trained, { name: 'train', version })());
    expect([await make('1').run(), await make('1').run(), await make('2').run(), await make('1').run()]).toEqual([1, 1, 2, 1]);
    expect((await make('3').preview()).toTree()).toContain('version-changed');
  });
});
