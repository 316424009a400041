import { resolve } from 'node:path';
import { MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import type { RunRow } from '../../model/records.js';
import type { RunRecord } from '../../runs/run-record.js';
import type { ServedBy } from '../../runs/service/served.js';
import type { ServiceRecord } from '../../runs/service/service-record.js';
import type { ServedDefinition } from './definition.js';

/** Flows that are known without their code: what services tell of those they have loaded, and what the record has of those that ran. */

export interface KnownFlow {
  readonly name: string;
  /** Absent where no service serves it. */
  readonly served?: ServedDefinition | undefined;
  /** As its service names it; undefined of one that is served by the program that defines it. */
  readonly file?: string | undefined;
  /** The same, absolute: on the machine of its service. */
  readonly path?: string | undefined;
  /** Why that could not be loaded the last time. */
  readonly error?: string | undefined;
  /** Absent where it has never run. */
  readonly latest?: RunRow;
  readonly paused?: { readonly at: number; readonly why: string | undefined };
}

export interface BrokenFile {
  readonly path: string;
  readonly service: string;
  readonly error: string;
}

export interface KnownFlows {
  /** By name. */
  readonly flows: readonly KnownFlow[];
  /** Files of services that could not be loaded. */
  readonly broken: readonly BrokenFile[];
  /** How many services live. */
  readonly services: number;
}

export async function knownFlows(record: RunRecord, service: ServiceRecord, now: number): Promise<KnownFlows> {
  const [latest, files, services, settings] = await Promise.all([record.flows(), service.files(now), service.services(now), service.settings()]);
  const flows = new Map<string, KnownFlow>();
  // It loads a library, and where nothing is served there is nothing to read.
  const readDefinition = files.length === 0 ? undefined : (await import('./definition.js')).definitionOf;
  const add = (name: string, facts: Partial<KnownFlow>): void => void flows.set(name, { ...flows.get(name), name, ...facts });
  for (const row of latest) add(row.flow, { latest: row });
  // Of several services that have it, the one that loaded it last counts.
  for (const { folder, path, error, flows: inside } of [...files].sort((one, other) => one.loadedAt - other.loadedAt)) {
    const place = path === '' ? { file: undefined, path: undefined } : { file: path, path: resolve(folder, path) };
    for (const { name, definition } of inside) add(name, { served: readDefinition?.(definition), ...place, error });
  }
  for (const { flow, pausedAt, pausedWhy } of settings) if (pausedAt !== undefined) add(flow, { paused: { at: pausedAt, why: pausedWhy } });
  return {
    flows: [...flows.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    broken: files.flatMap(brokenFile),
    services: services.length,
  };
}

function brokenFile({ path, service, error }: ServedBy): readonly BrokenFile[] {
  return error === undefined ? [] : [{ path, service, error }];
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
