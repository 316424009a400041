import { systemClock } from '../base/clock.js';

/** 128 + SIGINT. */
export const EXIT_CANCELLED = 130;

/** How long a program may go on after its runs were cancelled, in milliseconds: to close what it opened, not to begin anew. */
const GRACE_MS = 5_000;

/** The code of the error that a cancelled run rejects with. */
const CANCELLED = 'RUN_CANCELLED';

/**
 * Ctrl-C was pressed in a program that does not listen for it itself: it is to end with 130, and by itself, so that its `finally` blocks and
 * exit handlers run. Whatever exit code it sets goes before ours. Where it does not catch the rejection of its cancelled run, it ends without
 * a stack trace: whoever pressed Ctrl-C knows why.
 * @returns to be called when its runs have ended: from then on it has its grace, and another Ctrl-C ends it at once
 */
export function takeLeave(): () => void {
  process.exitCode ??= EXIT_CANCELLED;
  // Looks on before Node prints; a program that listens itself sees to its errors itself.
  process.on('uncaughtExceptionMonitor', (thrown: unknown) => {
    const isOurs = (thrown as { code?: unknown } | null)?.code === CANCELLED;
    if (isOurs && process.listenerCount('uncaughtException') === 0) process.exit();
  });
  return () => {
    process.on('SIGINT', () => process.exit(EXIT_CANCELLED));
    systemClock.schedule(GRACE_MS, () => process.exit(), { idle: true });
  };
}
