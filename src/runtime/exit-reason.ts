import { asError } from '../base/error.js';

/** What is known of a process that goes while a run has not ended. */
export interface ExitFacts {
  readonly exitCode: number;
  /** What ended the process, when that was an error that reached nobody. */
  readonly uncaught: { readonly thrown: unknown } | undefined;
  /** Who called `process.exit`, such as `task 'clean#0'`, when it was called by code of the run. */
  readonly caller: string | undefined;
  /** Ids of the task runs that were under way. */
  readonly running: readonly string[];
}

/** One sentence that says why the process ended, and one that says what to do. */
export function exitReason({ exitCode, uncaught, caller, running }: ExitFacts): { readonly message: string; readonly hint?: string } {
  const where = running.length > 0 ? ` while ${running.map((id) => `'${id}'`).join(', ')} ran` : '';
  if (uncaught) {
    const { name, message } = asError(uncaught.thrown);
    return {
      message: `an error that nobody caught ended the process${where}: ${name}: ${message}`,
      hint: 'Await every promise, and handle errors in callbacks and timers: an error that reaches the task fails the task alone.',
    };
  }
  if (caller !== undefined) {
    return {
      message: `${caller} called process.exit(${exitCode}) before the run had ended`,
      hint: 'Return to end a task well; throw an Error to fail it.',
    };
  }
  return { message: `the process exited with code ${exitCode}${where}` };
}
