import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { flowOf } from '../../src/decorators/index.js';
import { cache, Fail, flow, grid, json, localStore, memoryStore, param, type RunHandle, registerClass, sequence, task } from '../../src/index.js';
import { HelloClass } from './decorators/hello-class.js';
import { freshHome, recorded } from './engine/workbench.js';

// What users of Prefect 1, d6tflow and Metaflow write, in Millrace.

beforeEach(() => void freshHome());

// What a user brings along.
interface Iris {
  readonly petal: number;
  readonly species: string;
}
type Row = Readonly<Record<string, number>>;

const IRIS: readonly Iris[] = Array.from({ length: 50 }, (_, at) => ({ petal: at / 10, species: at % 2 ? 'setosa' : 'virginica' }));
const ROWS: readonly Row[] = Array.from({ length: 60 }, (_, at) => ({ x: (at % 2) * 3 + (at % 7) / 7, y: (at % 5) / 5, label: at % 2 }));

function halves<T>(rows: readonly T[], testRatio: number): { train: T[]; test: T[] } {
  const size = Math.round(rows.length * testRatio);
  return { train: rows.slice(size), test: rows.slice(0, size) };
}

/** Tells two classes apart by the nearer mean of a column. */
class Classifier {
  readonly column: string;
  readonly means: Float64Array;

  constructor(column: string, means: Float64Array = new Float64Array(2)) {
    this.column = column;
    this.means = means;
  }

  fit(rows: readonly Row[]): this {
    for (const label of [0, 1]) {
      const of = rows.filter((row) => row.label === label);
      this.means[label] = of.reduce((sum, row) => sum + (row[this.column] ?? 0), 0) / of.length;
    }
    return this;
  }

  predict(value: number): number {
    return Math.abs(value - (this.means[0] ?? 0)) <= Math.abs(value - (this.means[1] ?? 0)) ? 0 : 1;
  }

  score(rows: readonly Row[]): number {
    return rows.filter((row) => this.predict(row[this.column] ?? 0) === row.label).length / rows.length;
  }
}
registerClass(Classifier, {
  name: 'FieldExampleClassifier',
  encode: ({ column, means }) => ({ column, means }),
  decode: ({ column, means }) => new Classifier(column, means),
});

/** A folder that goes away with the home of the test. */
function freshFolder(): string {
  return mkdtempSync(join(process.env.MILLRACE_HOME ?? tmpdir(), 'folder-'));
}

/** What a run's tasks printed, with the task that did. */
async function printed(handle: RunHandle<unknown>): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { type, node, data } of handle.events()) if (type === 'log') lines.push(`${node}: ${(data as { text: string }).text}`);
  await handle.result();
  return lines;
}

