import { describe } from '../base/error.js';
import { processIdentity } from '../base/process-identity.js';
import type { IncludedFile } from '../flow/included-content.js';
import type { ResolvedParameters } from '../flow/parameters.js';
import type { Mask } from '../log/mask.js';
import type { RunRow } from '../model/records.js';
import { FileReference } from '../reads/file-reference.js';
import { encodeText } from '../results/json.js';
import { forcedTasks, namesOf } from './run-force.js';
import { FIRST_EPOCH, type RunParts } from './run-parts.js';
import { isGivenItsTime } from './scheduled-time.js';
import { systemTags } from './system-tags.js';

/** A run as it is first recorded. */
export function firstRow({ id, flow, params, options, mask, scheduled }: RunParts, startedAt: number, parentRun: string | undefined): RunRow {
  const origin = options.resume?.origin;
  const forced = forcedTasks(options);
  // Who tries a run again does so for the same cause; who resumes one does it by hand.
  const cause = options.due?.cause ?? (options.retries === undefined ? undefined : origin?.cause);
  return {
    id,
    flow: flow.name,
    name: options.name ?? origin?.name,
    state: 'running',
    params: recordedParams(params, mask),
    tags: [...new Set([...flow.tags, ...(origin?.tags ?? []), ...(options.tags ?? [])])],
    systemTags: systemTags(),
    createdAt: startedAt,
    startedAt,
    finishedAt: undefined,
    error: undefined,
    parentRun,
    originRun: origin?.id,
    owner: processIdentity(),
    epoch: FIRST_EPOCH,
    counts: {},
    result: undefined,
    ...(forced === undefined ? {} : { forced }),
    ...(cause === undefined ? {} : { cause }),
    ...(isGivenItsTime(options) ? { scheduled } : {}),
    ...(options.only === undefined ? {} : { only: namesOf(options.only) }),
  };
}

/** Parameters as the record has them. */
export function recordedParams({ files, values }: ResolvedParameters, mask: Mask): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, mask(paramText(fileOf(files[name]) ?? value))]));
}

/** A parameter that is the content of a file is recorded as the file; the content lies beside it. */
function fileOf(file: IncludedFile | undefined): FileReference | undefined {
  return file && new FileReference(file.path, file.digest, file.content.length);
}

/** A parameter that cannot be stored faithfully (a function, a class instance) is recorded as what it looks like. */
function paramText(value: unknown): string {
  try {
    return encodeText(value);
  } catch {
    return JSON.stringify(describe(value));
  }
}
