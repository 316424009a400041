import { createRoute, z } from '@hono/zod-openapi';
import type { DueRun } from '../../model/due-run.js';
import { newRunId } from '../../model/run-id.js';
import { FINAL_RUN_STATES } from '../../model/states.js';
import { checkTags } from '../../runtime/past/amendments.js';
import { ApiError } from '../api-error.js';
import type { Api, ServerContext } from '../context.js';
import { needRun, needServed } from '../find.js';
import * as inputs from '../inputs.js';
import { paramsOf } from '../requested-params.js';
import * as schemas from '../schemas.js';
import { dueView } from '../views/run-view.js';
import { body, failures, json, refusals } from './answers.js';

/** What people ask for: a run, the end of one, another try. A service starts it; here it is only written down. */

const Values = z.record(z.string(), z.unknown()).default({});
const tags = z.array(z.string()).max(50).default([]);
const Accepted = z.object({ run: z.string(), href: z.string(), due: z.string() }).openapi('Accepted');

const start = createRoute({
  method: 'post',
  path: '/api/flows/{flow}/runs',
  tags: ['runs'],
  summary: 'Run a flow now: a service that has it starts it within a second or two',
  request: { params: z.object({ flow: inputs.FlowName }), body: body(z.object({ params: Values, tags }).strict()) },
  responses: { 202: json(Accepted, 'The id that the run will have. Until it has begun it is a due run.'), ...refusals },
});

const resume = createRoute({
  method: 'post',
  path: '/api/runs/{run}/resume',
  tags: ['runs'],
  summary: 'Go on with a run that came to nothing, or run it again with other parameters: what it has finished is taken over',
  request: { params: z.object({ run: inputs.RunId }), body: body(z.object({ params: Values }).strict()) },
  responses: { 202: json(Accepted, 'The id that the new run will have.'), ...refusals },
});

const cancel = createRoute({
  method: 'post',
  path: '/api/runs/{run}/cancel',
  tags: ['runs'],
  summary: 'Ask a run to end, or withdraw one that is only due',
  request: { params: z.object({ run: inputs.RunId }), body: body(z.object({ why: inputs.reason }).strict()) },
  responses: {
    202: json(z.object({ run: z.string(), answer: z.enum(['asked', 'withdrawn']) }), '`asked`: its process will be told within a second or two.'),
    ...refusals,
  },
});

const dueList = createRoute({
  method: 'get',
  path: '/api/due-runs',
  tags: ['runs'],
  summary: 'Runs that are to be',
  request: {
    query: z.strictObject({
      flow: inputs.FlowName.optional(),
      state: z.enum(['waiting', 'claimed', 'started', 'skipped', 'refused']).optional(),
      limit: inputs.pageSize(100, 1_000),
    }),
  },
  responses: { 200: json(z.object({ due: z.array(schemas.Due).readonly() }), 'By when they are due.'), ...failures },
});

const dueOne = createRoute({
  method: 'get',
  path: '/api/due-runs/{run}',
  tags: ['runs'],
  summary: 'A run that is to be, or was, by the id of the run: why it was skipped or refused, too',
  request: { params: z.object({ run: inputs.RunId }) },
  responses: { 200: json(schemas.Due, 'The due run.'), ...failures },
});

export function addRequestRoutes(api: Api, context: ServerContext): void {
  const { record, services, clock } = context;

  const add = async (flow: string, more: Pick<DueRun, 'params' | 'tags' | 'resumes'>) => {
    const now = clock.now();
    const run = newRunId(now);
    await services.addDue([{ flow, key: `request ${run}`, run, cause: 'request', dueAt: now, createdAt: now, ...more }]);
    return { run, href: `/api/runs/${run}`, due: `/api/due-runs/${run}` };
  };

  api.openapi(start, async (c) => {
    const { params, tags: wanted } = c.req.valid('json');
    const checked = [...new Set(checkTags(wanted))];
    const flow = await needServed(context, c.req.valid('param').flow);
    return c.json(await add(flow.name, { params: await paramsOf(flow, params, true), tags: checked }), 202);
  });

  api.openapi(resume, async (c) => {
    const { id, flow: name, state } = await needRun(record, c.req.valid('param').run);
    const { params } = c.req.valid('json');
    if (!FINAL_RUN_STATES.has(state))
      throw new ApiError(409, 'RUN_GOING_ON', `expected a run that has ended; ${id} is ${state}`, { hint: 'Cancel it first.' });
    if (state === 'success' && Object.keys(params).length === 0)
      throw new ApiError(409, 'NOTHING_TO_RESUME', `run ${id} has succeeded: there is nothing to resume`, { hint: 'Give other parameters.' });
    const flow = await needServed(context, name);
    return c.json(await add(name, { params: await paramsOf(flow, params, false), tags: [], resumes: id }), 202);
  });

  api.openapi(cancel, async (c) => {
    const { run } = c.req.valid('param');
    // Looking marks it crashed, should its process have gone.
    const before = await record.run(run);
    if (before !== undefined && FINAL_RUN_STATES.has(before.state)) throw ended(run, before.state);
    const answer = await services.askToCancel(run, c.req.valid('json').why ?? 'somebody did so with the HTTP API');
    if (answer === 'asked' || answer === 'withdrawn') return c.json({ run, answer }, 202);
    if (answer === 'ended') throw ended(run, (await record.run(run))?.state ?? 'skipped');
    if (answer === 'unknown') throw new ApiError(404, 'RUN_UNKNOWN', `there is no run '${run}', and none that is due`);
    throw new ApiError(409, 'RUN_STARTING', `run ${run} is just being started`, { hint: 'Ask again in a moment.' });
  });

  api.openapi(dueList, async (c) => {
    const { flow, state, limit } = c.req.valid('query');
    const found = await services.due({ limit, ...(flow === undefined ? {} : { flow }), ...(state === undefined ? {} : { states: [state] }) });
    return c.json({ due: found.map(dueView) }, 200);
  });

  api.openapi(dueOne, async (c) => {
    const { run } = c.req.valid('param');
    const [found] = await services.due({ run, limit: 1 });
    if (found === undefined) throw new ApiError(404, 'RUN_UNKNOWN', `run '${run}' was never due`);
    return c.json(dueView(found), 200);
  });
}

function ended(run: string, state: string): ApiError {
  return new ApiError(409, 'RUN_ENDED', `run ${run} has ended: ${state}`);
}
