import { createRoute, z } from '@hono/zod-openapi';
import { LimitRecord } from '../../runs/limits/limit-record.js';
import type { Api, ServerContext } from '../context.js';
import { iso } from '../json.js';
import * as schemas from '../schemas.js';
import { failures, json } from './answers.js';

const list = createRoute({
  method: 'get',
  path: '/api/limits',
  tags: ['services'],
  summary: 'Named limits that are in use: what they allow, who has it, who waits',
  responses: { 200: json(z.object({ limits: z.array(schemas.Limit).readonly() }), 'By name.'), ...failures },
});

export function addLimitRoutes(api: Api, { record }: ServerContext): void {
  api.openapi(list, async (c) => {
    // Looking marks runs whose owner is gone: they have nothing any more.
    await record.runs({ state: 'running', limit: 1 });
    if (record.heartbeat === undefined) return c.json({ limits: [] }, 200);
    await using limits = await LimitRecord.open(record.heartbeat);
    const inUse = await limits.inUse();
    const views = inUse.map(({ waiting, ...limit }) => ({ ...limit, waiting: waiting.map((one) => ({ ...one, since: iso(one.since) })) }));
    return c.json({ limits: views }, 200);
  });
}
