import type { RunEvent } from '../model/event.js';
import type { RunState } from '../model/states.js';
import type { WatchedRun } from '../runtime/run-watch.js';
import type { Terminal } from './terminal.js';

/** How a run is told: to people who watch, to people who do not, or to programs. */
export interface RunPrinter {
  event(event: RunEvent): void;
  /** Of a run that the run started. */
  childEvent(event: RunEvent, child: WatchedRun): void;
  /** The run has failed and is tried again, as this one: what it came to so far is told by the record alone. */
  again(run: string): void;
  /** Beside the run's name from now on, or as a line: `cancelling`. */
  note(text: string): void;
  /** The last word, printed when this returns. @returns whether it told all there is to tell of a run that did not succeed */
  end(outcome: RunOutcome): boolean;
}

export interface RunOutcome {
  readonly state: RunState;
  /** What the flow returned, when it succeeded. */
  readonly value: unknown;
  /** What the run rejected with. */
  readonly error: unknown;
}

/** What is known before a run is started. */
export interface PrinterPlace {
  readonly terminal: Terminal;
  readonly flow: string;
  /** The flow's file, as it was given. */
  readonly file: string;
  /** Task runs at the same time. */
  readonly slots: number;
}

export interface RunPrinterOptions extends PrinterPlace {
  readonly run: string;
  /** The run that it resumes. */
  readonly resumes?: string;
  /** The tasks that it is limited to. */
  readonly only?: readonly string[];
}

/** Everything it needs is loaded: a run that ends the process at once is told of all the same. */
export type MakeRunPrinter = (options: RunPrinterOptions) => RunPrinter;
