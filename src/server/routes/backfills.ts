import { createRoute, z } from '@hono/zod-openapi';
import type { Backfill, BackfillState } from '../../runs/service/backfills.js';
import { ApiError } from '../api-error.js';
import type { Api, ServerContext } from '../context.js';
import * as inputs from '../inputs.js';
import * as schemas from '../schemas.js';
import { backfillView } from '../views/backfill-view.js';
import { body, failures, json, refusals } from './answers.js';

const params = z.object({ backfill: inputs.RunId.openapi({ description: 'The id of a backfill.' }) });

const list = createRoute({
  method: 'get',
  path: '/api/backfills',
  tags: ['backfills'],
  summary: 'Backfills, newest first',
  request: { query: z.strictObject({ flow: inputs.FlowName.optional() }) },
  responses: { 200: json(z.object({ backfills: z.array(schemas.Backfill).readonly() }), 'All of them.'), ...failures },
});

const Progress = z.object({ waiting: z.number(), running: z.number(), success: z.number(), failed: z.number() });
const Detail = schemas.Backfill.extend({
  progress: Progress.openapi({ description: 'Of the instants in its range that have had a run or are to have one, by whomever.' }),
}).openapi('BackfillDetail');

const one = createRoute({
  method: 'get',
  path: '/api/backfills/{backfill}',
  tags: ['backfills'],
  summary: 'A backfill, with how far it is',
  request: { params },
  responses: { 200: json(Detail, 'The backfill.'), ...failures },
});

const change = createRoute({
  method: 'post',
  path: '/api/backfills/{backfill}/state',
  tags: ['backfills'],
  summary: 'Pause a backfill, let it go on, or cancel it: runs of it that have begun go on in any case',
  request: { params, body: body(z.object({ state: z.enum(['active', 'paused', 'cancelled']) }).strict()) },
  responses: { 200: json(schemas.Backfill, 'The backfill as it is now.'), ...refusals },
});

export function addBackfillRoutes(api: Api, { services, clock }: ServerContext): void {
  const need = async (id: string): Promise<Backfill> => {
    const [found] = await services.backfills({ id });
    if (found !== undefined) return found;
    throw new ApiError(404, 'BACKFILL_UNKNOWN', `there is no backfill '${id}'`);
  };

  api.openapi(list, async (c) => {
    const { flow } = c.req.valid('query');
    return c.json({ backfills: (await services.backfills(flow === undefined ? {} : { flow })).map(backfillView) }, 200);
  });

  api.openapi(one, async (c) => {
    const backfill = await need(c.req.valid('param').backfill);
    const progress = { waiting: 0, running: 0, success: 0, failed: 0 };
    for (const { outcome } of await services.outcomes(backfill.flow, backfill.from, backfill.to)) progress[outcome] += 1;
    return c.json({ ...backfillView(backfill), progress }, 200);
  });

  api.openapi(change, async (c) => {
    const { id, state: before } = await need(c.req.valid('param').backfill);
    const { state } = c.req.valid('json');
    const isMoved = await services.moveBackfill(id, state satisfies BackfillState, clock.now());
    const now = await need(id);
    if (!isMoved && now.state !== state) throw new ApiError(409, 'BACKFILL_ENDED', `backfill ${id} has ended: ${before}`);
    return c.json(backfillView(now), 200);
  });
}
