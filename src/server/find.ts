import type { RunRow } from '../model/records.js';
import type { RunRecord, TaskRunDetails } from '../runs/run-record.js';
import type { ServedDefinition } from '../runtime/served/definition.js';
import { findKnownFlow, type KnownFlow, knownFlows } from '../runtime/served/known-flows.js';
import { ApiError } from './api-error.js';
import type { ServerContext } from './context.js';

/** @throws ApiError `RUN_UNKNOWN` */
export async function needRun(record: RunRecord, run: string): Promise<RunRow> {
  const found = await record.run(run);
  if (found !== undefined) return found;
  throw new ApiError(404, 'RUN_UNKNOWN', `there is no run '${run}'`, { hint: `One that is only due is at /api/due-runs/${run}.` });
}

/** @throws ApiError `RUN_UNKNOWN`, `TASK_RUN_UNKNOWN` */
export async function needTaskRun(record: RunRecord, run: string, index: number): Promise<TaskRunDetails> {
  const [found] = await record.taskRuns(run, { indexes: [index] });
  if (found !== undefined) return found;
  await needRun(record, run);
  throw new ApiError(404, 'TASK_RUN_UNKNOWN', `run ${run} has no task run at place ${index}`, { hint: 'One that has not begun has none yet.' });
}

/** @throws MillraceError `FLOW_UNKNOWN` */
export async function needFlow({ record, services, clock }: ServerContext, name: string): Promise<KnownFlow> {
  return findKnownFlow(await knownFlows(record, services, clock.now()), name);
}

export type ServedFlow = KnownFlow & { readonly served: ServedDefinition };

/** One that a service can start. @throws MillraceError `FLOW_UNKNOWN`; ApiError `FLOW_NOT_SERVED` */
export async function needServed(context: ServerContext, name: string): Promise<ServedFlow> {
  const { served, ...flow } = await needFlow(context, name);
  if (served !== undefined) return { ...flow, served };
  throw new ApiError(409, 'FLOW_NOT_SERVED', `no service serves flow '${name}' at this moment, so that nobody would start it`, {
    hint: 'Start one with: millrace serve <folder>',
  });
}
