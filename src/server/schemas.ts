import { z } from '@hono/zod-openapi';
import { RUN_STATES, TASK_STATES } from '../model/states.js';

/** What goes in and out, as the OpenAPI document has it. Times are ISO 8601, in UTC; lengths of time milliseconds. */

export const Instant = z.string().openapi({ format: 'date-time', example: '2026-11-20T09:30:00.000Z' });
export const RunStateName = z.enum(RUN_STATES);
export const TaskStateName = z.enum(TASK_STATES);
export const LevelName = z.enum(['debug', 'info', 'warn', 'error']);

export const Failure = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      issues: z
        .array(z.object({ path: z.string(), message: z.string() }))
        .readonly()
        .optional(),
    }),
  })
  .openapi('Error');

const RecordedError = z
  .object({
    name: z.string(),
    message: z.string(),
    code: z.string().optional(),
    hint: z.string().optional(),
    stack: z.string().optional().openapi({ description: 'Where it was thrown in the code of the flow; told of task runs.' }),
    causes: z
      .array(z.object({ name: z.string(), message: z.string(), code: z.string().optional(), stack: z.string().optional() }))
      .readonly()
      .openapi({ description: 'The outer first.' }),
  })
  .openapi('RecordedError');

const Values = z.record(z.string(), z.unknown());
const Counts = z.partialRecord(TaskStateName, z.number());
const ScheduledTime = z.object({ at: Instant, from: Instant });

export const Run = z
  .object({
    id: z.string(),
    flow: z.string(),
    name: z.string().optional(),
    state: RunStateName,
    params: Values.openapi({ description: 'Secrets are `***`.' }),
    tags: z.array(z.string()).readonly(),
    systemTags: z.array(z.string()).readonly(),
    notes: z.array(z.object({ at: Instant, text: z.string() })).readonly(),
    createdAt: Instant,
    startedAt: Instant.optional(),
    finishedAt: Instant.optional(),
    counts: Counts.openapi({ description: 'How many task runs ended in which state; empty before the run has ended.' }),
    error: RecordedError.optional(),
    parentRun: z.string().optional(),
    resumes: z.string().optional(),
    cause: z.string().optional().openapi({ description: 'Why it was started, where nobody did by hand.' }),
    scheduled: ScheduledTime.optional(),
  })
  .openapi('Run');

export const Due = z
  .object({
    run: z.string(),
    flow: z.string(),
    key: z.string(),
    cause: z.string(),
    state: z.string(),
    schedule: z.string().optional(),
    backfill: z.string().optional(),
    resumes: z.string().optional(),
    params: Values,
    tags: z.array(z.string()).readonly(),
    scheduled: ScheduledTime.optional(),
    dueAt: Instant,
    why: z.string().optional(),
    service: z.string().optional(),
  })
  .openapi('DueRun');

export const Artifact = z
  .object({
    name: z.string(),
    taskRun: z.number().optional().openapi({ description: 'The place of the task run; absent for what the flow itself gave.' }),
    kind: z.string().optional(),
    contentType: z.string(),
    bytes: z.number(),
    format: z.string(),
    contentDigest: z.string(),
    href: z.string(),
  })
  .openapi('Artifact');

const Reason = z.object({ kind: z.string(), detail: z.string().optional() });

export const TaskRun = z
  .object({
    index: z.number(),
    id: z.string(),
    task: z.string(),
    label: z.string().optional(),
    parent: z.number().optional(),
    state: TaskStateName,
    attempts: z.number(),
    reason: Reason.optional(),
    createdAt: Instant,
    startedAt: Instant.optional(),
    finishedAt: Instant.optional(),
    error: RecordedError.optional(),
    origin: z.object({ run: z.string(), index: z.number() }).optional(),
    progress: z.object({ fraction: z.number(), message: z.string().optional(), at: Instant }).optional(),
  })
  .openapi('TaskRun');

