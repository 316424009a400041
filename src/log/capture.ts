import { type CurrentTarget, OutputHub } from './output-hub.js';
import type { OutputTarget } from './target-output.js';

export type { CurrentTarget } from './output-hub.js';
export type { OutputTarget } from './target-output.js';

/** The number rises when the methods of `OutputHub` change: copies that differ then capture side by side. */
const HUB = Symbol.for('millrace.output-hub.1');

function sharedHub(): OutputHub {
  const holder = globalThis as { [HUB]?: OutputHub };
  holder[HUB] ??= new OutputHub();
  return holder[HUB];
}

/** A hold on the program's output. */
export interface OutputCapture {
  /** Emits the lines that `target` began and did not end: to be called when its task ends. */
  flush(target: OutputTarget): void;
  /** Lets go. With the last one the output is as it was before the first. Twice does nothing. */
  release(): void;
}

/**
 * From now on, what is printed while `current()` gives a target becomes lines of that target: `console.*`, `process.stdout` and
 * `process.stderr`, also through other consoles and a `console.log` kept from before. `console.debug` gives debug, `warn` and `assert`
 * warn, `error`, `trace` and stderr error, all else info. Everything printed while there is no target passes through untouched.
 *
 * Not seen: what goes around the streams (`fs.writeSync(1, …)`, a `stdout.write` kept from before, child processes that inherit the
 * terminal, native code).
 *
 * @param current finds the running task, from an AsyncLocalStorage; called at each write, so it should be fast. Runs may share one.
 */
export function captureOutput(current: CurrentTarget): OutputCapture {
  const hub = sharedHub();
  hub.hold(current);
  let held = true;
  return {
    flush: (target) => hub.flush(target),
    release() {
      if (held) hub.release(current);
      held = false;
    },
  };
}

/**
 * Calls `write`, whose synchronous output is printed even inside a task: for what Millrace itself says. Whoever prints log lines as
 * they come needs it, or each line printed would become a line of the log.
 */
export function uncaptured<T>(write: () => T): T {
  return sharedHub().uncaptured(write);
}