describe('Prefect 1', () => {
  const loadData = task(() => [...IRIS]);
  const getClasses = task((data: Iris[], column: keyof Iris) => [...new Set(data.map((row) => String(row[column])))]);
  const encodeCategorical = task((data: Iris[], column: keyof Iris) => data.map((row) => ({ ...row, [`is_${row[column]}`]: 1 })));
  const splitData = task((data: Iris[], testRatio: number, classes: string[]) => ({ ...halves(data, testRatio), classes }));
  const dataEngineer = flow('data-engineer', { params: { testRatio: param({ default: 0.2 }) } }, ({ testRatio }) => {
    const data = loadData();
    return splitData(encodeCategorical(data, 'species'), testRatio, getClasses(data, 'species'));
  });

  it('a first flow: defining it runs nothing; run, visualize', async () => {
    const firstFlow = flow('first-flow', () => {
      const data = loadData();
      return splitData(encodeCategorical(data, 'species'), 0.2, getClasses(data, 'species'));
    });
    expect(await firstFlow.latest()).toBeUndefined();
    const { test, classes } = await firstFlow.run();
    expect([test.length, classes]).toEqual([10, ['virginica', 'setosa']]);
    expect(await firstFlow.visualize()).toContain('"loadData#0" -> "getClasses#0"');
    const file = join(freshFolder(), 'flow.svg');
    await firstFlow.visualize({}, { file, format: 'svg' });
    expect(readFileSync(file, 'utf8')).toContain('<svg');
  });

  it('S17: a parameter with a default, and a run that overrides it', async () => {
    expect((await dataEngineer.run()).test).toHaveLength(10);
    expect((await dataEngineer.run({ testRatio: 0.3 })).test).toHaveLength(15);
    expect((await dataEngineer.latest())?.params).toEqual({ testRatio: 0.3 });
  });

  it('S19: results in a folder of one’s own, and in memory', async () => {
    const folder = freshFolder();
    const large = task((rows: number) => 'x'.repeat(rows), { store: localStore(folder) });
    const toFolder = flow('to-folder', () => large(200_000));
    await toFolder.run();
    expect(readdirSync(folder, { recursive: true, withFileTypes: true }).some((entry) => entry.isFile())).toBe(true);
    expect(await (await toFolder.latest())?.output(large)).toHaveLength(200_000);
    expect(await flow('to-memory', () => large.with({ store: memoryStore() })(7)).run()).toBe('xxxxxxx');
  });

  it('S7: dependent flows, one after the other; the second reads what the first left', async () => {
    const readSplit = task(async () => {
      const run = await dataEngineer.latest({ state: 'success' });
      if (!run) throw new Fail('no split yet');
      return await run.output(splitData);
    });
    const dataScience = flow('data-science', () => readSplit().get('test'));
    const mainFlow = flow('main-flow', () => dataScience.startChild().after(dataEngineer.startChild({ testRatio: 0.3 })));
    expect(await mainFlow.run()).toHaveLength(15);
    expect((await recorded('data-science/latest')).run.parentRun).toBe((await mainFlow.latest())?.id);
  });

  it('log_stdout: what a task prints is in its log', async () => {
    const reportAccuracy = task((accuracy: number) => console.log(`Model accuracy on test set: ${(accuracy * 100).toFixed(2)}`));
    expect(await printed(flow('accuracy', () => reportAccuracy(0.9567)).start())).toEqual(['reportAccuracy#0: Model accuracy on test set: 95.67']);
  });

  it('S20, S21: input caching', async () => {
    const cached = dataEngineer.with({ cache: cache.default });
    await cached.run();
    await cached.run({ testRatio: 0.4 });
    expect((await recorded('data-engineer/latest')).states).toEqual({
      'loadData#0': 'cached',
      'encodeCategorical#0': 'cached',
      'getClasses#0': 'cached',
      'splitData#0': 'success',
    });
  });
});

describe('d6tflow', () => {
  const getData = task(() => [...ROWS]);
  const preprocess = task((data: Row[], enabled: boolean) => (enabled ? data.map((row) => ({ ...row, x: (row.x ?? 0) / 4 })) : data));
  const train = task((data: Row[], column: string) => new Classifier(column).fit(data));
  const evaluate = task((model: Classifier, data: Row[]) => model.score(data));
  const settings = { doPreprocess: param({ default: true }), column: z.enum(['x', 'y']).default('x') };
  const ml = flow('ml', { params: settings, cache: cache.default }, ({ doPreprocess, column }) => {
    const data = preprocess(getData(), doPreprocess);
    return evaluate(train(data, column), data);
  });
  const states = async (): Promise<Readonly<Record<string, string>>> => (await recorded('ml/latest')).states;

  it('S16: get data, process, train: no file names, no load and save, also of a class', async () => {
    expect(await ml.run()).toBeGreaterThan(0.9);
    const model = await (await ml.latest())?.output(train);
    expect(model).toBeInstanceOf(Classifier);
    expect(model?.predict(0.9)).toBe(1);
  });

  it('S21: another setting runs what depends on it', async () => {
    await ml.run();
    await ml.run({ column: 'y' });
    expect(await states()).toEqual({ 'getData#0': 'cached', 'preprocess#0': 'cached', 'train#0': 'success', 'evaluate#0': 'success' });
  });

  it('S28: force a task and what follows, or the task alone', async () => {
    await ml.run();
    await ml.run({}, { force: preprocess });
    expect(await states()).toEqual({ 'getData#0': 'cached', 'preprocess#0': 'success', 'train#0': 'success', 'evaluate#0': 'success' });
    await ml.run({}, { forceOnly: [getData] });
    expect(await states()).toEqual({ 'getData#0': 'success', 'preprocess#0': 'cached', 'train#0': 'cached', 'evaluate#0': 'cached' });
  });

  it('S27: preview, as a tree', async () => {
    await ml.run();
    const tree = (await ml.preview({ doPreprocess: false })).toTree();
    expect(tree).toContain('getData#0 (complete)');
    expect(tree).toContain('preprocess#0 (pending: input-changed: enabled: true -> false)');
  });

  it('compare the outputs of every setting', async () => {
    const compared: Record<string, unknown>[] = [];
    for (const params of grid({ doPreprocess: [true, false], column: ['x', 'y'] })) compared.push({ ...params, accuracy: await ml.run(params) });
    expect(compared.map(({ column, doPreprocess }) => `${column} ${doPreprocess}`)).toEqual(['x true', 'x false', 'y true', 'y false']);
    expect(Math.max(...compared.map(({ accuracy }) => accuracy as number))).toBe(compared[0]?.accuracy);
  });

  it('several outputs of one task, each an artifact of its own', async () => {
    const trainTest = task((data: Row[]) => halves(data, 0.2), { outputs: { train: json(), test: json() } });
    const holdOut = flow('hold-out', () => {
      const { train: seen, test } = trainTest(getData());
      return evaluate(train(seen, 'x'), test);
    });
    expect(await holdOut.run()).toBeGreaterThan(0.9);
  });
});

