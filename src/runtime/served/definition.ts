import { z } from 'zod';
import type { JsonSchema } from '../../flow/json-schema.js';
import type { ParameterInfo } from '../../flow/parameters.js';
import type { FlowTrigger } from '../../model/asset.js';
import type { ScheduleSpec } from '../../schedule/schedule-spec.js';

/** What services tell of a flow. Written by other processes, perhaps of another version: what cannot be understood is left out. */

export interface ServedSchedule {
  readonly text: string;
  /** By name, as `RunRow.params` has them. */
  readonly params?: Readonly<Record<string, string>>;
  readonly spec?: ScheduleSpec;
  /** Of one that is no data: its next instants. */
  readonly listed?: { readonly instants: readonly { readonly at: number }[] };
}

/** What a service tells of a flow; of that, what could be understood here. Only the lists are sure to be there. */
export interface ServedDefinition {
  readonly description?: string;
  readonly owner?: string;
  readonly tags: readonly string[];
  readonly schedules: readonly ServedSchedule[];
  /** What makes it run beside them. */
  readonly on: readonly FlowTrigger[];
  readonly missed?: string;
  readonly overlap?: string;
  readonly maxActiveRuns?: number;
  readonly dependsOnPast?: boolean;
  readonly retries?: number;
  readonly concurrency?: number;
  readonly timeoutMs?: number;
  readonly deadlineMs?: number;
  /** `default` is a text as `RunRow.params` has it. */
  readonly parameters: readonly (Omit<ParameterInfo, 'default'> & { readonly default?: string })[];
  /** Of an object of all parameters. */
  readonly parametersSchema?: JsonSchema;
}

const Schedule = z.object({
  text: z.string(),
  params: z.record(z.string(), z.string()).catch({}),
  spec: z.unknown().optional(),
  listed: z
    .object({ instants: z.array(z.object({ at: z.number() })) })
    .optional()
    .catch(undefined),
});

const Parameter = z.object({
  name: z.string(),
  type: z.string().catch('unknown'),
  required: z.boolean().catch(false),
  secret: z.boolean().catch(false),
  significant: z.boolean().catch(true),
  help: z.string().optional().catch(undefined),
  env: z.string().optional().catch(undefined),
  default: z.string().optional().catch(undefined),
});

const Trigger = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('asset'), name: z.string() }),
  z.object({ kind: z.literal('flow'), flow: z.string(), end: z.enum(['success', 'failure', 'finished']) }),
]);

const Definition = z.object({
  description: z.string().optional().catch(undefined),
  owner: z.string().optional().catch(undefined),
  tags: z.array(z.string()).catch([]),
  schedules: z.array(Schedule).catch([]),
  on: z.array(Trigger).catch([]),
  missed: z.string().optional().catch(undefined),
  overlap: z.string().optional().catch(undefined),
  maxActiveRuns: z.number().optional().catch(undefined),
  dependsOnPast: z.boolean().optional().catch(undefined),
  retries: z.number().optional().catch(undefined),
  concurrency: z.number().optional().catch(undefined),
  timeoutMs: z.number().optional().catch(undefined),
  deadlineMs: z.number().optional().catch(undefined),
  parameters: z.array(Parameter).catch([]),
  parametersSchema: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

export function definitionOf(told: unknown): ServedDefinition {
  const known = Definition.catch({ tags: [], schedules: [], on: [], parameters: [] }).parse(told);
  // Whose schema a specification, or a parameter, follows is found out by whoever uses it.
  return { ...known, parametersSchema: withoutSecrets(known) } as ServedDefinition;
}

/** Of a secret, a schema may hold the default, or an example: nothing of it is told but that there is one. */
function withoutSecrets({ parameters, parametersSchema }: z.infer<typeof Definition>): Readonly<Record<string, unknown>> | undefined {
  const { properties } = parametersSchema ?? {};
  if (parametersSchema === undefined || typeof properties !== 'object' || properties === null) return parametersSchema;
  const secrets = new Set(parameters.filter(({ secret }) => secret).map(({ name }) => name));
  const shown = Object.entries(properties).map(([name, schema]): readonly [string, unknown] => [
    name,
    secrets.has(name) ? { writeOnly: true } : schema,
  ]);
  return { ...parametersSchema, properties: Object.fromEntries(shown) };
}
