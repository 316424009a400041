import type { FlowDefinition } from '../flow/flow-runtime.js';
import type { JsonSchema } from '../flow/json-schema.js';
import type { ParameterInfo } from '../flow/parameters.js';
import { schemaOfParameters } from '../flow/parameters-schema.js';
import type { FlowTrigger } from '../model/asset.js';
import type { MissedPolicy, OverlapPolicy, Schedule } from '../model/schedule.js';
import { encodeText } from '../results/json.js';
import { type Instant, instantsBetween, latestInstant } from '../schedule/instants.js';
import type { ExclusionSpec, ScheduleSpec } from '../schedule/schedule-spec.js';

/** A flow as data: all that a service, a page or a command knows of it without its code. Plain JSON. */
export interface FlowData {
  readonly name: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tags: readonly string[];
  readonly schedules: readonly ScheduleData[];
  /** What makes it run beside them. */
  readonly on: readonly FlowTrigger[];
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  readonly maxActiveRuns?: number;
  readonly dependsOnPast: boolean;
  /** How often a run that failed is tried again. */
  readonly retries: number;
  readonly concurrency?: number;
  readonly timeoutMs?: number;
  readonly deadlineMs?: number;
  readonly parameters: readonly ParameterData[];
  /** Of an object with the parameters by name. */
  readonly parametersSchema: JsonSchema;
}

export interface ParameterData extends Omit<ParameterInfo, 'default'> {
  /** As `RunRow.params` has values: the faithful JSON of it. */
  readonly default?: string;
}

export interface ScheduleData {
  /** Its identity in the flow, and what people read. */
  readonly text: string;
  /** Parameters of its runs, by name, as `RunRow.params` has them. */
  readonly params: Readonly<Record<string, string>>;
  /** The rule, where it is data. */
  readonly spec?: ScheduleSpec;
  /** Else the next of its instants. */
  readonly listed?: ListedInstants;
}

/** Instants of a schedule that only the flow's own code can tell. */
export interface ListedInstants {
  /** All after this time are listed, and the one before it, if there is one. Milliseconds since the epoch. */
  readonly since: number;
  /** All up to here are listed. Undefined: there are no more. */
  readonly until?: number;
  readonly instants: readonly Instant[];
}

/** Instants that are listed at a time. */
const LISTED = 500;

/**
 * @param after of schedules that are not data, instants after this time are listed
 * @throws what the schedule of a user's own throws, and `PARAM_DECLARATION_INVALID`
 */
export function flowData(flow: FlowDefinition, parameters: readonly ParameterInfo[], after: number): FlowData {
  const { name, description, owner, tags, schedule, on, missed, overlap, maxActiveRuns, dependsOnPast } = flow;
  const { retries, concurrency, timeoutMs, deadlineMs } = flow;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(owner === undefined ? {} : { owner }),
    tags,
    schedules: schedule.map((one) => scheduleData(one, after)),
    on,
    missed,
    overlap,
    ...(maxActiveRuns === undefined ? {} : { maxActiveRuns }),
    dependsOnPast,
    retries,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    parameters: parameters.map(parameterData),
    parametersSchema: schemaOfParameters(flow.params ?? {}),
  };
}

function parameterData({ default: value, ...info }: ParameterInfo): ParameterData {
  if (value === undefined) return info;
  try {
    return { ...info, default: encodeText(value) };
  } catch {
    // It cannot be said as data: a run finds it by itself.
    return info;
  }
}

function scheduleData(schedule: Schedule<never>, after: number): ScheduleData {
  const params = paramsOf(schedule);
  const text = String(schedule);
  const spec = schedule.toJSON?.() as ScheduleSpec | undefined;
  return spec === undefined ? { text, params, listed: listInstants(schedule, after) } : { text, params, spec: withoutParams(spec) };
}

/** Of the runs of a schedule, as rows have them. @throws MillraceError `RESULT_NOT_STORABLE` */
function paramsOf(schedule: Schedule<never>): Readonly<Record<string, string>> {
  const given = Object.entries((schedule.params ?? {}) as Readonly<Record<string, unknown>>);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined).map(([name, value]) => [name, encodeText(value)]));
}

function listInstants(schedule: Schedule<never>, after: number): ListedInstants {
  const before = latestInstant(schedule, after);
  const instants = before === undefined ? [] : [before];
  let count = 0;
  for (const instant of instantsBetween(schedule, after, Number.POSITIVE_INFINITY)) {
    instants.push(instant);
    if (++count === LISTED) return { since: after, until: instant.at, instants };
  }
  return { since: after, instants };
}

/** Parameters may be what JSON has not; when a schedule has instants does not hang on them. */
function withoutParams(spec: ScheduleSpec): ScheduleSpec {
  if (spec.kind === 'at') return withoutParams(spec.of);
  if (spec.kind === 'union') return { ...spec, of: spec.of.map(withoutParams) };
  if (spec.kind !== 'except') return spec;
  const exclusion = (one: ExclusionSpec): ExclusionSpec => ('schedule' in one ? { schedule: withoutParams(one.schedule) } : one);
  return { ...spec, of: withoutParams(spec.of), without: spec.without.map(exclusion) };
}
