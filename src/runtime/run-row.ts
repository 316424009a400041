import { describe } from '../base/error.js';
import { processIdentity } from '../base/process-identity.js';
import type { RunRow } from '../model/records.js';
import { encodeText } from '../results/json.js';
import { FIRST_EPOCH, type RunParts } from './run-parts.js';
import { systemTags } from './system-tags.js';

/** A run as it is first recorded. */
export function firstRow({ id, flow, params, options, mask }: RunParts, startedAt: number, parentRun: string | undefined): RunRow {
  return {
    id,
    flow: flow.name,
    name: options.name,
    state: 'running',
    params: Object.fromEntries(Object.entries(params.values).map(([name, value]) => [name, mask(paramText(value))])),
    tags: [...new Set([...flow.tags, ...(options.tags ?? [])])],
    systemTags: systemTags(),
    createdAt: startedAt,
    startedAt,
    finishedAt: undefined,
    error: undefined,
    parentRun,
    originRun: undefined,
    owner: processIdentity(),
    epoch: FIRST_EPOCH,
    counts: {},
    result: undefined,
  };
}

/** A parameter that cannot be stored faithfully (a function, a class instance) is recorded as what it looks like. */
function paramText(value: unknown): string {
  try {
    return encodeText(value);
  } catch {
    return JSON.stringify(describe(value));
  }
}
