import { createRoute, z } from '@hono/zod-openapi';
import { plainData } from '../../base/json-value.js';
import { graphOfRun } from '../../engine/graph-data.js';
import { createGraph } from '../../graph/draw/view.js';
import type { RunFilter } from '../../runs/run-record.js';
import { withOrigins } from '../../runs/with-origins.js';
import { paramFilter } from '../../runtime/past/param-filter.js';
import { ApiError } from '../api-error.js';
import type { Api, ServerContext } from '../context.js';
import { needRun } from '../find.js';
import * as inputs from '../inputs.js';
import * as schemas from '../schemas.js';
import { logView, runView } from '../views/run-view.js';
import { failures, json } from './answers.js';

const params = z.object({ run: inputs.RunId });

const list = createRoute({
  method: 'get',
  path: '/api/runs',
  tags: ['runs'],
  summary: 'Runs, newest first',
  request: {
    query: z.strictObject({
      flow: inputs.FlowName.optional(),
      state: schemas.RunStateName.optional(),
      tag: inputs.several.openapi({ description: 'It has them all.' }),
      param: inputs.several.openapi({ description: '`name=value`, as text or JSON.' }),
      parent: inputs.RunId.optional(),
      since: inputs.moment,
      until: inputs.moment,
      before: inputs.RunId.optional().openapi({ description: 'The next page: the last run of the one before.' }),
      limit: inputs.pageSize(20, 500),
    }),
  },
  responses: {
    200: json(
      z.object({ runs: z.array(schemas.Run).readonly(), next: z.string().optional() }),
      '`next` is the address of the next page, where there may be one.',
    ),
    ...failures,
  },
});

const RunDetail = schemas.Run.extend({ cancelAsked: z.string().optional().openapi({ description: 'Why somebody has asked it to end.' }) }).openapi(
  'RunDetail',
);

const one = createRoute({
  method: 'get',
  path: '/api/runs/{run}',
  tags: ['runs'],
  summary: 'A run',
  request: { params },
  responses: { 200: json(RunDetail, 'The run.'), ...failures },
});

const graph = createRoute({
  method: 'get',
  path: '/api/runs/{run}/graph',
  tags: ['runs'],
  summary: 'The graph of a run, as it was recorded',
  request: { params },
  responses: { 200: json(z.record(z.string(), z.unknown()), 'Nodes and edges.'), ...failures },
});

const picture = createRoute({
  method: 'get',
  path: '/api/runs/{run}/graph.svg',
  tags: ['runs'],
  summary: 'The graph of a run, as a picture',
  request: { params },
  responses: { 200: { description: 'SVG that stands alone.', content: { 'image/svg+xml': { schema: z.string() } } }, ...failures },
});

const logs = createRoute({
  method: 'get',
  path: '/api/runs/{run}/logs',
  tags: ['runs'],
  summary: 'Lines of the log of a run',
  request: {
    params,
    query: z.strictObject({
      task: inputs.TaskName.openapi({ description: 'Id of a task run (`clean#2`) or name of a task.' }),
      level: schemas.LevelName.optional().openapi({ description: 'Of this level and above.' }),
      attempt: inputs.whole(1, 10_000).optional(),
      after: inputs.after('Only lines with a greater `seq`.'),
      last: inputs.whole(1, 5_000).optional().openapi({ description: 'The last so many, in place of `limit`.' }),
      limit: inputs.pageSize(1_000, 5_000),
    }),
  },
  responses: {
    200: json(z.object({ lines: z.array(schemas.LogRow).readonly(), more: z.boolean() }), '`more`: there may be others after the last `seq`.'),
    ...failures,
  },
});

export function addRunRoutes(api: Api, { record }: ServerContext): void {
  api.openapi(list, async (c) => {
    const query = c.req.valid('query');
    const rows = await record.runs(filterOf(query));
    const last = rows.length === query.limit ? rows.at(-1)?.id : undefined;
    return c.json({ runs: rows.map(runView), next: last && nextPage(c.req.url, last) }, 200);
  });

  api.openapi(one, async (c) => {
    const row = await needRun(record, c.req.valid('param').run);
    return c.json({ ...runView(row), cancelAsked: (await record.cancelAsked([row.id])).get(row.id) }, 200);
  });

  const graphOf = async (run: string) => {
    const { id, flow } = await needRun(record, run);
    return createGraph(graphOfRun(flow, await withOrigins(record, await record.taskRuns(id))));
  };

  api.openapi(graph, async (c) => c.json(plainData(await graphOf(c.req.valid('param').run)) as Record<string, unknown>, 200));

  api.openapi(picture, async (c) =>
    c.body(await (await graphOf(c.req.valid('param').run)).toSvg(), 200, { 'Content-Type': 'image/svg+xml; charset=utf-8' }),
  );

  api.openapi(logs, async (c) => {
    const { id } = await needRun(record, c.req.valid('param').run);
    const { task, level, attempt, after, last, limit } = c.req.valid('query');
    const lines = await record.logs(id, {
      ...(task === undefined ? {} : { node: task }),
      ...(level === undefined ? {} : { level }),
      ...(attempt === undefined ? {} : { attempt }),
      ...(after === undefined ? {} : { after }),
      ...(last === undefined ? { limit } : { last }),
    });
    return c.json({ lines: lines.map(logView), more: last === undefined && lines.length === limit }, 200);
  });
}

type Query = z.infer<typeof list.request.query>;

function filterOf({ flow, state, tag, param, parent, since, until, before, limit }: Query): RunFilter {
  return {
    limit,
    ...(flow === undefined ? {} : { flow }),
    ...(state === undefined ? {} : { state }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(param === undefined ? {} : { params: paramFilter(param.map(pairOf)) }),
    ...(parent === undefined ? {} : { parentRun: parent }),
    ...(since === undefined ? {} : { since: since.getTime() }),
    ...(until === undefined ? {} : { until: until.getTime() }),
    ...(before === undefined ? {} : { before }),
  };
}

function pairOf(text: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === '') throw new ApiError(400, 'QUERY_INVALID', 'expected param=name=value', { hint: 'The value is text or JSON: ?param=testRatio=0.2' });
  return [name, value];
}

/** Without the server's own address: whoever came through a tunnel has another. */
function nextPage(address: string, last: string): string {
  const url = new URL(address);
  url.searchParams.set('before', last);
  return `${url.pathname}${url.search}`;
}
