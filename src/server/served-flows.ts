import { z } from '@hono/zod-openapi';
import type { Schedule } from '../model/schedule.js';
import type { ServedBy } from '../runs/service/served.js';
import { instantsBetween } from '../schedule/instants.js';
import { scheduleOf } from '../schedule/schedule-of.js';
import type { ScheduleSpec } from '../schedule/schedule-spec.js';

/** What services tell of the flows they have loaded. Written by other processes, perhaps of another version: what cannot be understood is left out. */

const Texts = z.record(z.string(), z.string()).catch({});
const ServedSchedule = z.object({
  text: z.string(),
  params: Texts,
  spec: z.unknown().optional(),
  /** Of schedules that only the flow's own code can tell: the next of its instants. */
  listed: z
    .object({ instants: z.array(z.object({ at: z.number() })) })
    .optional()
    .catch(undefined),
});
const ServedParameter = z.object({
  name: z.string(),
  type: z.string().catch('unknown'),
  required: z.boolean().catch(false),
  secret: z.boolean().catch(false),
  help: z.string().optional().catch(undefined),
  env: z.string().optional().catch(undefined),
  /** As `RunRow.params` has values. */
  default: z.string().optional().catch(undefined),
});
const Definition = z.object({
  description: z.string().optional().catch(undefined),
  owner: z.string().optional().catch(undefined),
  tags: z.array(z.string()).catch([]),
  schedules: z.array(ServedSchedule).catch([]),
  on: z
    .array(
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('asset'), name: z.string() }),
        z.object({ kind: z.literal('flow'), flow: z.string(), end: z.enum(['success', 'failure', 'finished']) }),
      ]),
    )
    .catch([]),
  missed: z.string().optional().catch(undefined),
  overlap: z.string().optional().catch(undefined),
  maxActiveRuns: z.number().optional().catch(undefined),
  dependsOnPast: z.boolean().optional().catch(undefined),
  parameters: z.array(ServedParameter).catch([]),
  parametersSchema: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

export type ServedParameter = z.infer<typeof ServedParameter>;
export type ServedSchedule = z.infer<typeof ServedSchedule>;

export interface ServedFlow extends z.infer<typeof Definition> {
  readonly name: string;
  /** Undefined: it is served by the program that defines it. */
  readonly file: string | undefined;
  /** Why its file could not be loaded the last time. */
  readonly error: string | undefined;
}

export interface BrokenFile {
  readonly path: string;
  readonly service: string;
  readonly error: string;
}

/** By name. Of several services that have it, the one that loaded it last counts. */
export function servedFlows(files: readonly ServedBy[]): ReadonlyMap<string, ServedFlow> {
  const flows = new Map<string, ServedFlow>();
  for (const { path, error, flows: inside } of [...files].sort((a, b) => a.loadedAt - b.loadedAt))
    for (const { name, definition } of inside) {
      const known = Definition.catch(NOTHING).parse(definition);
      flows.set(name, { ...known, parametersSchema: withoutSecrets(known), name, file: path === '' ? undefined : path, error });
    }
  return flows;
}

/** Of a secret, a schema may hold the default, or an example: nothing of it is told but that there is one. */
function withoutSecrets({ parameters, parametersSchema }: z.infer<typeof Definition>): z.infer<typeof Definition>['parametersSchema'] {
  const { properties } = parametersSchema ?? {};
  if (parametersSchema === undefined || typeof properties !== 'object' || properties === null) return parametersSchema;
  const secrets = new Set(parameters.filter(({ secret }) => secret).map(({ name }) => name));
  const shown = Object.entries(properties).map(([name, schema]): readonly [string, unknown] => [
    name,
    secrets.has(name) ? { writeOnly: true } : schema,
  ]);
  return { ...parametersSchema, properties: Object.fromEntries(shown) };
}

const NOTHING: z.infer<typeof Definition> = { tags: [], schedules: [], on: [], parameters: [] };

export function brokenFiles(files: readonly ServedBy[]): readonly BrokenFile[] {
  return files.flatMap(({ path, service, error }) => (error === undefined ? [] : [{ path, service, error }]));
}

/** The coming instants of a schedule, at most so many. Of one that cannot be understood, none. */
export function nextInstants({ spec, listed }: ServedSchedule, after: number, count: number): readonly number[] {
  if (spec === undefined)
    return (listed?.instants ?? [])
      .map(({ at }) => at)
      .filter((at) => at > after)
      .slice(0, count);
  const coming: number[] = [];
  try {
    const schedule: Schedule<never> = scheduleOf(spec as ScheduleSpec);
    for (const { at } of instantsBetween(schedule, after, Number.POSITIVE_INFINITY)) {
      if (coming.length >= count) break;
      coming.push(at);
    }
  } catch {
    // A kind of schedule that this version does not know.
  }
  return coming;
}
