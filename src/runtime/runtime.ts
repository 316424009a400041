import type { FlowRuntime } from '../flow/flow-runtime.js';
import { installSecrets } from '../model/secret.js';
import { backfillFlow } from './backfill/backfill-flow.js';
import { notifyOfTask } from './run-notifications.js';
import { secretOfFile } from './secrets-file.js';
import { startRun } from './start-run.js';

installSecrets((name) => process.env[name] || secretOfFile(name));

/** What flows find behind `run`, `preview` and the rest; `service/` adds `serve`. Drawing and looking back are loaded when first asked for: a run needs neither. */
export const runtime: Omit<FlowRuntime, 'serve'> = {
  start: startRun,
  graph: async (flow, sources) => (await import('./drawing.js')).graphOfFlow(flow, sources),
  preview: async (flow, sources) => (await import('./drawing.js')).previewFlow(flow, sources),
  visualize: async (flow, sources, options) => (await import('./drawing.js')).visualizeFlow(flow, sources, options),
  invalidate: async (flow, sources, options) => (await import('./invalidate.js')).invalidateFlow(flow, sources, options),
  output: async (flow, task, sources) => (await import('./stored-output.js')).storedOutput(flow, task, sources),
  resume: async (flow, sources, choice, options) => (await import('./resume.js')).resumeFlow(flow, sources, choice, options),
  backfill: backfillFlow,
  tasks: async (flow, sources) => (await import('./flow-tasks.js')).tasksOfFlow(flow, sources),
  taskCall: async (flow, sources, task, args) => (await import('./task-call.js')).taskCall(flow, sources, task, args),
  notify: notifyOfTask,
  latest: async (flow, filter) => (await import('./past-run.js')).latestRun(flow, filter),
};