describe('Metaflow', () => {
  it('hello world: three steps in order', async () => {
    const start = task(() => console.log('This is start step'));
    const hello = task(() => console.log('Hello World!'));
    const end = task(() => console.log('This is end step'));
    const helloFlow = flow('HelloFlow', () => sequence(start, hello, end));
    expect(await printed(helloFlow.start())).toEqual(['start#0: This is start step', 'hello#0: Hello World!', 'end#0: This is end step']);
  });

  it('the same in class style, with a parameter', async () => {
    expect(await printed(flowOf(HelloClass).start({ name: 'Metaflow' }))).toEqual(['start#0: This is start step', 'end#0: Hello Metaflow!']);
  });

  it('counter: every result is kept as an artifact', async () => {
    const increment = task((count: number) => count + 1);
    const counter = flow('CounterFlow', () => increment(increment(0)));
    await counter.run();
    expect(await (await counter.latest())?.outputs(increment)).toEqual([1, 2]);
  });

  it('S17: parameters, required and optional', async () => {
    const parameters = flow(
      'ParameterFlow',
      { params: { creature: param(z.string(), { help: 'An animal' }), count: param({ default: 1 }), ratio: z.number().max(1).optional() } },
      ({ creature, count, ratio }) => [creature, creature.length, count + 1, ratio] as const,
    );
    expect(await parameters.run({ creature: 'seal' })).toEqual(['seal', 4, 2, undefined]);
    await expect(parameters.run({ creature: 'seal', ratio: 2 })).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
  });

  it('S8: foreach and join, with limits', async () => {
    const analyze = task((creature: string) => ({ creature, score: creature.length }));
    const best = task((scored: { creature: string; score: number }[]) => scored.reduce((a, b) => (b.score > a.score ? b : a)).creature);
    const foreachFlow = flow('ForeachFlow', () => best(analyze.map(['bird', 'mouse', 'dog'])));
    const limited = flow('LimitedFlow', () => best(analyze.mapWith({ concurrency: 2, maxSplits: 100 })(['bird', 'mouse', 'dog'])));
    expect(await foreachFlow.run({}, { maxWorkers: 8, maxSplits: 10_000 })).toBe('mouse');
    expect(await limited.run()).toBe('mouse');
    await expect(foreachFlow.run({}, { maxSplits: 2 })).rejects.toThrow('at most 2; its list has 3');
  });

  it('two models side by side, keep the better one; a separate flow predicts with it', async () => {
    const loadWine = task(() => halves(ROWS, 0.2), { outputs: { train: json(), test: json() } });
    const train = task((rows: Row[], column: string) => new Classifier(column).fit(rows));
    const choose = task((models: Classifier[], test: Row[]) => {
      const results = models.map((model) => ({ model, score: model.score(test) })).sort((a, b) => b.score - a.score);
      return { model: results[0]?.model as Classifier, results };
    });
    const trainFlow = flow('ClassifierTrainFlow', () => {
      const { train: seen, test } = loadWine();
      return choose([train(seen, 'y'), train(seen, 'x')], test);
    });
    const latestModel = task(async () => {
      const run = await trainFlow.latest({ state: 'success' });
      if (!run) throw new Fail('train a model first');
      return (await run.result()).model;
    });
    const predict = task((model: Classifier, value: number) => model.predict(value));
    const predictFlow = flow('ClassifierPredictFlow', { params: { value: z.number() } }, (p) => predict(latestModel(), p.value));

    await expect(predictFlow.run({ value: 3.5 })).rejects.toThrow('train a model first');
    expect((await trainFlow.run()).model.column).toBe('x');
    expect(await predictFlow.run({ value: 3.5 })).toBe(1);
    expect(await predictFlow.run({ value: 0.1 })).toBe(0);
  });
});
