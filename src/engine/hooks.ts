import { asError } from '../base/error.js';
import type { LogLevel } from '../model/event.js';

interface Log {
  line(level: LogLevel, text: string): void;
}

/** In the task's own context: `ctx()` is the task's, what it prints is in the task's log, and tasks that it calls are plain calls. */
export function runTaskHook(attempt: Log & { beside<T>(call: () => T): T }, name: string, hook: () => unknown): void {
  runHook(attempt, name, () => attempt.beside(hook));
}

/** A hook that throws, or rejects, is logged and changes nothing. Nobody waits for it. */
export function runHook(log: Log, name: string, hook: () => unknown): void {
  const failed = (error: unknown): void => log.line('warn', `hook ${name} failed: ${asError(error).message}`);
  try {
    const returned = hook();
    if (returned instanceof Promise) returned.catch(failed);
  } catch (error) {
    failed(error);
  }
}
