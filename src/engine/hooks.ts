import { asError } from '../base/error.js';
import type { LogLevel } from '../model/event.js';

/** A hook that throws, or rejects, is logged and changes nothing. Nobody waits for it. */
export function runHook(log: { line(level: LogLevel, text: string): void }, name: string, hook: () => unknown): void {
  const failed = (error: unknown): void => log.line('warn', `hook ${name} failed: ${asError(error).message}`);
  try {
    const returned = hook();
    if (returned instanceof Promise) returned.catch(failed);
  } catch (error) {
    failed(error);
  }
}
