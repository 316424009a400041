import { relative } from 'node:path';
import { createRoute, z } from '@hono/zod-openapi';
import type { Schedule } from '../../model/schedule.js';
import { decodeText } from '../../results/json.js';
import { chosenSchedule, fillRange, missingInstants } from '../../runtime/backfill/range.js';
import { checkedRange, newBackfill, storeBackfill } from '../../runtime/backfill/stored.js';
import { scheduleOf } from '../../schedule/schedule-of.js';
import type { ScheduleSpec } from '../../schedule/schedule-spec.js';
import { ApiError } from '../api-error.js';
import type { Api, ServerContext } from '../context.js';
import { needServed, type ServedFlow } from '../find.js';
import * as inputs from '../inputs.js';
import { iso } from '../json.js';
import { paramsOf } from '../requested-params.js';
import * as schemas from '../schemas.js';
import { backfillView } from '../views/backfill-view.js';
import { body, json, refusals } from './answers.js';

const Asked = z
  .object({
    from: inputs.instant.openapi({ description: 'Instants from here, included.' }),
    to: inputs.instant.optional().openapi({ description: 'Up to here, included; without it, until now.' }),
    schedule: z.number().int().min(1).optional().openapi({ description: 'Of a flow with several schedules, which: 1 is the first.' }),
    reprocess: z.enum(['none', 'failed', 'all']).default('none').openapi({ description: 'Which instants that have had a run are run again.' }),
    order: z.enum(['forward', 'backward']).default('forward'),
    maxActive: z.number().int().min(1).default(1).openapi({ description: 'Runs at the same time.' }),
    params: z.record(z.string(), z.unknown()).default({}),
    dryRun: z.boolean().default(false).openapi({ description: 'Stores nothing: only tells which instants would be run.' }),
  })
  .strict();

const start = createRoute({
  method: 'post',
  path: '/api/flows/{flow}/backfills',
  tags: ['backfills'],
  summary: 'Run a flow for past instants of its schedule; the same again goes on with what is there',
  request: { params: z.object({ flow: inputs.FlowName }), body: body(Asked) },
  responses: {
    200: json(z.object({ instants: z.array(schemas.Instant).readonly() }), 'Of a dry run: the instants that would be run, in their order.'),
    202: json(schemas.Backfill, 'It is written down: services that have the flow run it.'),
    ...refusals,
  },
});

export function addNewBackfillRoute(api: Api, context: ServerContext): void {
  const { services, clock, project } = context;

  api.openapi(start, async (c) => {
    const { dryRun, params, to, schedule: number, ...options } = c.req.valid('json');
    const flow = await needServed(context, c.req.valid('param').flow);
    const now = clock.now();
    const { schedule, own } = scheduleToFill(flow, number);
    const asked = { ...options, to: to ?? new Date(now) };
    const policy = { name: flow.name, dependsOnPast: flow.served.dependsOnPast ?? false };
    const range = checkedRange(policy, schedule, asked, now);
    const texts = await paramsOf(flow, { ...own, ...params }, true);
    // So that a command can go on with it, too. Projects are moved: it is told from their root.
    const file = flow.path === undefined ? {} : { file: relative(project.places.root, flow.path) };
    const backfill = { ...newBackfill({ flow: policy, schedule, range, params: texts }, asked, now), ...file };
    if (dryRun) return c.json({ instants: (await missingInstants(services, schedule, backfill)).map(({ at }) => iso(at)) }, 200);
    const stored = await storeBackfill(services, { backfill, schedule }, now);
    await fillRange(services, stored.backfill, schedule, () => clock.now());
    const [row = stored.backfill] = await services.backfills({ id: stored.backfill.id });
    return c.json(backfillView(row), 202);
  });
}

/** With the parameters that it gives itself. @throws MillraceError `SCHEDULE_UNKNOWN`; ApiError `BACKFILL_INVALID` */
function scheduleToFill({ name, served }: ServedFlow, number: number | undefined) {
  const schedules = served.schedules.map((one) => ({ ...one, toString: () => one.text }));
  const { text, spec, params = {} } = chosenSchedule({ name, schedule: schedules }, number);
  const own = Object.fromEntries(Object.entries(params).map(([key, value]) => [key, decodeText(value)]));
  const schedule = spec && understood(spec);
  if (schedule !== undefined) return { schedule, own };
  throw new ApiError(422, 'BACKFILL_INVALID', `only the code of flow '${name}' knows the past instants of its schedule '${text}'`, {
    hint: 'Where its file is: millrace backfill <file> --from <time>',
  });
}

/** Undefined: it is of a kind that this version does not know. */
function understood(spec: ScheduleSpec): Schedule<never> | undefined {
  try {
    return scheduleOf(spec);
  } catch {
    return undefined;
  }
}
