import type { FlowRuntime } from '../flow/flow-runtime.js';
import { runtime } from '../runtime/runtime.js';

/** All that flows find behind their methods. What serves them is loaded when it is first asked for. */
export const fullRuntime: FlowRuntime = {
  ...runtime,
  async serve(flow, parameters, options) {
    const { serveFlow } = await import('../service/serve-flow.js');
    if (options.port === undefined) return await serveFlow(flow, parameters, options);
    const { withServer } = await import('./with-server.js');
    return await withServer(options.port, () => serveFlow(flow, parameters, options));
  },
};
