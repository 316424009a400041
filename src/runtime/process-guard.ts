import { EXIT_CANCELLED, takeLeave } from './take-leave.js';

/** What the guard may do to a run of this process. */
export interface GuardedRun {
  readonly id: string;
  /** The event loop has run empty while the run waits: nothing can ever wake it. */
  starve(): void;
  /** The process is going: synchronous last words. `uncaught` is what ended it, when that was an error. */
  crash(exitCode: number, uncaught: Uncaught | undefined): void;
  /** Ctrl-C. */
  interrupt(): void;
  /** Resolves when the run has ended. */
  readonly ended: Promise<unknown>;
}

/** An error that reached nobody; what was thrown may be anything. */
export interface Uncaught {
  readonly thrown: unknown;
}

const runs = new Set<GuardedRun>();

/** Exit code of a process that ended while a run was going on, and said it was a success. */
const EXIT_WITH_OPEN_RUN = 1;

/**
 * Watches the ways in which a process can end under a run: `process.exit` in a task, an event loop with nothing left to wait for, Ctrl-C.
 * Listeners are there only while a run is.
 */
export function guard(run: GuardedRun): () => void {
  runs.add(run);
  if (runs.size === 1) {
    process.on('exit', onExit);
    process.on('beforeExit', onBeforeExit);
    process.on('uncaughtExceptionMonitor', onUncaught);
    process.on('SIGINT', onInterrupt);
  }
  return () => {
    if (!runs.delete(run) || runs.size > 0) return;
    process.off('exit', onExit);
    process.off('beforeExit', onBeforeExit);
    process.off('uncaughtExceptionMonitor', onUncaught);
    process.off('SIGINT', onInterrupt);
  };
}

function onExit(code: number): void {
  for (const run of runs) run.crash(code, uncaught);
  if (code === 0) process.exitCode = EXIT_WITH_OPEN_RUN;
}

let uncaught: Uncaught | undefined;

/** Only looks on: what becomes of the process is Node's or the program's decision. */
function onUncaught(thrown: unknown): void {
  uncaught = { thrown };
  // Still here in the next turn: the program has a handler of its own, and goes on.
  setImmediate(() => {
    uncaught = undefined;
  });
}

function onBeforeExit(): void {
  for (const run of [...runs]) run.starve();
}

/** The first Ctrl-C cancels; the second exits at once (S15). A program with a listener of its own decides for itself when to exit. */
let interrupted = false;
let interruptions = 0;

/** How often Ctrl-C was pressed while a run went on: who starts one run after the other stops then. */
export function interruptionsSoFar(): number {
  return interruptions;
}

function onInterrupt(): void {
  const alone = process.listenerCount('SIGINT') === 1;
  if (interrupted && alone) process.exit(EXIT_CANCELLED);
  interrupted = true;
  interruptions++;
  const leave = alone ? takeLeave() : () => {};
  const going = [...runs];
  for (const run of going) run.interrupt();
  void Promise.allSettled(going.map((run) => run.ended)).then(() => {
    interrupted = false;
    leave();
  });
}
