import { createRoute, z } from '@hono/zod-openapi';
import { knownFlows } from '../../runtime/served/known-flows.js';
import type { Api, ServerContext } from '../context.js';
import { needFlow } from '../find.js';
import * as inputs from '../inputs.js';
import * as schemas from '../schemas.js';
import { flowDetail, flowView, scheduleView } from '../views/flow-view.js';
import { body, failures, json, refusals } from './answers.js';

const params = z.object({ flow: inputs.FlowName });

const list = createRoute({
  method: 'get',
  path: '/api/flows',
  tags: ['flows'],
  summary: 'Flows that services have loaded, and those that have runs; and the files that could not be loaded',
  responses: {
    200: json(
      z.object({
        flows: z.array(schemas.Flow).readonly(),
        broken: z.array(z.object({ path: z.string(), service: z.string(), error: z.string() })).readonly(),
      }),
      'In order of their names.',
    ),
    ...failures,
  },
});

const one = createRoute({
  method: 'get',
  path: '/api/flows/{flow}',
  tags: ['flows'],
  summary: 'A flow with its parameters, as JSON Schema too',
  request: { params },
  responses: { 200: json(schemas.FlowDetail, 'The flow.'), ...failures },
});

const schedules = createRoute({
  method: 'get',
  path: '/api/flows/{flow}/schedules',
  tags: ['flows'],
  summary: 'The schedules of a flow, with the coming instants of each',
  request: { params, query: z.strictObject({ count: inputs.pageSize(10, 1_000) }) },
  responses: {
    200: json(z.object({ paused: z.boolean(), schedules: z.array(schemas.Schedule).readonly() }), 'In the order of the flow.'),
    ...failures,
  },
});

const Paused = z.object({ flow: z.string(), paused: z.boolean(), changed: z.boolean() });

const pause = createRoute({
  method: 'post',
  path: '/api/flows/{flow}/pause',
  tags: ['flows'],
  summary: 'Nothing of the flow starts by itself any more; what a person asks for does',
  request: { params, body: body(z.object({ why: inputs.reason }).strict()) },
  responses: { 200: json(Paused, 'It is paused.'), ...refusals },
});

const unpause = createRoute({
  method: 'post',
  path: '/api/flows/{flow}/unpause',
  tags: ['flows'],
  summary: 'Its schedules go on; `missed` decides about the instants since',
  request: { params, body: body(z.object({}).strict()) },
  responses: { 200: json(Paused, 'It goes on.'), ...refusals },
});

export function addFlowRoutes(api: Api, context: ServerContext): void {
  const { record, services, clock } = context;

  api.openapi(list, async (c) => {
    const { flows, broken } = await knownFlows(record, services, clock.now());
    return c.json({ flows: flows.map((facts) => flowView(facts, clock.now())), broken }, 200);
  });

  api.openapi(one, async (c) => c.json(flowDetail(await needFlow(context, c.req.valid('param').flow), clock.now()), 200));

  api.openapi(schedules, async (c) => {
    const { served, paused } = await needFlow(context, c.req.valid('param').flow);
    const { count } = c.req.valid('query');
    const coming = (served?.schedules ?? []).map((schedule) => scheduleView(schedule, clock.now(), count));
    return c.json({ paused: paused !== undefined, schedules: coming }, 200);
  });

  api.openapi(pause, async (c) => {
    const { name: flow } = await needFlow(context, c.req.valid('param').flow);
    const changed = await services.pause(flow, clock.now(), c.req.valid('json').why);
    return c.json({ flow, paused: true, changed }, 200);
  });

  api.openapi(unpause, async (c) => {
    const { name: flow } = await needFlow(context, c.req.valid('param').flow);
    const changed = await services.pause(flow, undefined);
    return c.json({ flow, paused: false, changed }, 200);
  });
}
