import { nearest } from '../base/nearest.js';
import type { RunRow } from '../model/records.js';
import type { RunRecord, TaskRunDetails } from '../runs/run-record.js';
import { ApiError } from './api-error.js';
import type { ServerContext } from './context.js';
import { type BrokenFile, brokenFiles, type ServedFlow, servedFlows } from './served-flows.js';
import type { FlowFacts } from './views/flow-view.js';

/** @throws ApiError `RUN_UNKNOWN` */
export async function needRun(record: RunRecord, run: string): Promise<RunRow> {
  const found = await record.run(run);
  if (found !== undefined) return found;
  throw new ApiError(404, 'RUN_UNKNOWN', `there is no run '${run}'`, { hint: 'One that is only due is at /api/due-runs/{run}.' });
}

/** @throws ApiError `RUN_UNKNOWN`, `TASK_RUN_UNKNOWN` */
export async function needTaskRun(record: RunRecord, run: string, index: number): Promise<TaskRunDetails> {
  const [found] = await record.taskRuns(run, { indexes: [index] });
  if (found !== undefined) return found;
  await needRun(record, run);
  throw new ApiError(404, 'TASK_RUN_UNKNOWN', `run ${run} has no task run at place ${index}`, { hint: 'One that has not begun has none yet.' });
}

export interface KnownFlows {
  readonly flows: readonly FlowFacts[];
  readonly broken: readonly BrokenFile[];
}

/** Served ones and those that have runs, in order of their names. */
export async function knownFlows({ record, services, clock }: Pick<ServerContext, 'record' | 'services' | 'clock'>): Promise<KnownFlows> {
  const files = await services.files(clock.now());
  const served = servedFlows(files);
  const latest = new Map((await record.flows()).map((row) => [row.flow, row]));
  const settings = new Map((await services.settings()).map((setting) => [setting.flow, setting]));
  const names = [...new Set([...served.keys(), ...latest.keys()])].sort();
  return {
    flows: names.map((name) => ({ name, served: served.get(name), latest: latest.get(name), setting: settings.get(name) })),
    broken: brokenFiles(files),
  };
}

/** @throws ApiError `FLOW_UNKNOWN` */
export async function needFlow(context: ServerContext, name: string): Promise<FlowFacts> {
  const { flows } = await knownFlows(context);
  const found = flows.find((flow) => flow.name === name);
  if (found !== undefined) return found;
  const meant = nearest(
    name,
    flows.map((flow) => flow.name),
  );
  throw new ApiError(
    404,
    'FLOW_UNKNOWN',
    `there is no flow '${name}': no service has it, and it has no runs`,
    meant === undefined ? {} : { hint: `Did you mean '${meant}'?` },
  );
}

/** One that a service can start. @throws ApiError `FLOW_UNKNOWN`, `FLOW_NOT_SERVED` */
export async function needServed(context: ServerContext, name: string): Promise<ServedFlow> {
  const { served } = await needFlow(context, name);
  if (served !== undefined) return served;
  throw new ApiError(409, 'FLOW_NOT_SERVED', `no service serves flow '${name}' at this moment, so that nobody would start it`, {
    hint: 'Start one with: millrace serve <folder>',
  });
}
