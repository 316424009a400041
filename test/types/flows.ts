import { cache, ctx, type Flow, type Future, flow, localStore, memoryStore, param, type RunEvent, type RunHandle, task } from '../../src/index.js';
import { is } from './expect-type.js';
import { clean, load, type Model, type Row, score, train } from './sample.js';

type ResultOf<F> = F extends Flow<any, infer R> ? R : never;

const training = flow('training', { params: { path: param({ default: 'rows.csv' }) }, cache: cache.default, concurrency: 4 }, async ({ path }) => {
  const rows = clean(load(path));
  const loaded = await rows;
  is<typeof loaded, Row[]>(true);
  if (loaded.length > 10) return train(loaded, { rate: 0.1, depth: 3 });
  return train(rows, { rate: 0.2, depth: 2 }).after(rows);
});

export function futuresInResultsAreReplaced(): void {
  is<ResultOf<typeof training>, Model>(true);
  const model = train([], { rate: 1, depth: 1 });
  const one = flow('one', () => model);
  is<ResultOf<typeof one>, Model>(true);
  const plain = flow('plain', () => 3);
  is<ResultOf<typeof plain>, number>(true);
  const none = flow('none', () => {});
  is<ResultOf<typeof none>, void>(true);
  const object = flow('object', () => ({ model, score: score(model, []), text: 'done' }));
  is<ResultOf<typeof object>, { model: Model; score: number; text: string }>(true);
  const deep = flow('deep', async () => ({ runs: { first: { model } }, scores: [score(model, []), score(model, [])] }));
  is<ResultOf<typeof deep>, { runs: { first: { model: Model } }; scores: number[] }>(true);
  const tuple = flow('tuple', () => [model, 1] as const);
  is<ResultOf<typeof tuple>, [Model, 1]>(true);
  const maybe = flow('maybe', () => (Math.random() > 2 ? model : undefined));
  is<ResultOf<typeof maybe>, Model | undefined>(true);
}

class Report {
  readonly title: string;
  readonly #pages = 1;
  constructor(title: string) {
    this.title = title;
  }
  length(): number {
    return this.#pages;
  }
}

export function objectsWithoutFuturesKeepTheirIdentity(): void {
  const report = flow('report', () => new Report('monthly'));
  is<ResultOf<typeof report>, Report>(true);
  const mapped = flow('mapped', () => new Map<string, Date>());
  is<ResultOf<typeof mapped>, Map<string, Date>>(true);
  const frozen = flow('frozen', (): { readonly day: Date; readonly bytes: Uint8Array } => ({ day: new Date(), bytes: new Uint8Array() }));
  is<ResultOf<typeof frozen>, { readonly day: Date; readonly bytes: Uint8Array }>(true);
}

export async function runningAndLooking(): Promise<void> {
  const model = await training.run({ path: 'other.csv' }, { force: true });
  is<typeof model, Model>(true);
  await using handle = training.start();
  is<typeof handle, RunHandle<Model>>(true);
  is<ReturnType<typeof handle.result>, Promise<Model>>(true);
  for await (const event of handle.events()) is<typeof event, RunEvent>(true);
  await handle.cancel('enough');

  const drawing = await training.visualize({ path: 'other.csv' }, { format: 'svg' });
  is<typeof drawing, string>(true);
  const graph = await training.graph();
  is<ReturnType<typeof graph.toDot>, string>(true);
  const preview = await training.preview();
  for (const node of preview.nodes) is<typeof node.state, 'complete' | 'pending' | 'unknown'>(true);
  // @ts-expect-error no such format
  await training.visualize({}, { format: 'png' });
}

export function flowsInsideFlows(): void {
  const asTask = training.asTask();
  const inline = asTask({ path: 'other.csv' });
  is<typeof inline, Future<Model>>(true);
  asTask();
  score(inline, []);
  const path = task(() => 'computed.csv');
  asTask({ path: path() });
  // @ts-expect-error the sub-flow's parameters are checked
  asTask({ path: 3 });

  const child = training.startChild({ path: path() });
  is<typeof child, Future<Model>>(true);
  const alsoChild = training.startChild();
  is<typeof alsoChild, Future<Model>>(true);
  const detached = training.startChild({ path: 'other.csv' }, { wait: false });
  is<typeof detached, Future<{ runId: string }>>(true);
  // @ts-expect-error the child's parameters are checked
  training.startChild({ path: 3 });

  const strict = flow('strict', { params: { seed: param({ default: 1 }) }, strict: true }, ({ seed }) => seed).with({ concurrency: 1 });
  is<ResultOf<typeof strict>, number>(true);
}

export function optionsAreChecked(): void {
  task(() => 1, { cache: cache.inputs.and(cache.code).ttl('7d'), store: memoryStore({ maxBytes: 1_000_000 }) });
  task(() => 1, { cache: cache.default.without('rate'), store: localStore('results'), version: '2' });
  task((path: string) => path.length, { name: (path) => `length of ${path}`, persist: false, cache: false });
  // @ts-expect-error unknown unit
  cache.inputs.ttl('30 parsecs');
  // @ts-expect-error unknown option
  task(() => 1, { chache: cache.default });
  // @ts-expect-error a policy is no word
  task(() => 1, { cache: 'inputs' });
  // @ts-expect-error the naming function gets the task's arguments
  task((path: string) => path.length, { name: (path: number) => `length of ${path}` });
  // @ts-expect-error unknown option of a flow
  flow('wrong', { concurency: 4 }, () => 1);
  // @ts-expect-error a flow has a name
  flow(() => 1);
}

export function contextOfARunningTask(): void {
  task(async () => {
    const context = ctx();
    is<typeof context.runId, string>(true);
    is<typeof context.attempt, number>(true);
    is<typeof context.signal, AbortSignal>(true);
    is<typeof context.params, Readonly<Record<string, unknown>>>(true);
    is<typeof context.tracing, boolean>(true);
    context.log.info('half way', { rows: 3 });
    // @ts-expect-error what runs cannot be changed from within
    context.attempt = 2;
  });
}

export async function backfillsGiveRuns(): Promise<void> {
  const range = { from: new Date('2018-01-08'), to: new Date('2018-02-01') };
  for await (const run of training.backfill({ ...range, maxActive: 2, params: { path: 'b.csv' } })) {
    is<typeof run, RunHandle<Model>>(true);
    is<Awaited<ReturnType<typeof run.result>>, Model>(true);
  }
  const instants = await training.backfill({ ...range, reprocess: 'failed', order: 'backward', schedule: 1 }).instants();
  is<typeof instants, readonly Date[]>(true);
  // @ts-expect-error no such parameter
  training.backfill({ ...range, params: { paht: 'b.csv' } });
  // @ts-expect-error a range has two ends
  training.backfill({ from: range.from });
}

export async function resumedRunsGiveWhatRunsGive(): Promise<void> {
  const result = await training.resume();
  is<typeof result, Model>(true);
  const again = await training.resume({ runId: 'training/latest', from: clean, params: { path: 'b.csv' }, tags: ['x'], only: [train, 'sc*'] });
  is<typeof again, Model>(true);
  const perhaps = await training.resume({ throwOnFailure: false });
  is<typeof perhaps, Model | undefined>(true);
  // @ts-expect-error no such parameter
  await training.resume({ params: { paht: 'b.csv' } });
  // @ts-expect-error neither a task nor its name
  await training.resume({ from: 3 });
}
