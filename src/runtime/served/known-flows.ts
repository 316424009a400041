import { MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import type { JsonSchema } from '../../flow/json-schema.js';
import type { ParameterInfo } from '../../flow/parameters.js';
import type { FlowTrigger } from '../../model/asset.js';
import type { RunRow } from '../../model/records.js';
import type { RunRecord } from '../../runs/run-record.js';
import type { ServedBy } from '../../runs/service/served.js';
import type { ServiceRecord } from '../../runs/service/service-record.js';
import { instantsBetween } from '../../schedule/instants.js';
import { scheduleOf } from '../../schedule/schedule-of.js';
import type { ScheduleSpec } from '../../schedule/schedule-spec.js';

/** Flows that are known without their code: what services tell of those they have loaded, and what the record has of those that ran. */

export interface ServedSchedule {
  readonly text: string;
  /** By name, as `RunRow.params` has them. */
  readonly params?: Readonly<Record<string, string>>;
  readonly spec?: ScheduleSpec;
  /** Of one that is no data: its next instants. */
  readonly listed?: { readonly instants: readonly { readonly at: number }[] };
}

/** What a service tells of a flow. Written by another process, perhaps of another version: only the lists are sure to be there. */
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
  /** `default` is a text as `RunRow.params` has it. */
  readonly parameters: readonly (Omit<ParameterInfo, 'default'> & { readonly default?: string })[];
  /** Of an object of all parameters. */
  readonly parametersSchema?: JsonSchema;
}

export interface KnownFlow {
  readonly name: string;
  /** Absent where no service serves it. */
  readonly served?: ServedDefinition;
  /** As its service names it. */
  readonly file?: string;
  /** Why that could not be loaded the last time. */
  readonly error?: string;
  /** Absent where it has never run. */
  readonly latest?: RunRow;
  readonly paused?: { readonly at: number; readonly why: string | undefined };
}

export interface KnownFlows {
  /** By name. */
  readonly flows: readonly KnownFlow[];
  /** Files of services that could not be loaded. */
  readonly broken: readonly { readonly path: string; readonly error: string }[];
  /** How many services live. */
  readonly services: number;
}

export async function knownFlows(record: RunRecord, service: ServiceRecord, now: number): Promise<KnownFlows> {
  const [latest, files, services, settings] = await Promise.all([record.flows(), service.files(now), service.services(now), service.settings()]);
  const flows = new Map<string, KnownFlow>();
  const add = (name: string, facts: Partial<KnownFlow>): void => void flows.set(name, { ...flows.get(name), name, ...facts });
  for (const row of latest) add(row.flow, { latest: row });
  // Of several services that have it, the one that loaded it last counts.
  for (const { path, error, flows: inside } of [...files].sort((one, other) => one.loadedAt - other.loadedAt))
    for (const { name, definition } of inside) add(name, { served: definitionOf(definition), file: path, ...(error === undefined ? {} : { error }) });
  for (const { flow, pausedAt, pausedWhy } of settings) if (pausedAt !== undefined) add(flow, { paused: { at: pausedAt, why: pausedWhy } });
  return {
    flows: [...flows.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    broken: files.flatMap(brokenFile),
    services: services.length,
  };
}

function brokenFile({ path, error }: ServedBy): readonly { readonly path: string; readonly error: string }[] {
  return error === undefined ? [] : [{ path, error }];
}

function definitionOf(told: unknown): ServedDefinition {
  const definition = (typeof told === 'object' && told !== null ? told : {}) as Partial<ServedDefinition>;
  const list = <T>(value: readonly T[] | undefined): readonly T[] => (Array.isArray(value) ? value : []);
  return {
    ...definition,
    tags: list(definition.tags),
    schedules: list(definition.schedules),
    on: list(definition.on),
    parameters: list(definition.parameters),
  };
}

/** @throws MillraceError `FLOW_UNKNOWN`, with the name that was meant */
export function findKnownFlow({ flows, services }: KnownFlows, name: string): KnownFlow {
  const found = flows.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = flows.map((one) => one.name);
  const meant = nearest(name, names);
  const none = services === 0 ? 'No service serves flows here, and none has run.' : 'No service serves a flow, and none has run.';
  const hint = meant !== undefined ? `Did you mean '${meant}'?` : names.length === 0 ? none : `Known flows: ${names.join(', ')}.`;
  throw new MillraceError('FLOW_UNKNOWN', `no flow '${name}' is served or recorded here`, { hint });
}

/** The instants of a schedule after this time, at most so many. Of one that cannot be understood here, none. */
export function comingInstants({ spec, listed }: ServedSchedule, after: number, count: number): readonly number[] {
  if (spec === undefined)
    return (listed?.instants ?? [])
      .map(({ at }) => at)
      .filter((at) => at > after)
      .slice(0, count);
  const coming: number[] = [];
  try {
    for (const { at } of instantsBetween(scheduleOf(spec), after, Number.POSITIVE_INFINITY)) {
      if (coming.length >= count) break;
      coming.push(at);
    }
  } catch {
    // A kind of schedule that this version does not know.
  }
  return coming;
}
