import type { FlowDefinition, Run } from '../flow/flow-runtime.js';
import type { RunRow } from '../model/records.js';
import type { RunState } from '../model/states.js';
import { PastRun } from './past/run.js';
import { runPages } from './past/run-pages.js';
import { openOwnProject } from './past/source.js';

/** A run as users look at it. */
export function pastRun(flow: FlowDefinition, row: RunRow): Run<unknown> {
  return new PastRun({ open: openOwnProject, flow }, row);
}

/** The newest run of a flow, of a state or with given parameters. */
export async function latestRun(
  flow: FlowDefinition,
  options: { state?: RunState; params?: Readonly<Record<string, unknown>> },
): Promise<Run<unknown> | undefined> {
  for await (const [row] of runPages(openOwnProject, { ...options, flow: flow.name, limit: 1 })) if (row) return pastRun(flow, row);
  return undefined;
}