export const TaskRunDetail = TaskRun.extend({
  cacheKey: z.string().optional(),
  upstream: z.array(z.object({ from: z.number(), kind: z.string(), label: z.string().optional() })).readonly(),
  inputs: z.record(z.string(), z.object({ digest: z.string(), shown: z.string().optional() })).optional(),
  checks: z.array(z.unknown()).readonly().optional(),
  tries: z
    .array(
      z.object({
        attempt: z.number(),
        state: TaskStateName,
        startedAt: Instant,
        finishedAt: Instant.optional(),
        changes: z.string(),
        error: RecordedError.optional(),
      }),
    )
    .readonly(),
  artifacts: z.array(Artifact).readonly(),
}).openapi('TaskRunDetail');

export const LogRow = z
  .object({ seq: z.number(), at: Instant, level: LevelName, text: z.string(), node: z.string().optional(), attempt: z.number().optional() })
  .openapi('LogLine');

/** JSON has no NaN and no infinities: those are texts. */
const Float = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
export const Metric = z
  .object({
    name: z.string(),
    taskRun: z.number().optional(),
    count: z.number(),
    last: z.object({ step: z.number(), value: Float }),
    min: z.number().optional(),
    max: z.number().optional(),
    points: z.object({ steps: z.array(z.number()).readonly(), values: z.array(Float).readonly() }).optional(),
  })
  .openapi('Metric');

export const Schedule = z
  .object({ text: z.string(), params: Values, next: z.array(Instant).readonly().openapi({ description: 'The coming instants.' }) })
  .openapi('Schedule');

const FlowTrigger = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('asset'), name: z.string() }),
    z.object({ kind: z.literal('flow'), flow: z.string(), end: z.enum(['success', 'failure', 'finished']) }),
  ])
  .openapi('FlowTrigger');

export const Flow = z
  .object({
    name: z.string(),
    served: z.boolean().openapi({ description: 'Whether a service can start it now.' }),
    file: z.string().optional(),
    error: z.string().optional().openapi({ description: 'Why its file could not be loaded; what is told of it is then as it was before.' }),
    description: z.string().optional(),
    owner: z.string().optional(),
    tags: z.array(z.string()).readonly(),
    paused: z.object({ at: Instant, why: z.string().optional() }).optional(),
    schedules: z.array(Schedule).readonly(),
    on: z.array(FlowTrigger).readonly().openapi({ description: 'What makes it run beside its schedules.' }),
    latest: Run.optional(),
  })
  .openapi('Flow');

export const FlowDetail = Flow.extend({
  parameters: z
    .array(
      z.object({
        name: z.string(),
        type: z.string(),
        required: z.boolean(),
        secret: z.boolean(),
        help: z.string().optional(),
        default: z.unknown().optional(),
      }),
    )
    .readonly(),
  parametersSchema: z.record(z.string(), z.unknown()).optional().openapi({ description: 'JSON Schema of an object with the parameters by name.' }),
  missed: z.string().optional(),
  overlap: z.string().optional(),
  maxActiveRuns: z.number().optional(),
  dependsOnPast: z.boolean().optional(),
}).openapi('FlowDetail');

export const Backfill = z
  .object({
    id: z.string(),
    flow: z.string(),
    schedule: z.string(),
    from: Instant,
    to: Instant,
    params: Values,
    reprocess: z.string(),
    direction: z.string(),
    maxActive: z.number(),
    state: z.string(),
    createdAt: Instant,
    finishedAt: Instant.optional(),
  })
  .openapi('Backfill');

export const Service = z
  .object({ id: z.string(), host: z.string(), pid: z.number(), folder: z.string(), startedAt: Instant, seenAt: Instant, draining: z.boolean() })
  .openapi('Service');

export const Limit = z
  .object({
    name: z.string(),
    max: z.number(),
    periodMs: z.number().optional().openapi({ description: 'Of a rate: `max` starts in any stretch of this length.' }),
    used: z.number().openapi({ description: 'Units in use; of a rate, starts within the last period.' }),
    holders: z.array(z.object({ run: z.string(), taskRuns: z.array(z.string()).readonly() })).readonly(),
    waiting: z.array(z.object({ run: z.string(), count: z.number(), priority: z.number(), since: Instant })).readonly(),
  })
  .openapi('Limit');
