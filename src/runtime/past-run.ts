import type { FlowDefinition, Run } from '../flow/flow-runtime.js';
import type { RunState } from '../model/states.js';
import { PastRun } from './past/run.js';
import { runPages } from './past/run-pages.js';
import { openOwnProject } from './past/source.js';

/** The newest run of a flow, of a state or with given parameters. */
export async function latestRun(
  flow: FlowDefinition,
  { state, params }: { state?: RunState; params?: Readonly<Record<string, unknown>> },
): Promise<Run<unknown> | undefined> {
  const query = { flow: flow.name, limit: 1, ...(state ? { state } : {}), ...(params ? { params } : {}) };
  for await (const [row] of runPages(openOwnProject, query)) if (row) return new PastRun({ open: openOwnProject, flow }, row);
  return undefined;
}
