import type { FlowRuntime } from '../flow/flow-runtime.js';
import { runtime } from '../runtime/runtime.js';

/** All that flows find behind their methods. What serves them is loaded when it is first asked for. */
export const fullRuntime: FlowRuntime = {
  ...runtime,
  serve: async (flow, parameters, options) => (await import('./serve-flow.js')).serveFlow(flow, parameters, options),
};
