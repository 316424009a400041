// What one types into a notebook to know what was run: which setting was best, what came of it, and what went wrong. Each block is a cell; in the
// kernel of Deno its last expression is shown as a table or a picture, in a REPL as text. A cell may be run while a flow goes on in
// another process: it sees what is recorded by then.
import { cache, Fail, flow, grid, json, param, task } from 'millrace';
import { client, type RunInfo } from 'millrace/client';

interface Model {
  readonly slope: number;
  readonly offset: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

// ── A flow, so that there is something to look at: a line through points, by gradient descent.

const measure = task((points: number): Point[] => Array.from({ length: points }, (_, n) => ({ x: n / points, y: (3 * n) / points + 1 })), {
  name: 'measure',
  cache: cache.default,
});

const fitLine = task(
  (points: readonly Point[], rate: number, steps: number) => {
    let model: Model = { slope: 0, offset: 0 };
    for (let step = 0; step < steps; step += 1) {
      const errors = points.map(({ x, y }) => ({ x, error: model.slope * x + model.offset - y }));
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      model = {
        slope: model.slope - rate * mean(errors.map(({ x, error }) => error * x)),
        offset: model.offset - rate * mean(errors.map(({ error }) => error)),
      };
    }
    const loss = points.reduce((sum, { x, y }) => sum + (model.slope * x + model.offset - y) ** 2, 0) / points.length;
    if (!(loss < 1e6)) throw new Fail(`a rate of ${rate} diverges: the loss is ${loss}`);
    console.log(`loss ${loss.toFixed(6)} at rate ${rate}`);
    return { model, loss };
  },
  { name: 'fit', outputs: { model: json(), loss: json() } },
);

export const line = flow('line', { params: { rate: param({ default: 0.1 }), steps: param({ default: 200 }) } }, ({ rate, steps }) =>
  fitLine(measure(50), rate, steps),
);

for (const setting of grid({ rate: [0.05, 0.5, 5], steps: [100, 1000] })) await line.run(setting, { tags: ['search'], throwOnFailure: false });

// ── What was tried? Runs are found by flow, state, tags, time and parameters, newest first.

const record = client();
const search = record.flow('line').runs({ tags: ['search'] });
export const tried = await search.toArray();

// ── Which was best? Values are read when they are asked for, and verified.

const scored: { readonly run: RunInfo; readonly loss: number }[] = [];
for await (const run of record.flow('line').runs({ state: 'success' })) scored.push({ run, loss: await run.data.get<number>('loss') });
export const best = scored.toSorted((a, b) => a.loss - b.loss)[0]?.run as RunInfo;

// ── Its model, by path: flow / run / task / place / artifact.

const artifact = await record.get(`line/${best.id}/fit/0/model`);
export const model = await artifact.load<Model>();

// ── What it was made of, and the graph as it was.

export const inputs = await (await artifact.producer()).upstream();
export const graph = await best.graph();

// ── What went wrong elsewhere? The error, and the end of its log.

export const failures: string[] = [];
for await (const run of record.flow('line').runs({ state: 'failed', params: { rate: 5 } })) {
  const failed = await run.task('fit');
  failures.push(`${run.params.steps} steps: ${failed.error?.cause?.message ?? failed.error?.message}`);
}

// ── To find it again: a tag, and a sentence for whoever comes next.

export const chosen = await (await best.addTags('best')).note('The loss no longer falls after 1,000 steps.');
