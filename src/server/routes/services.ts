import { createRoute, z } from '@hono/zod-openapi';
import type { Api, ServerContext } from '../context.js';
import * as schemas from '../schemas.js';
import { serviceView } from '../views/service-view.js';
import { failures, json } from './answers.js';

const list = createRoute({
  method: 'get',
  path: '/api/services',
  tags: ['services'],
  summary: 'Services that live',
  responses: { 200: json(z.object({ services: z.array(schemas.Service).readonly() }), 'By when they were started.'), ...failures },
});

export function addServiceRoutes(api: Api, { services, clock }: ServerContext): void {
  api.openapi(list, async (c) => c.json({ services: (await services.services(clock.now())).map(serviceView) }, 200));
}
