import { printLine } from '../log/print-line.js';
import { startServer } from '../server/start-server.js';
import { shownPlace } from './shown-place.js';

/**
 * Serves, and the HTTP API beside it, from before it begins until after it has ended: whoever drains a service can watch it.
 * @param port 0: any that is free
 * @throws MillraceError what `startServer` throws, and what `serve` throws
 */
export async function withServer(port: number, serve: () => Promise<AsyncDisposable>): Promise<AsyncDisposable> {
  const token = process.env.MILLRACE_SERVER_TOKEN;
  const server = await startServer({ port, ...(token ? { token } : {}) });
  let serving: AsyncDisposable;
  try {
    serving = await serve();
  } catch (error) {
    await server.close();
    throw error;
  }
  printLine('info', shownPlace(server));
  let end: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    try {
      await serving[Symbol.asyncDispose]();
    } finally {
      await server.close();
    }
  };
  return {
    [Symbol.asyncDispose]() {
      end ??= stop();
      return end;
    },
  };
}
