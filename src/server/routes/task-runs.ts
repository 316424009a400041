import { createRoute, z } from '@hono/zod-openapi';
import type { MetricSeries, TaskRunDetails, TaskRunFilter } from '../../runs/run-record.js';
import { giversOf, sideResultsOf } from '../../runs/side-results.js';
import { withOrigins } from '../../runs/with-origins.js';
import type { Api, ServerContext } from '../context.js';
import { needRun, needTaskRun } from '../find.js';
import * as inputs from '../inputs.js';
import * as schemas from '../schemas.js';
import { artifactView, taskRunDetail, taskRunView } from '../views/task-run-view.js';
import { failures, json } from './answers.js';

const params = z.object({ run: inputs.RunId });

const list = createRoute({
  method: 'get',
  path: '/api/runs/{run}/task-runs',
  tags: ['task runs'],
  summary: 'The task runs of a run, in the order in which they were called',
  request: {
    params,
    query: z.strictObject({
      task: inputs.TaskName,
      state: schemas.TaskStateName.optional(),
      id: inputs.TaskName.openapi({ description: 'By its id: `clean#2`.' }),
      after: inputs.after('The next page: the place of the last one before.'),
      limit: inputs.pageSize(500, 5_000),
    }),
  },
  responses: {
    200: json(
      z.object({ taskRuns: z.array(schemas.TaskRun).readonly(), total: z.number(), more: z.boolean() }),
      '`total` of those that are like that.',
    ),
    ...failures,
  },
});

const one = createRoute({
  method: 'get',
  path: '/api/runs/{run}/task-runs/{index}',
  tags: ['task runs'],
  summary: 'A task run, with its attempts, its inputs and what it gave',
  request: { params: params.extend({ index: inputs.Place }) },
  responses: { 200: json(schemas.TaskRunDetail, 'The task run.'), ...failures },
});

const artifacts = createRoute({
  method: 'get',
  path: '/api/runs/{run}/artifacts',
  tags: ['artifacts'],
  summary: 'What the flow and its tasks gave beside their results, and the files among its parameters',
  request: { params },
  responses: { 200: json(z.object({ artifacts: z.array(schemas.Artifact).readonly() }), 'In the order of the task runs.'), ...failures },
});

const metrics = createRoute({
  method: 'get',
  path: '/api/runs/{run}/metrics',
  tags: ['artifacts'],
  summary: 'Series of numbers that the flow and its tasks gave',
  request: { params, query: z.strictObject({ points: inputs.yes.openapi({ description: '`true`: with all their points.' }) }) },
  responses: { 200: json(z.object({ metrics: z.array(schemas.Metric).readonly() }), 'In the order of the task runs.'), ...failures },
});

export function addTaskRunRoutes(api: Api, { record }: ServerContext): void {
  api.openapi(list, async (c) => {
    const { id: run } = await needRun(record, c.req.valid('param').run);
    const { task, state, id, after = -1, limit } = c.req.valid('query');
    const filter = { ...(task === undefined ? {} : { task }), ...(state === undefined ? {} : { state }), ...(id === undefined ? {} : { id }) };
    // One more than is told, so that it is known whether there are more.
    const page = await record.taskRuns(run, { ...filter, within: [after + 1, Number.MAX_SAFE_INTEGER], limit: limit + 1 });
    const total = id === undefined ? await count(run, filter) : (await record.taskRuns(run, filter)).length;
    return c.json({ taskRuns: page.slice(0, limit).map(taskRunView), total, more: page.length > limit }, 200);
  });

  async function count(run: string, { task, state }: TaskRunFilter): Promise<number> {
    const counts = await record.countTaskRuns(run, task);
    return state === undefined ? [...counts.values()].reduce((sum, next) => sum + next, 0) : (counts.get(state) ?? 0);
  }

  api.openapi(one, async (c) => {
    const { run, index } = c.req.valid('param');
    const [row] = await withOrigins(record, [await needTaskRun(record, run, index)]);
    const given = await sideResultsOf(record, run, [row as TaskRunDetails], { index });
    return c.json(taskRunDetail(run, row as TaskRunDetails, given.artifacts), 200);
  });

  api.openapi(artifacts, async (c) => {
    const { id: run } = await needRun(record, c.req.valid('param').run);
    const given = await sideResultsOf(record, run, await giversOf(record, run));
    return c.json({ artifacts: given.artifacts.map((one) => artifactView(run, one)) }, 200);
  });

  api.openapi(metrics, async (c) => {
    const { id: run } = await needRun(record, c.req.valid('param').run);
    const { points } = c.req.valid('query');
    const given = await sideResultsOf(record, run, await giversOf(record, run), { points });
    return c.json({ metrics: given.metrics.map(metricView) }, 200);
  });
}

type Float = number | 'NaN' | 'Infinity' | '-Infinity';

function metricView({ index, name, count, last, min, max, points }: MetricSeries) {
  return {
    name,
    ...(index < 0 ? {} : { taskRun: index }),
    count,
    last: { step: last.step, value: float(last.value) },
    min,
    max,
    points: points && { steps: points.steps, values: points.values.map(float) },
  };
}

function float(value: number): Float {
  return Number.isFinite(value) ? value : (String(value) as Float);
}
